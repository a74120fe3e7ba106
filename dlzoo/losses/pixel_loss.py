"""What losses of labelled pixels share: void, class weights, scores of one class or many."""

from typing import Any

import keras
from keras import ops

from dlzoo._checks import check_between

VOID = 255  # as in `dlzoo.data.open_masks`
_TINY = 1e-7  # probabilities are kept so far from 0


class PixelLoss(keras.losses.Loss):
    """A loss of whole-numbered masks and scores, in float32 whatever the network computes in.

    Args:
        void: Label of pixels that count for nothing; None where there are none.
        from_logits: The scores are not probabilities yet.
    """

    def __init__(self, void=VOID, from_logits=False, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.void = void
        self.from_logits = from_logits

    def get_config(self):
        return super().get_config() | {"void": self.void, "from_logits": self.from_logits}

    def _truth(self, y_true, classes, dtype):
        """One-hot truth `(batch, height, width, classes)`, zeros at void, and what counts."""
        labels = ops.cast(y_true, "int32")
        if len(labels.shape) == 4:
            labels = labels[..., 0]
        counts = ops.ones_like(labels)
        if self.void is not None:
            counts = ops.cast(labels != self.void, "int32")
        hot = ops.one_hot(labels * counts, classes, dtype=dtype)
        counts = ops.cast(counts, dtype)
        return hot * counts[..., None], counts

    def _log_probabilities(self, y_pred):
        """Logarithms of the probabilities of all classes; one score is that of the second."""
        if y_pred.shape[-1] == 1:
            rest = ops.zeros_like(y_pred) if self.from_logits else 1 - y_pred
            y_pred = ops.concatenate([rest, y_pred], axis=-1)
        if self.from_logits:
            return ops.log_softmax(y_pred, axis=-1)
        return ops.log(ops.clip(y_pred, _TINY, 1.0))


def checked_weights(who: str, class_weights: Any) -> list[float] | None:
    """Class weights as numbers from 0 up, not all 0."""
    if class_weights is None:
        return None
    weights = [float(weight) for weight in class_weights]
    for weight in weights:
        check_between(who, "each of class_weights", weight, 0, 1e9)
    if not any(weights):
        raise ValueError(f"{who}: class_weights must not all be 0; got {weights}.")
    return weights


def weights_of(who, truth, class_weights):
    """The weight of each pixel's class, 0 at void: `(batch, height, width)`."""
    if class_weights is None:
        return ops.sum(truth, axis=-1)
    if len(class_weights) != truth.shape[-1]:
        raise ValueError(
            f"{who}: class_weights must have a number for each of the {truth.shape[-1]} "
            f"classes; got {len(class_weights)}."
        )
    return ops.sum(truth * ops.cast(class_weights, truth.dtype), axis=-1)


def masked_mean_values(values, weights):
    """`values * weights` scaled so that their plain mean is `sum(v w) / sum(w)`."""
    total = ops.sum(weights)
    size = ops.cast(ops.size(weights), weights.dtype)
    scale = ops.where(total > 0, size / ops.maximum(total, _TINY), 0.0)
    return values * weights * scale
