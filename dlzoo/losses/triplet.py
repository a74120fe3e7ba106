"""An anchor nearer to a positive than to a negative, by a margin."""

import keras
from keras import ops

from dlzoo._checks import check_between, check_choice
from dlzoo.layers.l2_normalize import l2_normalize
from dlzoo.losses.mining import all_triplets, hardest, semi_hard, squared_distances

MININGS = ("batch_hard", "semi_hard", "batch_all")


@keras.saving.register_keras_serializable("dlzoo")
class TripletLoss(keras.losses.Loss):
    """Mean of `max(0, d(a, p) - d(a, n) + margin)`, d = squared distance of embeddings.

    Schroff et al. 2015 (FaceNet), https://arxiv.org/abs/1503.03832, equation 3. The triplets
    are made of the batch, which should hold several images of each of several people
    (`dlzoo.data.deal_people`). Which ones, `mining` says:

    - `"batch_hard"` (Hermans et al. 2017, https://arxiv.org/abs/1703.07737, equation 5): for
      each anchor the furthest positive and the nearest negative; the mean is over anchors.
      The strongest, and the one that wrong labels and the first epochs suffer from most.
    - `"semi_hard"` (FaceNet, section 3.2): for each pair of anchor and positive the nearest
      negative that is further than the positive, or, if there is none, the furthest; the
      mean is over pairs.
    - `"batch_all"` (Hermans et al., equation 6): all; the mean is over those with a loss.

    Of equal distances the first in the batch counts. What is chosen is taken as given:
    gradients go through the distances of the chosen alone. An image whose person has no
    other in the batch is a negative only; without a triplet the loss is 0.

    If all embeddings become one point, the loss is `margin` and stays so (a collapse):
    `dlzoo.training.CollapseGuard` sees it.

    Args:
        margin: Squared distance. Of unit vectors those go from 0 to 4.
        mining: One of these.
        normalize: Scale embeddings to unit length first; False if they are, or shall not be.

    Called with whole-numbered labels `(batch,)` or `(batch, 1)` and embeddings
    `(batch, dimensions)`; gives one number, in float32. Sample weights multiply it by their
    mean.

    Raises:
        ValueError: `margin` is negative, or there is no such mining.

    Example:
        >>> labels = ops.convert_to_tensor([0, 0, 1])
        >>> embeddings = ops.convert_to_tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
        >>> loss = TripletLoss(margin=0.2, mining="batch_hard")
        >>> round(float(loss(labels, embeddings)), 4)   # (max(0, 0.8 - 2 + 0.2) + 0.6) / 2
        0.3
    """

    def __init__(
        self, margin=0.2, mining="semi_hard", normalize=True, name="triplet_loss", **kwargs
    ):
        super().__init__(name=name, **kwargs)
        check_between("TripletLoss", "margin", margin, 0, 1e6)
        check_choice("TripletLoss", "mining", mining, MININGS)
        self.margin = margin
        self.mining = mining
        self.normalize = normalize

    def call(self, y_true, y_pred):
        labels = whole_labels(y_true)
        if self.normalize:
            y_pred = l2_normalize(y_pred)
        distances = squared_distances(y_pred)
        if self.mining == "batch_all":
            return self._of_all(distances, labels)
        if self.mining == "batch_hard":
            positive, negative, valid = hardest(distances, labels)
            near = _taken(distances, positive[:, None])[:, 0]
            far = _taken(distances, negative[:, None])[:, 0]
        else:
            negative, valid = semi_hard(distances, labels)
            near, far = distances, _taken(distances, negative)
        return _mean_where(ops.relu(near - far + self.margin), valid)

    def get_config(self):
        return super().get_config() | {
            "margin": self.margin,
            "mining": self.mining,
            "normalize": self.normalize,
        }

    def _of_all(self, distances, labels):
        losses = ops.relu(distances[:, :, None] - distances[:, None, :] + self.margin)
        return _mean_where(losses, ops.logical_and(all_triplets(labels), losses > 0))


def whole_labels(y_true):
    """Labels as int32 `(batch,)`, whatever Keras made of them."""
    return ops.reshape(ops.cast(y_true, "int32"), (-1,))


def _taken(distances, numbers):
    """`distances[i, numbers[i, j]]`."""
    return ops.take_along_axis(distances, numbers, axis=1)


def _mean_where(losses, mask):
    """The mean of those in the mask; 0 if there are none."""
    counts = ops.cast(mask, losses.dtype)
    return ops.sum(losses * counts) / ops.maximum(ops.sum(counts), 1.0)
