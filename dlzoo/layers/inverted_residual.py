"""The block of MobileNetV2: narrow, wide, narrow, with the shortcut between the narrow ends.

Source: Sandler et al. 2018, https://arxiv.org/abs/1801.04381, Figure 4d and Table 1.
"""

import keras
from keras import layers

from dlzoo.layers.conv_bn import ConvBN, DepthwiseConvBN
from dlzoo.layers.prelu import read_activation, write_activation


@keras.saving.register_keras_serializable("dlzoo")
class InvertedResidual(layers.Layer):
    """1x1 expansion, depthwise convolution, linear 1x1 projection, shortcut where it fits.

    The input is added to the output when strides is 1 and the channels agree; the layer
    finds out from its input.

    Args:
        filters: Output channels.
        strides: Step of the depthwise convolution.
        expansion: Width of the middle, in units of the input's channels; with 1 there is
            no expanding convolution.
        kernel_size: Side of the depthwise kernel.
        activation: After expansion and depthwise convolution; the projection is linear,
            because a ReLU would destroy information in so few channels (section 3.2).
        padding, epsilon, momentum: As in `ConvBN`.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, ceil(height / strides), ceil(width / strides), filters)`.

    Example:
        >>> InvertedResidual(24, strides=2).compute_output_shape((1, 8, 8, 16))
        (1, 4, 4, 24)
    """

    def __init__(
        self,
        filters,
        strides=1,
        *,
        expansion=6,
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
        self.expansion = expansion
        self.kernel_size = kernel_size
        self.activation = read_activation(activation)
        self.padding = padding
        self.epsilon = epsilon
        self.momentum = momentum
        self.expand = None
        self.depthwise = DepthwiseConvBN(
            kernel_size, strides, **self._common("depthwise", self.activation)
        )
        self.project = ConvBN(filters, 1, **self._common("project", None))
        self.add_input = False

    def build(self, input_shape):
        channels = input_shape[-1]
        self.add_input = self.strides == 1 and channels == self.filters
        if self.expansion != 1:
            # The width is known only now, so this layer is made only now.
            self.expand = ConvBN(
                channels * self.expansion, 1, **self._common("expand", self.activation)
            )
        for layer in self._branch():
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, x, training=None):
        shortcut = x
        for layer in self._branch():
            x = layer(x, training=training)
        return x + shortcut if self.add_input else x

    def compute_output_shape(self, input_shape):
        shape = self.depthwise.compute_output_shape(input_shape)
        return *shape[:3], self.filters

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "strides": self.strides,
            "expansion": self.expansion,
            "kernel_size": self.kernel_size,
            "activation": write_activation(self.activation),
            "padding": self.padding,
            "epsilon": self.epsilon,
            "momentum": self.momentum,
        }

    def _branch(self):
        branch = (self.expand, self.depthwise, self.project)
        return tuple(layer for layer in branch if layer is not None)

    def _common(self, name, activation):
        return {
            "activation": activation,
            "padding": self.padding,
            "epsilon": self.epsilon,
            "momentum": self.momentum,
            "dtype": self.dtype_policy,
            "name": name,
        }
