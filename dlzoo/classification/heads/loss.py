"""The loss of several heads on one vector, and the targets that it takes."""

import itertools
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from dlzoo.classification.heads.head import Head, split_holes


def columns_of(heads: Sequence[Head]) -> list[slice]:
    """Which scores belong to which head: one after the other."""
    starts = np.cumsum([0, *(head.outputs for head in heads)]).tolist()
    return [slice(*ends) for ends in itertools.pairwise(starts)]


class PackedTargets:
    """Looks like the encoded values of all heads side by side, `(n, outputs)`; made when
    indexed, so that many classes need no memory.

    Args:
        heads: In the order of their scores.
        values: Of each, as the data have them.
    """

    def __init__(self, heads: Sequence[Head], values: Sequence[np.ndarray]):
        self._pairs = list(zip(heads, values, strict=True))
        self.shape = (len(values[0]), sum(head.outputs for head in heads))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index) -> np.ndarray:
        return np.concatenate([h.encode(values[index]) for h, values in self._pairs], axis=1)


class HeadsLoss(keras.losses.Loss):
    """The mean over the heads of each head's mean loss over what is known in the batch.

    `L = 1/H * sum_h sum_i m_hi l_hi / max(sum_i m_hi, 1)`, with `m = 0` at a hole. A hole adds
    nothing to the loss and has no gradient, and a head's share does not depend on how many
    holes its column has; a batch in which a head knows nothing does not move it.

    Losses are of like size from the start: cross-entropy in nats, and squared error in units
    of the standard deviation, which is 1 for who always says the mean.

    Args:
        heads: In the order of their scores.

    `true` and `scores`: `(batch, outputs)` as packed; result: a number an example.
    """

    def __init__(self, heads: Sequence[Head], **kwargs):
        super().__init__(name="loss", dtype="float32", **kwargs)
        self.heads = tuple(heads)
        self._columns = columns_of(heads)

    def call(self, y_true, y_pred):
        batch = ops.cast(ops.shape(y_true)[0], "float32")
        total = 0.0
        for head, columns in zip(self.heads, self._columns, strict=True):
            true, there = split_holes(y_true[:, columns])
            losses = head.losses(true, ops.cast(y_pred[:, columns], "float32"))
            there = there[:, : losses.shape[-1]]
            # Keras divides the sum of these by `batch`
            share = batch / ops.maximum(ops.sum(there), 1.0)
            total = total + share * ops.sum(losses * there, axis=-1)
        return total / len(self.heads)
