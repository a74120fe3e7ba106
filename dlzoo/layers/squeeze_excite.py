"""Squeeze and excitation: every channel is weighted by what the whole image shows.

Source: Hu et al. 2018, https://arxiv.org/abs/1709.01507, Figure 2 and equations 2 to 4.
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_positive_int


@keras.saving.register_keras_serializable("dlzoo")
class SqueezeExcite(layers.Layer):
    """`x * gate(expand(activation(reduce(mean(x)))))`, the mean over height and width.

    Args:
        filters: Channels in the middle (the paper's C / r).
        activation: After the reduction; the paper's ReLU.
        gate: After the expansion; the paper's sigmoid, between 0 and 1.

    Input and output: `(batch, height, width, channels)`.

    Example:
        >>> SqueezeExcite(4).compute_output_shape((1, 8, 8, 16))
        (1, 8, 8, 16)
    """

    def __init__(self, filters, *, activation="relu", gate="sigmoid", **kwargs):
        super().__init__(**kwargs)
        check_positive_int("SqueezeExcite", "filters", filters)
        self.filters = filters
        self.activation = keras.activations.get(activation)
        self.gate = keras.activations.get(gate)
        self.reduce = layers.Conv2D(
            filters,
            1,
            activation=self.activation,
            dtype=self.dtype_policy,
            name="reduce",
        )
        self.expand: layers.Conv2D = None  # its width is known when it is built

    def build(self, input_shape):
        channels = input_shape[-1]
        self.expand = layers.Conv2D(
            channels, 1, activation=self.gate, dtype=self.dtype_policy, name="expand"
        )
        self.reduce.build((None, 1, 1, channels))
        self.expand.build((None, 1, 1, self.filters))

    def call(self, x):
        squeezed = ops.mean(x, axis=(1, 2), keepdims=True)
        return x * self.expand(self.reduce(squeezed))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "activation": keras.activations.serialize(self.activation),
            "gate": keras.activations.serialize(self.gate),
        }
