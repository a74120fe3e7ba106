"""Argument errors: one helper a kind, one wording.

Every message says who complains, the rule, why it holds, what came, and what to do.
"""

import importlib
from collections.abc import Collection
from types import ModuleType
from typing import Any

from dlzoo.errors import MissingExtraError


def check_choice(who: str, argument: str, value: Any, allowed: Collection) -> None:
    """`value` must be one of `allowed`."""
    if value not in allowed:
        choices = sorted(allowed, key=str)
        raise ValueError(f"{who}: {argument} must be one of {choices}; got {value!r}.")


def check_between(
    who: str, argument: str, value: Any, low: float, high: float, *, unit: str = ""
) -> None:
    """`value` must be a number with `low <= value <= high`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{who}: {argument} must be a number{unit}; got {value!r}.")
    if not low <= value <= high:
        raise ValueError(
            f"{who}: {argument} must be between {low} and {high}{unit}; got {value!r}."
        )


def check_positive_int(who: str, argument: str, value: Any, minimum: int = 1) -> None:
    """`value` must be a whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ValueError(
            f"{who}: {argument} must be a whole number of at least {minimum}; got {value!r}."
        )


def check_pair(who: str, argument: str, value: Any) -> tuple[int, int]:
    """`value` must be a positive whole number or two of them; return `(height, width)`."""
    pair = (value, value) if isinstance(value, int) else value
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(
            f"{who}: {argument} must be a whole number or (height, width); got {value!r}."
        )
    for side in pair:
        check_positive_int(who, argument, side)
    return int(pair[0]), int(pair[1])


def check_input_shape(
    who: str, input_shape: Any, *, minimum: int = 1, because: str = ""
) -> None:
    """`input_shape` must be `(height, width, channels)`, sides `None` or >= `minimum`."""
    because = because or f"the network shrinks it {minimum} times"
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) != 3:
        raise ValueError(
            f"{who}: input_shape must be (height, width, channels) without the batch "
            f"axis, e.g. (224, 224, 3); got {input_shape!r}."
        )
    for side, value in zip(("height", "width"), input_shape[:2], strict=True):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(
                f"{who}: {side} must be a whole number of pixels or None; "
                f"got {value!r} in input_shape={input_shape!r}."
            )
        if value < minimum:
            raise ValueError(
                f"{who}: {side} must be at least {minimum} pixels, because "
                f"{because}; got {value} in input_shape={input_shape!r}."
            )
    channels = input_shape[2]
    if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
        raise ValueError(
            f"{who}: channels must be a whole number of at least 1; "
            f"got {channels!r} in input_shape={input_shape!r}."
        )


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency, or say which extra brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{purpose} needs the package {module.split('.')[0]!r}, which is not "
            f'installed. Install it with: pip install "dlzoo[{extra}]"'
        ) from error
