"""The choices of `stylize`, checked, and the plan that follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dlzoo._checks import check_between, check_choice, check_positive_int
from dlzoo.style.objective import ORIGINS
from dlzoo.style.optimisers import LBFGS, Adam

WHO = "stylize"
INITS = ("content", "content+noise", "noise")
COLOURS = ("style", "content", "matched")
STEPS = {"adam": 120, "lbfgs": 60}  # at the full size
COARSER = 1.5  # times as many steps at each coarser scale, where they cost a quarter
SMALLEST = 128  # longer side of the coarsest scale, in pixels


@dataclass(frozen=True)
class Settings:
    """The choices of `stylize` that shape the picture; see there."""

    size: int | None = 512
    style_scale: float = 1.0
    scales: int | str = "auto"
    steps: int | Sequence[int] | None = None
    optimizer: str = "adam"
    learning_rate: float | None = None
    origin: str = "balanced"
    content_weight: float | None = None
    style_weight: float | None = None
    total_variation: float | None = None
    content_layers: Any = None
    style_layers: Any = None
    style_blend: Sequence[float] | None = None
    init: Any = "content"
    noise: float = 0.25
    colours: str = "style"
    pooling: str = "max"
    mixed_bfloat16: bool = False
    seed: int = 0

    def __post_init__(self):
        if self.size is not None:
            check_positive_int(WHO, "size", self.size, minimum=16)
        check_between(WHO, "style_scale", self.style_scale, 0.1, 10)
        if self.scales != "auto":
            check_positive_int(WHO, "scales (or 'auto')", self.scales)
        for steps in self.steps if isinstance(self.steps, Sequence) else [self.steps]:
            if steps is not None:
                check_positive_int(WHO, "steps", steps)
        check_choice(WHO, "optimizer", self.optimizer, tuple(STEPS))
        if self.learning_rate is not None:
            check_between(WHO, "learning_rate", self.learning_rate, 1e-3, 255)
            if self.optimizer != "adam":
                raise ValueError(
                    f"{WHO}: learning_rate is for optimizer='adam', because L-BFGS finds the "
                    f"length of its steps by itself; got {self.learning_rate!r}."
                )
        check_choice(WHO, "origin", self.origin, tuple(ORIGINS))
        check_choice(WHO, "colours", self.colours, COLOURS)
        check_choice(WHO, "pooling", self.pooling, ("max", "avg"))
        check_between(WHO, "noise", self.noise, 0, 1)
        check_positive_int(WHO, "seed", self.seed, minimum=0)
        if isinstance(self.init, str) and "." not in self.init:  # else a file's name
            check_choice(WHO, "init (or a picture)", self.init, INITS)
        for name in ("content_weight", "style_weight", "total_variation"):
            if getattr(self, name) is not None:
                check_between(WHO, name, getattr(self, name), 0, 1e12)
        if self.weight("content_weight") == self.weight("style_weight") == 0:
            raise ValueError(
                f"{WHO}: content_weight and style_weight must not both be 0, because then "
                "nothing is wanted of the picture."
            )

    def weight(self, name: str) -> float:
        """`content_weight`, `style_weight` or `total_variation`, or what the origin takes."""
        given = getattr(self, name)
        return float(getattr(ORIGINS[self.origin], name) if given is None else given)

    def method(self, steps: int) -> LBFGS | Adam:
        """The optimiser for a scale of so many steps."""
        if self.optimizer == "lbfgs":
            return LBFGS()
        if self.learning_rate is None:
            return Adam(over=steps)
        return Adam(self.learning_rate, over=steps)

    def plan(self, longer: int) -> list[tuple[int, int]]:
        """Longer side and steps of each scale, coarse to fine, up to `longer` pixels.

        Example:
            >>> Settings(steps=100).plan(512)
            [(128, 225), (256, 150), (512, 100)]
        """
        sides = [longer]
        count = self.scales if isinstance(self.scales, int) else None
        while len(sides) < count if count else sides[-1] // 2 >= SMALLEST:
            sides.append(max(1, sides[-1] // 2))
        if isinstance(self.steps, Sequence):
            if len(self.steps) != len(sides):
                raise ValueError(
                    f"{WHO}: steps must be a number or one for each scale, coarse to fine; "
                    f"got {list(self.steps)} for the {len(sides)} scales {sides[::-1]}."
                )
            return list(zip(sides[::-1], self.steps, strict=True))
        last = self.steps or STEPS[self.optimizer]
        steps = [round(last * COARSER**number) for number in range(len(sides))]
        return list(zip(sides[::-1], steps[::-1], strict=True))

    def to_dict(self) -> dict[str, Any]:
        """All but the pictures, as plain values."""
        values = asdict(self)
        if not isinstance(self.init, str):
            values["init"] = "a picture"
        return values


def shares(argument: str, given: Any, names: Sequence) -> dict[Any, float]:
    """What each of `names` counts, with the sum 1; `given`: a weight a name, or None.

    Example:
        >>> shares("style_blend", [3, 1], ["a", "b"])
        {'a': 0.75, 'b': 0.25}
    """
    weights = [1.0] * len(names) if given is None else list(given)
    if len(weights) != len(names):
        raise ValueError(
            f"{WHO}: {argument} must have one weight for each of the {len(names)}; "
            f"got {weights}."
        )
    for weight in weights:
        check_between(WHO, argument, weight, 0, 1e12)
    if not sum(weights):
        raise ValueError(f"{WHO}: {argument} must not all be 0; got {weights}.")
    return {name: weight / sum(weights) for name, weight in zip(names, weights, strict=True)}


def layer_shares(argument: str, layers: Any, default: Sequence[str], resolve) -> dict:
    """Layers and what each counts: None, names, or names to weights."""
    given = list(layers.values()) if isinstance(layers, Mapping) else None
    names = resolve(list(default) if layers is None else layers)
    return shares(argument, given, names)
