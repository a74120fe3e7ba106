"""Metrics of an epoch that look at one head's columns and leave out holes."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from dlzoo.classification.heads.head import split_holes


class MeanKnown(keras.metrics.Mean):
    """The mean of a measure over the values that are known; 0 where none is.

    Args:
        columns: The head's part of the packed targets and scores.
        measure: From targets and scores `(batch, outputs)` to `(batch, values)`.
        name: For the history.
        after: From the mean to the result.
    """

    def __init__(
        self,
        columns: slice,
        measure: Callable[[Any, Any], Any],
        name: str,
        after: Callable[[Any], Any] | None = None,
    ):
        super().__init__(name=name, dtype="float32")
        self._columns = columns
        self._measure = measure
        self._after = after

    def update_state(self, y_true, y_pred, sample_weight=None):
        true, there = split_holes(ops.cast(y_true[:, self._columns], "float32"))
        values = self._measure(true, ops.cast(y_pred[:, self._columns], "float32"))
        there = there[:, : values.shape[-1]]
        values = ops.cast(values, "float32")
        super().update_state(ops.reshape(values, (-1,)), ops.reshape(there, (-1,)))

    def result(self):
        mean = super().result()
        return mean if self._after is None else self._after(mean)


class MacroF1(keras.Metric):
    """Mean over the labels of `F1 = 2 TP / (2 TP + FP + FN)`, from scores (logits).

    A label counts as answered where its score is above 0, i.e. its probability above one
    half; a label that neither occurs nor is answered has F1 0, as in scikit-learn.

    Args:
        columns: The head's part of the packed targets and scores.
        name: For the history.
    """

    def __init__(self, columns: slice, name: str):
        super().__init__(name=name, dtype="float32")
        self._columns = columns
        shape = (columns.stop - columns.start,)
        self.hits = self.add_variable(shape, "zeros", name="hits")
        self.both = self.add_variable(shape, "zeros", name="answered_and_true")

    def update_state(self, y_true, y_pred, sample_weight=None):
        true, there = split_holes(ops.cast(y_true[:, self._columns], "float32"))
        answered = ops.cast(y_pred[:, self._columns] > 0, "float32") * there
        self.hits.assign(self.hits + ops.sum(true * answered, axis=0))
        self.both.assign(self.both + ops.sum(true + answered, axis=0))

    def result(self):
        return ops.mean(2 * self.hits / ops.maximum(self.both, 1.0))
