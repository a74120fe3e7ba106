"""What a model of several targets, or of another kind than classes, says about an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from dlzoo.layers.class_labels import ClassLabels, labels_inside


@dataclass(frozen=True)
class Answer:
    """The answer to one target.

    Attributes:
        target: Its name.
        kind: `"binary"`, `"multiclass"`, `"multilabel"` or `"regression"`.
        value: The likelier name; for `"multilabel"` a tuple of the names whose probability
            is above one half; for `"regression"` the number, in the unit of the data.
        probabilities: Name to probability, the likeliest first; none for `"regression"`.

    Example:
        >>> print(Answer("sky", "multilabel", ("blue",), {"blue": 0.9, "cloudy": 0.2}))
        sky blue (blue 90.0%, cloudy 20.0%)
        >>> print(Answer("age", "regression", 3.25, {}))
        age 3.25
    """

    target: str
    kind: str
    value: str | tuple[str, ...] | float
    probabilities: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        own = {"target": self.target, "kind": self.kind, "value": value}
        return own | {"probabilities": dict(self.probabilities)}

    def __str__(self) -> str:
        if isinstance(self.value, float):
            return f"{self.target} {self.value:.5g}"
        pairs = ", ".join(f"{name} {p:.1%}" for name, p in self.probabilities.items())
        if isinstance(self.value, tuple):
            return f"{self.target} {' + '.join(self.value) or 'none'} ({pairs})"
        return f"{self.target} {pairs}"


@dataclass(frozen=True)
class MultiPrediction:
    """All answers about one image.

    Attributes:
        source: Path of the image, or `"image 3"` for the third array.
        tasks: An answer for each target, in the order of their names.

    Example:
        >>> answers = (Answer("age", "regression", 3.0, {}),)
        >>> prediction = MultiPrediction("a.jpg", answers)
        >>> print(prediction, prediction["age"].value)
        a.jpg: age 3 3.0
    """

    source: str
    tasks: tuple[Answer, ...]

    def __getitem__(self, target: str) -> Answer:
        """The answer to a target, by its name."""
        for answer in self.tasks:
            if answer.target == target:
                return answer
        raise KeyError(target)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"source": self.source, "tasks": [answer.to_dict() for answer in self.tasks]}

    def __str__(self) -> str:
        return f"{self.source}: " + "; ".join(map(str, self.tasks))


def targets_inside(model: keras.Model) -> list[ClassLabels]:
    """What the model's outputs say that they answer; nothing if it is one class only."""
    found = labels_inside(model)
    named = [layer for layer in found if layer.target is not None]
    return sorted(named, key=lambda layer: layer.target)  # as Keras orders a dict of outputs


def multi_predictions(
    names: Sequence[str], targets: Sequence[ClassLabels], answers: Any, top: int
) -> list[MultiPrediction]:
    """From what a model answers to predictions.

    Args:
        names: Of the images.
        targets: What is answered.
        answers: `(images, scores)`; for several targets a dict of such by their names.
        top: How many classes to name; of labels, all that are answered are named, too.
    """
    columns = []
    for layer in targets:
        scores = answers[layer.target] if isinstance(answers, dict) else answers
        columns.append([_answer(layer, row, top) for row in scores])
    rows = zip(names, *columns, strict=True)
    return [MultiPrediction(name, tuple(row)) for name, *row in rows]


def _answer(layer, row, top):
    if layer.kind == "regression":
        return Answer(layer.target, layer.kind, float(row[0]), {})
    if layer.kind == "binary":
        row = np.array([1 - row[0], row[0]])
    order = np.argsort(-row, kind="stable")
    labels, chosen = layer.labels, tuple(layer.labels[i] for i in order if row[i] > 0.5)
    value = chosen if layer.kind == "multilabel" else labels[order[0]]
    shown = max(top, len(chosen)) if layer.kind == "multilabel" else top
    probabilities = {labels[i]: float(row[i]) for i in order[:shown]}
    return Answer(layer.target, layer.kind, value, probabilities)
