"""How far embeddings are from each other: near 0 they have become one point."""

import keras
from keras import ops

from dlzoo.layers.l2_normalize import l2_normalize


@keras.saving.register_keras_serializable("dlzoo")
class EmbeddingSpread(keras.metrics.Metric):
    """Mean squared distance of two embeddings of a batch, whosever they are.

    Of unit vectors it is 2 where they point anywhere, and near 0 where all have become one
    point (a collapse), to which triplet losses can fall: from there no loss is lower but for
    infinitely small steps, and the loss stays at the margin. The metric to go with
    `dlzoo.training.CollapseGuard`.

    Args:
        normalize: Scale embeddings to unit length first, as the loss does.

    Called with labels, which do not matter, and embeddings `(batch, dimensions)`.

    Example:
        >>> metric = EmbeddingSpread()
        >>> metric.update_state([0, 1], ops.convert_to_tensor([[3.0, 0.0], [0.0, 4.0]]))
        >>> round(float(metric.result()), 4)
        2.0
    """

    def __init__(self, normalize=True, name="spread", **kwargs):
        super().__init__(name=name, **kwargs)
        self.normalize = normalize
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        vectors = ops.cast(y_pred, "float32")
        if self.normalize:
            vectors = l2_normalize(vectors)
        # sum over pairs |a - b|**2 = n * sum |a - mean|**2; centred first, or what is left of
        # two nearly equal numbers would be rounding
        centred = vectors - ops.mean(vectors, axis=0, keepdims=True)
        size = ops.cast(ops.shape(vectors)[0], "float32")
        spread = 2 * ops.sum(ops.square(centred)) / ops.maximum(size - 1, 1.0)
        self.total.assign_add(spread * size)
        self.count.assign_add(size)

    def result(self):
        return self.total / ops.maximum(self.count, 1.0)

    def get_config(self):
        return super().get_config() | {"normalize": self.normalize}
