"""A convolution in two cheap steps: each channel by itself, then across channels.

Source: Howard et al. 2017, https://arxiv.org/abs/1704.04861, section 3.1.
"""

import keras
from keras import layers


@keras.saving.register_keras_serializable("dlzoo")
class DepthwiseSeparableConv2D(layers.Layer):
    """A depthwise `kernel_size` convolution followed by a 1x1 ("pointwise") one.

    Costs `1 / filters + 1 / kernel_size**2` of the multiplications of a full convolution:
    for 3x3 on 6x6x3 to 4x4x5 these are 432 + 240 = 672 instead of 2160.

    Equals `keras.layers.SeparableConv2D`, made of two layers that can be looked at.

    Args:
        filters: Output channels.
        kernel_size: Side of the depthwise kernel.
        strides: Step of the depthwise convolution.
        padding: `"valid"` or `"same"` (TensorFlow's).
        activation: After the pointwise convolution.
        use_bias: Whether the pointwise convolution has a bias; the depthwise has none.

    Input: `(batch, height, width, channels)`.
    Output: `(batch, out_height, out_width, filters)`.

    Example:
        >>> layer = DepthwiseSeparableConv2D(5, 3, use_bias=False)
        >>> layer.build((None, 6, 6, 3))
        >>> layer.compute_output_shape((1, 6, 6, 3)), layer.count_params()
        ((1, 4, 4, 5), 42)
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        *,
        padding="valid",
        activation=None,
        use_bias=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.depthwise = layers.DepthwiseConv2D(
            kernel_size,
            strides,
            padding,
            use_bias=False,
            dtype=self.dtype_policy,
            name="depthwise",
        )
        self.pointwise = layers.Conv2D(
            filters,
            1,
            activation=self.activation,
            use_bias=use_bias,
            dtype=self.dtype_policy,
            name="pointwise",
        )

    def build(self, input_shape):
        self.depthwise.build(input_shape)
        self.pointwise.build(self.depthwise.compute_output_shape(input_shape))

    def call(self, x):
        return self.pointwise(self.depthwise(x))

    def compute_output_shape(self, input_shape):
        shape = self.depthwise.compute_output_shape(input_shape)
        return *shape[:3], self.filters

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
        }
