"""Same near, different at a distance."""

import keras
from keras import ops

from dlzoo._checks import check_between
from dlzoo.layers.l2_normalize import l2_normalize
from dlzoo.losses.mining import pair_masks, squared_distances
from dlzoo.losses.triplet import whole_labels

_TINY = 1e-12  # squared; below it two embeddings are one, and the distance has no slope


@keras.saving.register_keras_serializable("dlzoo")
class ContrastiveLoss(keras.losses.Loss):
    """Mean over the pairs of a batch of `d**2 / 2` or `max(0, margin - d)**2 / 2`.

    The first for two images of one label, the second for two of different ones; d is the
    distance of their embeddings (not squared). Hadsell, Chopra and LeCun 2006,
    http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf, equations 1 and 4.

    Args:
        margin: Distance. Of unit vectors those go from 0 to 2.
        balanced: Half of the loss for pairs of the same, half for different ones, however
            few the former are: among P people with K images each, they are
            `(K - 1) / (P K - 1)` of all. False counts each pair once, as the paper does,
            which has as many of both.
        normalize: Scale embeddings to unit length first; False if they are, or shall not be.

    Called with whole-numbered labels `(batch,)` or `(batch, 1)` and embeddings
    `(batch, dimensions)`; gives one number, in float32; 0 for a batch without pairs. Sample
    weights multiply it by their mean.

    Raises:
        ValueError: `margin` is negative.

    Example:
        >>> labels = ops.convert_to_tensor([0, 0, 1])
        >>> embeddings = ops.convert_to_tensor([[0.0, 0.0], [0.6, 0.8], [0.0, 0.5]])
        >>> loss = ContrastiveLoss(margin=1.0, balanced=False, normalize=False)
        >>> round(float(loss(labels, embeddings)), 4)   # (0.5 + 0.125 + 0.0541) / 3
        0.2264
    """

    def __init__(
        self, margin=1.0, balanced=True, normalize=True, name="contrastive_loss", **kwargs
    ):
        super().__init__(name=name, **kwargs)
        check_between("ContrastiveLoss", "margin", margin, 0, 1e6)
        self.margin = margin
        self.balanced = balanced
        self.normalize = normalize

    def call(self, y_true, y_pred):
        if self.normalize:
            y_pred = l2_normalize(y_pred)
        squares = squared_distances(y_pred)
        apart = squares > _TINY
        roots = ops.sqrt(ops.where(apart, squares, ops.ones_like(squares)))
        distances = ops.where(apart, roots, ops.zeros_like(squares))
        different = ops.square(ops.relu(self.margin - distances)) / 2
        return mean_over_pairs(squares / 2, different, whole_labels(y_true), self.balanced)

    def get_config(self):
        return super().get_config() | {
            "margin": self.margin,
            "balanced": self.balanced,
            "normalize": self.normalize,
        }


def mean_over_pairs(same, different, labels, balanced):
    """The mean over the pairs of a batch; 0 if it has none.

    Args:
        same, different: `(n, n)`, the losses that pairs have if they are the one or other.
        labels: `(n,)`.
        balanced: The mean of the means over both kinds, of which one may be missing.
    """
    masks = [ops.cast(mask, same.dtype) for mask in pair_masks(labels)]
    sums = [ops.sum(part * mask) for part, mask in zip((same, different), masks, strict=True)]
    counts = [ops.sum(mask) for mask in masks]
    if not balanced:
        return (sums[0] + sums[1]) / ops.maximum(counts[0] + counts[1], 1.0)
    kinds = sum(ops.cast(count > 0, same.dtype) for count in counts)
    means = [total / ops.maximum(count, 1.0) for total, count in zip(sums, counts, strict=True)]
    return (means[0] + means[1]) / ops.maximum(kinds, 1.0)
