"""The block of MobileNet: a depthwise and a pointwise convolution, each normalised.

Source: Howard et al. 2017, https://arxiv.org/abs/1704.04861, Figure 3, right.
"""

import keras
from keras import layers

from dlzoo.layers.conv_bn import ConvBN, DepthwiseConvBN


@keras.saving.register_keras_serializable("dlzoo")
class SeparableBlock(layers.Layer):
    """`DepthwiseConvBN`, then a 1x1 `ConvBN`, both with the activation.

    (`DepthwiseSeparableConv2D` is the same two convolutions without anything between.)

    Args:
        filters: Output channels.
        strides: Step of the depthwise convolution.
        kernel_size: Side of the depthwise kernel.
        activation: After both.
        padding, epsilon, momentum: As in `ConvBN`.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, out_height, out_width, filters)`, sides as in `ConvBN`.

    Example:
        >>> SeparableBlock(24, strides=2).compute_output_shape((1, 8, 8, 16))
        (1, 4, 4, 24)
    """

    def __init__(
        self,
        filters,
        strides=1,
        *,
        kernel_size=3,
        activation="relu6",
        padding="symmetric",
        epsilon=1e-5,
        momentum=0.9,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.strides = strides
        self.kernel_size = kernel_size
        self.activation = keras.activations.get(activation)
        self.padding = padding
        self.epsilon = epsilon
        self.momentum = momentum
        common = {
            "activation": self.activation,
            "padding": padding,
            "epsilon": epsilon,
            "momentum": momentum,
            "dtype": self.dtype_policy,
        }
        self.depthwise = DepthwiseConvBN(kernel_size, strides, name="depthwise", **common)
        self.pointwise = ConvBN(filters, 1, name="pointwise", **common)

    def build(self, input_shape):
        self.depthwise.build(input_shape)
        self.pointwise.build(self.depthwise.compute_output_shape(input_shape))

    def call(self, x, training=None):
        return self.pointwise(self.depthwise(x, training=training), training=training)

    def compute_output_shape(self, input_shape):
        shape = self.depthwise.compute_output_shape(input_shape)
        return *shape[:3], self.filters

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "strides": self.strides,
            "kernel_size": self.kernel_size,
            "activation": keras.activations.serialize(self.activation),
            "padding": self.padding,
            "epsilon": self.epsilon,
            "momentum": self.momentum,
        }
