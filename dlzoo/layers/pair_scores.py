"""How likely each two of a batch are the same, by a distance that is learnt."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlzoo")
class PairScores(keras.layers.Layer):
    """`sum_k w_k |f(a)_k - f(b)_k| + b` of each embedding `f(a)` with each other of a batch.

    The logit of "the same person" of a siamese network (deeplearning.ai, Convolutional Neural
    Networks, week 4, "Face Verification and Binary Classification"), of all pairs of a batch
    at once: `n` images through the network make `n (n - 1) / 2` examples. Always in float32.
    The weights begin at -1, so that it is the smaller the further two embeddings are apart.

    Input:  `(batch, dimensions)`.
    Output: `(batch, batch)`, symmetric. Memory grows with `batch**2 * dimensions`.

    Example:
        >>> scores = PairScores()(ops.convert_to_tensor([[0.0, 1.0], [3.0, 1.0]]))
        >>> ops.convert_to_numpy(scores).tolist()
        [[0.0, -3.0], [-3.0, 0.0]]
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)

    def build(self, input_shape):
        start = keras.initializers.Constant(-1.0)
        self.kernel = self.add_weight(
            shape=(input_shape[-1], 1), initializer=start, name="kernel"
        )
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias")

    def call(self, vectors):
        apart = ops.abs(vectors[:, None, :] - vectors[None, :, :])
        return ops.matmul(apart, self.kernel)[..., 0] + self.bias

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[0]
