"""Trainable sub-sampling, as networks had it before max pooling.

Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document
recognition", http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf, section II.B.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlzoo")
def scaled_tanh(x):
    """`1.7159 tanh(2 x / 3)`: 1 stays 1, -1 stays -1 (appendix A of the paper).

    Example:
        >>> print(f"{float(scaled_tanh(1.0)):.4f}")
        1.0000
    """
    return 1.7159 * ops.tanh(2 / 3 * x)


@keras.saving.register_keras_serializable("dlzoo")
class SubSampling(keras.layers.Layer):
    """`activation(coefficient * sum of 2x2 pixels + bias)`, a pair of numbers a channel.

    Args:
        activation: A name known to Keras or a function; None for `scaled_tanh`.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, height // 2, width // 2, channels)`.

    Example:
        >>> SubSampling().compute_output_shape((1, 28, 28, 6))
        (1, 14, 14, 6)
    """

    def __init__(self, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation or scaled_tanh)

    def build(self, input_shape):
        channels = (input_shape[-1],)
        # Uniform within 2.4 / fan-in (appendix A); four pixels come in.
        first = keras.initializers.RandomUniform(-0.6, 0.6)
        self.coefficient = self.add_weight(
            shape=channels, initializer=first, name="coefficient"
        )
        self.bias = self.add_weight(shape=channels, initializer="zeros", name="bias")

    def call(self, x):
        total = 4 * ops.average_pool(x, 2, 2, "valid", data_format="channels_last")
        return self.activation(self.coefficient * total + self.bias)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = (None if side is None else side // 2 for side in (height, width))
        return batch, *sides, channels

    def get_config(self):
        activation = keras.activations.serialize(self.activation)
        return super().get_config() | {"activation": activation}
