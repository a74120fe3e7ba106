"""From the text of an option to the argument that it stands for."""

import json
from typing import Any

import typer

NETWORK = "A name from `dlzoo models`; `auto`: VGG-19 if it can be had, else what dlzoo brings."
WEIGHTS = "Of the network: a name on its card, a file, `hf://...`, or `none`: random."


def targets_option(texts: list[str] | None) -> Any:
    """`["age=regression", "w=a,b"]` as a dict, `["age", "tags"]` as a list of columns."""
    if not texts:
        return None
    pairs = [text.partition("=") for text in texts]
    kinds = [equals for _, equals, _ in pairs]
    if not any(kinds):
        return texts
    if not all(kinds):
        raise typer.BadParameter(f"--target: all with `=` or all without; got {texts}.")
    return {name: kind.split(",") if "," in kind else kind for name, _, kind in pairs}


def numbers_option(text: str | None, kind: type) -> Any:
    """`"3"` as a number, `"3,2"` as a pair, None as None."""
    if text is None:
        return None
    try:
        values = tuple(kind(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in (1, 2):
        raise typer.BadParameter(f"must be a number or two (N,N); got {text!r}.")
    return values[0] if len(values) == 1 else values


def several_option(text: str | None, kind: type) -> Any:
    """`"3,2,1"` as a list of numbers, None as None."""
    if text is None:
        return None
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"must be numbers with commas; got {text!r}.") from None


def layers_option(text: str | None) -> Any:
    """`"a,b"` as a list of names, `"a=1,b=0.5"` as a dict to weights, None as None."""
    if text is None:
        return None
    pairs = [part.strip().partition("=") for part in text.split(",")]
    weighted = [equals for _, equals, _ in pairs]
    if not any(weighted):
        return [name for name, _, _ in pairs]
    try:
        return {name: float(weight) for name, _, weight in pairs}
    except ValueError:
        raise typer.BadParameter(f"layers: `a,b` or `a=1,b=2`; got {text!r}.") from None


def channels_option(text: str) -> Any:
    """`"8"` as a number, `"3,14"` and `"3,"` as lists."""
    parts = [part for part in text.split(",") if part.strip()]
    if not parts or not all(part.strip().isdecimal() for part in parts):
        raise typer.BadParameter(f"--channels: how many, or numbers N,N,...; got {text!r}.")
    numbers = [int(part) for part in parts]
    return numbers if "," in text else numbers[0]


def classes_option(text: str | None) -> Any:
    """`"sky,road"` as names, `"classes.txt"` as the file that it is."""
    return text.split(",") if text is not None and "," in text else text


def pairs_option(texts: list[str] | None) -> dict[str, Any] | None:
    """`["width=16", "upsampling=bilinear"]` as a dict; numbers, lists and words by JSON."""
    if not texts:
        return None
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"--model-option: must be NAME=VALUE; got {text!r}.")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found
