"""What the verbs of `dlzoo visualize` share: the model by name or file, labels, paths."""

import difflib
import itertools
import re
from pathlib import Path
from typing import Any

import typer

_SCALINGS = ("imagenet", "inception", "caffe", "included")


def open_model(
    name: str, weights: str | None, preprocessing: str | None, *, whole: bool = False
) -> Any:
    """A model that takes RGB of 0 to 255.

    Args:
        name: Of a network of the zoo, or the path of a saved model.
        weights: Of a network of the zoo.
        preprocessing: Of a saved model without; one of `_SCALINGS`.
        whole: Whether the head must be trained, too.
    """
    import dlzoo

    if preprocessing is not None and preprocessing not in _SCALINGS:
        raise typer.BadParameter(
            f"--preprocessing: one of {', '.join(_SCALINGS)}; got {preprocessing!r}."
        )
    if name in dlzoo.list_models():
        return _from_zoo(name, weights, whole)
    if weights is not None:
        raise typer.BadParameter(
            f"--weights is for a network by its name; {name!r} is none of `dlzoo models`."
        )
    path = Path(name).expanduser()
    if not path.exists() and not path.suffix and len(path.parts) == 1:
        dlzoo.card(name)  # an error with names that are close
    from dlzoo import weights as published
    from dlzoo.layers.raw_pixels import taking_raw_pixels
    from dlzoo.layers.saved_model import open_model

    known = getattr(published, str(preprocessing).upper(), preprocessing)
    return taking_raw_pixels(open_model(path), known)


def _from_zoo(name, weights, whole):
    import dlzoo

    weights = weights or next(iter(dlzoo.card(name).weights_names), None)
    if weights is None:
        raise ValueError(
            f"{name}: --weights must be given, because none are published and random ones "
            "show nothing. Name a file, or a folder that `dlzoo fine-tune` wrote as MODEL."
        )
    model = dlzoo.create_model(name, weights, include_preprocessing=True)
    if whole and model.load_report.random:
        raise ValueError(
            f"{name}: the weights must have the published head, because its score is traced "
            f"back; {', '.join(model.load_report.random)} would be random. Name the model's "
            ".keras file or run folder as MODEL."
        )
    return model


def label_number(text: str, model: Any) -> int:
    """The number of a class from its number or its name."""
    if text.isdecimal():
        return int(text)
    from dlzoo.visualize.heat_overlay import names_of_classes

    names = names_of_classes(model)
    lower = [name.lower() for name in names]
    if text.lower() in lower:
        return lower.index(text.lower())
    close = [
        names[lower.index(each)] for each in difflib.get_close_matches(text.lower(), lower)
    ]
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "give its number."
    raise ValueError(f"no class is called {text!r}; {hint}")


def picture_paths(folder: Path, names: list[str]) -> list[Path]:
    """Where to write pictures of these names, no two at the same place."""
    paths: list[Path] = []
    for name in names:
        stem = re.sub(r"[^\w.-]+", "-", name)
        numbered = (f"{stem}_{number}" for number in itertools.count(2))
        free = (folder / f"{each}.png" for each in itertools.chain([stem], numbered))
        paths.append(next(path for path in free if path not in paths))
    return paths
