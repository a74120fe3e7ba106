"""How likely each two of a batch are the same, by a distance that is learnt."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlzoo")
class PairScores(keras.layers.Layer):
    """`sum_k w_k |f(a)_k - f(b)_k| + b` of each embedding `f(a)` with each other of a batch.

    The logit of "the same person" of a siamese network (deeplearning.ai, Convolutional Neural
    Networks, week 4, "Face Verification and Binary Classification"), of all pairs of a batch
    at once: `n` images through the network make `n (n - 1) / 2` examples. Always in float32.

    Weights begin at -1: the further two embeddings are apart, the less they are the same. For
    unit vectors that point anywhere the sum is then `2 sqrt(dimensions / pi)` on average; the
    bias begins at three quarters of it, so that training starts with an opinion of both kinds.

    Input:  `(batch, dimensions)`.
    Output: `(batch, batch)`, symmetric. Memory grows with `batch**2 * dimensions`.

    Example:
        >>> scores = PairScores()(ops.convert_to_tensor([[0.0, 1.0], [1.0, 0.0]]))
        >>> first = ops.convert_to_numpy(scores)[0]
        >>> [round(float(score), 2) for score in first]   # 1.5 sqrt(2 / pi), less 2
        [1.2, -0.8]
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)

    def build(self, input_shape):
        dimensions = input_shape[-1]
        weight = keras.initializers.Constant(-1.0)
        bias = keras.initializers.Constant(1.5 * math.sqrt(dimensions / math.pi))
        self.kernel = self.add_weight((dimensions, 1), initializer=weight, name="kernel")
        self.bias = self.add_weight((1,), initializer=bias, name="bias")

    def call(self, vectors):
        apart = ops.abs(vectors[:, None, :] - vectors[None, :, :])
        return ops.matmul(apart, self.kernel)[..., 0] + self.bias

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[0]
