"""The residual blocks of He et al. 2015: a branch of convolutions added to a shortcut.

Two blocks, as the course draws them: the identity block, whose shortcut is its input, and
the convolutional block, whose shortcut is a 1x1 projection to the new shape. Each comes
plain (two 3x3 convolutions; ResNet-18 and 34) or as a bottleneck (1x1 reduce, 3x3, 1x1
expand to four times the filters; ResNet-50, 101, 152). `residual_block` chooses.

Source: https://arxiv.org/abs/1512.03385, Figures 2 and 5.
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_choice
from dlzoo.layers.conv_bn import ConvBN

EXPANSION = 4  # output channels of a bottleneck, in units of its 3x3 convolution's


class ResidualBlock(layers.Layer):
    """What both blocks share: the branch, and `relu(branch(x) + shortcut(x))`.

    Args:
        filters: Channels of the 3x3 convolutions.
        strides: Step of the block.
        bottleneck: 1x1, 3x3, 1x1 instead of 3x3, 3x3.
        stride_on: Which convolution of a bottleneck strides: `"conv"`, the 3x3
            (torchvision's "v1.5", more accurate), or `"reduce"`, the first 1x1 (the paper
            and keras.applications).
        use_bias, epsilon, momentum: As in `ConvBN`.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, ceil(height / strides), ceil(width / strides), out)`, `out` being
        `filters`, or `4 * filters` of a bottleneck.
    """

    def __init__(
        self,
        filters,
        strides=1,
        *,
        bottleneck=True,
        stride_on="conv",
        use_bias=False,
        epsilon=1e-5,
        momentum=0.9,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_choice(type(self).__name__, "stride_on", stride_on, ("conv", "reduce"))
        self.filters = filters
        self.strides = strides
        self.bottleneck = bottleneck
        self.stride_on = stride_on
        self.use_bias = use_bias
        self.epsilon = epsilon
        self.momentum = momentum
        if bottleneck:
            first, second = (strides, 1) if stride_on == "reduce" else (1, strides)
            self.reduce = self._conv("reduce", 1, first)
            self.conv = self._conv("conv", 3, second)
            self.expand = self._conv("expand", 1, filters=self.out, activation=None)
        else:
            self.conv1 = self._conv("conv1", 3, strides)
            self.conv2 = self._conv("conv2", 3, activation=None)

    @property
    def branch(self):
        """The convolutions beside the shortcut, in order."""
        if self.bottleneck:
            return self.reduce, self.conv, self.expand
        return self.conv1, self.conv2

    @property
    def out(self):
        """Number of output channels."""
        return self.filters * (EXPANSION if self.bottleneck else 1)

    def build(self, input_shape):
        for layer in self.branch:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, x, training=None):
        shortcut = self.shortcut(x, training=training)
        for layer in self.branch:
            x = layer(x, training=training)
        return ops.relu(x + shortcut)

    def compute_output_shape(self, input_shape):
        for layer in self.branch:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "strides": self.strides,
            "bottleneck": self.bottleneck,
            "stride_on": self.stride_on,
            "use_bias": self.use_bias,
            "epsilon": self.epsilon,
            "momentum": self.momentum,
        }

    def shortcut(self, x, training=None):
        """What is added to the branch."""
        return x

    def _conv(self, name, kernel_size, strides=1, *, filters=None, activation="relu"):
        return ConvBN(
            filters or self.filters,
            kernel_size,
            strides,
            activation=activation,
            use_bias=self.use_bias,
            epsilon=self.epsilon,
            momentum=self.momentum,
            dtype=self.dtype_policy,
            name=name,
        )


@keras.saving.register_keras_serializable("dlzoo")
class IdentityBlock(ResidualBlock):
    """Residual block whose shortcut is its input, unchanged.

    Arguments as in `ResidualBlock`; `strides` is 1.

    Raises:
        ValueError: The input has another number of channels than the output.

    Example:
        >>> IdentityBlock(16).compute_output_shape((1, 8, 8, 64))
        (1, 8, 8, 64)
    """

    def build(self, input_shape):
        if self.strides != 1 or input_shape[-1] != self.out:
            raise ValueError(
                f"{self.name}: input and output of an identity block must have the same "
                f"shape, because they are added; got {input_shape[-1]} channels in, "
                f"{self.out} out, strides={self.strides}. Use ConvolutionalBlock."
            )
        super().build(input_shape)


@keras.saving.register_keras_serializable("dlzoo")
class ConvolutionalBlock(ResidualBlock):
    """Residual block whose shortcut is a 1x1 convolution to the shape of the output.

    Arguments as in `ResidualBlock`.

    Example:
        >>> ConvolutionalBlock(16, strides=2).compute_output_shape((1, 8, 8, 32))
        (1, 4, 4, 64)
    """

    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(filters, strides, **kwargs)
        self.project = self._conv("project", 1, strides, filters=self.out, activation=None)

    def build(self, input_shape):
        self.project.build(input_shape)
        super().build(input_shape)

    def shortcut(self, x, training=None):
        return self.project(x, training=training)


def residual_block(x, filters, strides=1, *, bottleneck=True, **kwargs):
    """Add the block that fits: the identity where shapes agree, else the projection.

    Arguments as in `ResidualBlock`; `x` is the tensor to continue from.

    Example:
        >>> x = keras.Input((8, 8, 64))
        >>> residual_block(x, 16).shape, residual_block(x, 32, strides=2).shape
        ((None, 8, 8, 64), (None, 4, 4, 128))
    """
    out = filters * (EXPANSION if bottleneck else 1)
    same = strides == 1 and x.shape[-1] == out
    block = IdentityBlock if same else ConvolutionalBlock
    return block(filters, strides, bottleneck=bottleneck, **kwargs)(x)
