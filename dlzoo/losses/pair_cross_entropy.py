"""Is it the same, or not: logistic loss over the pairs of a batch."""

import keras
from keras import ops

from dlzoo.losses.contrastive import mean_over_pairs
from dlzoo.losses.triplet import whole_labels


@keras.saving.register_keras_serializable("dlzoo")
class PairCrossEntropy(keras.losses.Loss):
    """Mean over the pairs of a batch of `-log p` or `-log(1 - p)`, p = sigmoid(score).

    The first for two images of one label, the second for two of different ones
    (deeplearning.ai, Convolutional Neural Networks, week 4, "Face Verification and Binary
    Classification").

    Args:
        balanced: As in `ContrastiveLoss`.

    Called with whole-numbered labels `(batch,)` or `(batch, 1)` and the scores (logits)
    `(batch, batch)` of `dlzoo.layers.PairScores`; gives one number, in float32.

    Example:
        >>> labels = ops.convert_to_tensor([0, 0])
        >>> round(float(PairCrossEntropy()(labels, ops.zeros((2, 2)))), 4)   # ln 2
        0.6931
    """

    def __init__(self, balanced=True, name="pair_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.balanced = balanced

    def call(self, y_true, y_pred):
        labels = whole_labels(y_true)
        same, different = ops.softplus(-y_pred), ops.softplus(y_pred)
        return mean_over_pairs(same, different, labels, self.balanced)

    def get_config(self):
        return super().get_config() | {"balanced": self.balanced}
