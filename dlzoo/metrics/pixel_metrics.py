"""Keras metrics of labelled pixels: the confusion matrix is kept on the device.

They are for `compile(metrics=[...])`, and count each pixel of a data set once, whatever the
batches are.
"""

import keras
import numpy as np
from keras import ops

from dlzoo._checks import check_positive_int
from dlzoo.metrics.confusion import VOID

_CARRY = 2**20  # so that int32, all that JAX has, counts to 2**51


class _ConfusionMetric(keras.metrics.Metric):
    """What all of them share.

    Args:
        classes: How many.
        void: Label of true pixels that count for nothing; None where there are none.
        threshold: Where there is one score a pixel: from which on it means class 1. 0.5 for
            probabilities, 0 for logits.
    """

    def __init__(self, classes, void=VOID, threshold=0.5, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        check_positive_int(type(self).__name__, "classes", classes, minimum=2)
        self.classes = classes
        self.void = void
        self.threshold = threshold
        shape = (classes, classes)
        self._low = self.add_variable(shape, "zeros", dtype="int32", name="low")
        self._high = self.add_variable(shape, "zeros", dtype="int32", name="high")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Count a batch: masks of whole numbers, and scores `(..., classes)` or `(..., 1)`.

        `sample_weight` is for losses, and not looked at.
        """
        labels = ops.cast(y_true, "int32")
        if len(labels.shape) == len(y_pred.shape):
            labels = labels[..., 0]
        if y_pred.shape[-1] == 1:
            found = ops.cast(y_pred[..., 0] >= self.threshold, "int32")
        else:
            found = ops.cast(ops.argmax(y_pred, axis=-1), "int32")
        inside = (labels >= 0) & (labels < self.classes)
        if self.void is not None:
            inside &= labels != self.void
        places = ops.where(inside, labels * self.classes + found, self.classes**2)
        places = ops.reshape(places, (-1,))
        counts = ops.segment_sum(ops.ones_like(places), places, self.classes**2 + 1)
        low = self._low + ops.reshape(counts[:-1], (self.classes, self.classes))
        self._high.assign(self._high + low // _CARRY)
        self._low.assign(low % _CARRY)

    def matrix(self):
        """The confusion matrix so far as NumPy, int64: truth by row."""
        low, high = (ops.convert_to_numpy(v).astype(np.int64) for v in (self._low, self._high))
        return high * _CARRY + low

    def get_config(self):
        return super().get_config() | {
            "classes": self.classes,
            "void": self.void,
            "threshold": self.threshold,
        }

    def _sums(self):
        """Pixels of each class that are right, true, and predicted, in float32."""
        high, low = ops.cast(self._high, "float32"), ops.cast(self._low, "float32")
        counts = high * float(_CARRY) + low
        return ops.diagonal(counts), ops.sum(counts, axis=1), ops.sum(counts, axis=0)

    def _shares(self):
        """Intersection over union of each class, and 1 where the class is there at all."""
        both, true, found = self._sums()
        union = true + found - both
        return both / ops.maximum(union, 1.0), ops.cast(union > 0, "float32")


def _mean(shares, there):
    return ops.sum(shares * there) / ops.maximum(ops.sum(there), 1.0)


@keras.saving.register_keras_serializable("dlzoo")
class MeanIoU(_ConfusionMetric):
    """Mean intersection over union; classes in neither truth nor prediction are left out.

    Args:
        classes: How many.
        void: Label of true pixels that count for nothing; None where there are none.
        threshold: Of a single score, from which on it means class 1.

    Called with masks `(batch, height, width)` and scores `(batch, height, width, classes)`.

    Example:
        >>> metric = MeanIoU(3)
        >>> scores = ops.one_hot(ops.convert_to_tensor([[[0, 1, 1, 0]]]), 3)
        >>> metric.update_state(ops.convert_to_tensor([[[0, 0, 1, 255]]]), scores)
        >>> float(metric.result()), metric.matrix().sum().item()
        (0.5, 3)
    """

    def __init__(self, classes, void=VOID, threshold=0.5, name="mean_iou", **kwargs):
        super().__init__(classes, void, threshold, name, **kwargs)

    def result(self):
        return _mean(*self._shares())


@keras.saving.register_keras_serializable("dlzoo")
class MeanDice(_ConfusionMetric):
    """Mean Dice coefficient (F1); arguments, and what is left out, as in `MeanIoU`."""

    def __init__(self, classes, void=VOID, threshold=0.5, name="mean_dice", **kwargs):
        super().__init__(classes, void, threshold, name, **kwargs)

    def result(self):
        shares, there = self._shares()
        return _mean(2 * shares / (1 + shares), there)


@keras.saving.register_keras_serializable("dlzoo")
class PixelAccuracy(_ConfusionMetric):
    """Share of the pixels that are right; arguments as in `MeanIoU`."""

    def __init__(self, classes, void=VOID, threshold=0.5, name="pixel_accuracy", **kwargs):
        super().__init__(classes, void, threshold, name, **kwargs)

    def result(self):
        both, true, _ = self._sums()
        return ops.sum(both) / ops.maximum(ops.sum(true), 1.0)


class _OneClass(_ConfusionMetric):
    """A metric of one class, called by its name.

    Args:
        index: Its number.
        classes, void, threshold: As in `MeanIoU`.
    """

    def __init__(self, index, classes, void=VOID, threshold=0.5, name=None, **kwargs):
        super().__init__(classes, void, threshold, name, **kwargs)
        check_positive_int(type(self).__name__, "index", index, minimum=0)
        if index >= classes:
            raise ValueError(
                f"{type(self).__name__}: index must be below classes={classes}; got {index}."
            )
        self.index = index

    def get_config(self):
        return super().get_config() | {"index": self.index}


@keras.saving.register_keras_serializable("dlzoo")
class ClassIoU(_OneClass):
    """Intersection over union of one class, 0 where it is nowhere.

    Args:
        index: Its number.
        classes, void, threshold: As in `MeanIoU`.
    """

    def result(self):
        return self._shares()[0][self.index]


@keras.saving.register_keras_serializable("dlzoo")
class ClassDice(_OneClass):
    """Dice coefficient (F1) of one class, 0 where it is nowhere; arguments as `ClassIoU`."""

    def result(self):
        share = self._shares()[0][self.index]
        return 2 * share / (1 + share)
