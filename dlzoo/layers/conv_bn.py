"""Convolution, batch normalisation, activation: the brick of every network since 2015."""

import keras
from keras import layers, ops

from dlzoo._checks import check_choice, check_pair
from dlzoo.layers.arithmetic import output_side, zeros_around
from dlzoo.layers.batch_normalization import BatchNormalization
from dlzoo.layers.prelu import PReLU, read_activation, write_activation

PADDINGS = ("end", "same", "symmetric", "valid")

# He et al. 2015 (arXiv:1502.01852), as torchvision draws it: by the outputs of a kernel.
HE_NORMAL = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "untruncated_normal"},
}


@keras.saving.register_keras_serializable("dlzoo")
class ConvBN(layers.Layer):
    """`activation(batch_normalization(convolution(x)))`, with padding that is stated.

    Where a convolution strides, the ways to pad are different functions of the same kernel,
    so weights of one do not work with another. They are stated here and nowhere else:

    - `"symmetric"`: `k // 2` zeros on all four sides (Caffe, PyTorch, the papers);
    - `"same"`: as few zeros as give `ceil(side / strides)`, the odd one at the bottom and
      right (TensorFlow);
    - `"end"`: `k // 2` zeros at the bottom and right only (keras.applications' MobileNet);
      with 3x3 and strides 2 it is `"same"` on even sides, and loses a pixel on odd ones;
    - `"valid"`: none.

    At strides 1 and odd kernels the first three are the same: `k // 2` zeros on all sides.

    Args:
        filters: Number of output channels.
        kernel_size: Side of the kernel, or `(height, width)`.
        strides: Step, the same in both directions.
        padding: `"symmetric"`, `"same"`, `"end"` or `"valid"`.
        activation: A name known to Keras, `"prelu"` for a `PReLU` of its own, or None.
        use_bias: Add a bias before the normalisation. It has no effect on what can be
            learnt; files of keras.applications contain it.
        epsilon, momentum: Of the batch normalisation.

    Input: `(batch, height, width, channels)`.
    Output: `(batch, out_height, out_width, filters)`, sides as `output_side` says.

    Example:
        >>> ConvBN(8, 3, strides=2, padding="symmetric").compute_output_shape(
        ...     (1, 7, 8, 3))
        (1, 4, 4, 8)
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        *,
        padding="symmetric",
        activation="relu",
        use_bias=False,
        epsilon=1e-5,
        momentum=0.9,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_choice(type(self).__name__, "padding", padding, PADDINGS)
        self.filters = filters
        self.kernel_size = check_pair(type(self).__name__, "kernel_size", kernel_size)
        self.strides = strides
        self.padding = padding
        self.activation = read_activation(activation)
        self.use_bias = use_bias
        self.epsilon = epsilon
        self.momentum = momentum
        self.conv = self._convolution()
        self.bn = BatchNormalization(momentum, epsilon, dtype=self.dtype_policy, name="bn")
        self.prelu = None
        if not callable(self.activation):
            self.prelu = PReLU(dtype=self.dtype_policy, name=self.activation)

    def build(self, input_shape):
        self.conv.build(self._padded(input_shape))
        output_shape = self.compute_output_shape(input_shape)
        self.bn.build(output_shape)
        if self.prelu is not None:
            self.prelu.build(output_shape)

    def call(self, x, training=None):
        x, bias = self._convolve(self._pad(x))
        activate = self.activation if self.prelu is None else self.prelu
        return activate(self.bn(x, training=training, bias=bias))

    def compute_output_shape(self, input_shape):
        padding = self.padding if self._explicit else "same"
        rows, columns = (
            output_side(side, kernel, self.strides, padding)
            for side, kernel in zip(input_shape[1:3], self.kernel_size, strict=True)
        )
        return input_shape[0], rows, columns, self.filters or input_shape[3]

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "activation": write_activation(self.activation),
            "use_bias": self.use_bias,
            "epsilon": self.epsilon,
            "momentum": self.momentum,
        }

    def _convolution(self):
        return layers.Conv2D(
            self.filters,
            self.kernel_size,
            self.strides,
            padding="valid" if self._explicit else "same",
            use_bias=self.use_bias,
            kernel_initializer=HE_NORMAL,
            dtype=self.dtype_policy,
            name="conv",
        )

    def _convolve(self, x):
        """The convolution and its bias, which the normalisation adds at no cost."""
        return self.conv.convolution_op(x, self.conv.kernel), self.conv.bias

    @property
    def _explicit(self):
        """Whether zeros are added here, or none at all.

        At strides 1 and odd kernels the kinds that add some agree.
        """
        odd = all(side % 2 for side in self.kernel_size)
        agree = self.strides == 1 and odd and self.padding != "valid"
        return self.padding != "same" and not agree

    @property
    def _zeros(self):
        """Zeros before and after, for rows and for columns."""
        return tuple(zeros_around(side, self.padding) for side in self.kernel_size)

    def _pad(self, x):
        if not self._explicit or not any(map(any, self._zeros)):
            return x
        return ops.pad(x, ((0, 0), *self._zeros, (0, 0)))

    def _padded(self, shape):
        if not self._explicit:
            return tuple(shape)
        rows, columns = (
            None if side is None else side + sum(zeros)
            for side, zeros in zip(shape[1:3], self._zeros, strict=True)
        )
        return shape[0], rows, columns, shape[3]


@keras.saving.register_keras_serializable("dlzoo")
class DepthwiseConvBN(ConvBN):
    """`ConvBN` whose convolution filters each channel by itself.

    Arguments, padding and shapes as in `ConvBN`, except that there is no `filters`: the
    output has as many channels as the input.

    Example:
        >>> DepthwiseConvBN(3, strides=2).compute_output_shape((1, 8, 8, 16))
        (1, 4, 4, 16)
    """

    def __init__(self, kernel_size, strides=1, **kwargs):
        super().__init__(None, kernel_size, strides, **kwargs)

    def get_config(self):
        config = super().get_config()
        del config["filters"]
        return config

    def _convolution(self):
        return layers.DepthwiseConv2D(
            self.kernel_size,
            self.strides,
            padding="valid" if self._explicit else "same",
            use_bias=self.use_bias,
            depthwise_initializer=HE_NORMAL,
            dtype=self.dtype_policy,
            name="conv",
        )

    def _convolve(self, x):
        return self.conv(x), None
