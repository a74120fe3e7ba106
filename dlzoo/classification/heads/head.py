"""What a head has to know: from values to a loss, from scores to answers and their marks.

While it is trained, a network has one dense layer as head, whose outputs (scores) are shared
out among the targets. Its targets are packed in the same way: `(batch, outputs)`, with NaN
where nothing is known (a hole).
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import keras
import numpy as np
from keras import layers, ops
from matplotlib.figure import Figure

from dlzoo.data import Target
from dlzoo.layers import ClassLabels


class Head(ABC):
    """The part of the network's head that answers one target.

    Args:
        target: The question.
        values: What is known about the training images, NaN where nothing is.
        smoothing: Label smoothing, 0 to 1; regression has none.

    Attributes:
        outputs: How many scores it takes.
        activation: From scores to probabilities, a name that Keras knows.
        metric_name: Of the figure on dev that decides when to stop.
        picture: Name of the file with what `draw` draws.
    """

    activation: ClassVar[str]
    metric_name: ClassVar[str]
    picture: ClassVar[str]

    def __init__(self, target: Target, values: np.ndarray, smoothing: float = 0.0):
        self.target = target
        self.outputs = target.width
        self.smoothing = smoothing

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Values as the loss compares them with scores: `(n, outputs)`, holes NaN."""
        return np.asarray(values, "float32").reshape(len(values), self.outputs)

    @abstractmethod
    def losses(self, true: Any, scores: Any) -> Any:
        """The loss of each value: `(batch, values)`, values being 1 or a label each.

        Args:
            true: As encoded, without NaN (what is put for a hole does not matter).
            scores: `(batch, outputs)`, float32.
        """

    @abstractmethod
    def metric(self, columns: slice, name: str) -> keras.Metric:
        """The metric of the epochs, over the values that are known.

        Args:
            columns: Which of the packed targets and scores are this head's.
            name: For the history.
        """

    def merit(self, metric: float) -> float:
        """From the metric to a figure where higher is better and 1 (or 0) perfect."""
        return metric

    @abstractmethod
    def answers(self, scores: np.ndarray) -> np.ndarray:
        """What the finished model answers, `(n, outputs)`, from scores."""

    def finish(self, scores: Any, name: str) -> Any:
        """The same as layers, behind a dense layer with `activation`; labels inside."""
        target = self.target
        return ClassLabels(target.labels, target.kind, target.name, name=name)(scores)

    @abstractmethod
    def decide(self, answers: np.ndarray) -> np.ndarray:
        """From answers to values as the data have them."""

    @abstractmethod
    def evaluate(self, values: np.ndarray, answers: np.ndarray) -> Any:
        """The marks on a split; a dataclass of `scores.py`. Only values that are known."""

    @abstractmethod
    def severity(self, values: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """How wrong each answer is, for the list of mistakes; 0: right."""

    @abstractmethod
    def draw(self, score: Any, values: np.ndarray, answers: np.ndarray, title: str) -> Figure:
        """The picture of a split."""


def known(values: np.ndarray) -> np.ndarray:
    """Which examples have a value, or a part of one: `(n,)`."""
    return ~np.isnan(values).reshape(len(values), -1).all(axis=1)


def split_holes(packed: Any) -> tuple[Any, Any]:
    """Targets with zeros in their holes, and where they are known (1, else 0).

    The zeros are put in before the loss: one that is NaN stays NaN in the gradient, whatever
    it is multiplied by.
    """
    holes = ops.isnan(packed)
    return ops.where(holes, ops.zeros_like(packed), packed), ops.cast(~holes, packed.dtype)


def rescaling(scale: float, offset: float, name: str) -> layers.Layer:
    """Back to the unit of the data, in float32."""
    return layers.Rescaling(scale, offset, dtype="float32", name=name)
