"""Same or different, from two embeddings: logistic regression on where they differ.

Source: Taigman et al. 2014 (DeepFace), section 4.1; deeplearning.ai, Convolutional Neural
Networks, week 4, "Face verification and binary classification".
"""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("dlzoo")
class LearnedDistance(layers.Layer):
    """`sigmoid(sum over k of w_k |a_k - b_k| + bias)` for each pair of embeddings a and b.

    It does not matter which of the two is first.

    Args:
        activation: Of the sum; None for logits.

    Input: two embeddings, each `(batch, dimensions)`.
    Output: `(batch, 1)`, with the sigmoid the probability of "the same".

    Raises:
        ValueError: The two are not of the same dimensions.

    Example:
        >>> layer = LearnedDistance(activation=None)
        >>> layer.build([(None, 2), (None, 2)])
        >>> _ = layer.kernel.assign([[-1.0], [-2.0]]), layer.bias.assign([3.0])
        >>> a, b = keras.ops.array([[1.0, 1.0]]), keras.ops.array([[2.0, 0.5]])
        >>> float(layer([a, b])[0, 0])  # 3 - 1 * 1 - 2 * 0.5
        1.0
    """

    def __init__(self, activation="sigmoid", **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        one, other = input_shape
        if one[-1] != other[-1]:
            raise ValueError(
                f"{self.name}: both embeddings must have the same dimensions, because they "
                f"are compared one by one; got {tuple(one)} and {tuple(other)}."
            )
        self.kernel = self.add_weight(
            shape=(one[-1], 1), initializer="glorot_uniform", name="kernel"
        )
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias")

    def call(self, pair):
        one, other = pair
        logits = ops.matmul(ops.absolute(one - other), self.kernel) + self.bias
        return self.activation(logits)

    def compute_output_shape(self, input_shape):
        return input_shape[0][0], 1

    def multiply_adds(self, input_shape, output_shape):
        """For `dlzoo.profile`: one a dimension and pair."""
        return output_shape[0] * self.kernel.shape[0]

    def get_config(self):
        return super().get_config() | {
            "activation": keras.activations.serialize(self.activation)
        }
