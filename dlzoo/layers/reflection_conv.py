"""The brick of networks that paint: mirrored border, convolution, instance normalisation.

Where a picture has to grow it is enlarged first (each pixel repeated) and convolved then. A
transposed convolution of the same size overlaps unevenly and paints a checkerboard (Odena,
Dumoulin and Olah 2016, https://doi.org/10.23915/distill.00003).
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_positive_int
from dlzoo.layers.arithmetic import output_side
from dlzoo.layers.instance_normalization import InstanceNormalization
from dlzoo.layers.reflection_padding import reflect


@keras.saving.register_keras_serializable("dlzoo")
class ReflectionConv2D(layers.Layer):
    """`activation(norm(convolution(mirrored(enlarged(x)))))`.

    Args:
        filters: Number of output channels.
        kernel_size: Side of the kernel, odd; half of it is mirrored around the picture.
        strides: Step of the convolution.
        upsample: How many times each pixel is repeated in both directions, before.
        normalise: With `InstanceNormalization` after the convolution.
        activation: A name known to Keras, or None.
        kernel_initializer, bias_initializer: Of the convolution.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, out_height, out_width, filters)`, a side of n pixels becoming
        `ceil(n * upsample / strides)`.

    Raises:
        ValueError: A number is none, or the kernel has an even side.

    Example:
        >>> ReflectionConv2D(8, 3, strides=2).compute_output_shape((1, 7, 8, 3))
        (1, 4, 4, 8)
        >>> ReflectionConv2D(8, 3, upsample=2).compute_output_shape((1, 7, 8, 3))
        (1, 14, 16, 8)
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        *,
        upsample=1,
        normalise=True,
        activation="relu",
        kernel_initializer="he_normal",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        who = type(self).__name__
        check_positive_int(who, "filters", filters)
        check_positive_int(who, "kernel_size", kernel_size)
        check_positive_int(who, "strides", strides)
        check_positive_int(who, "upsample", upsample)
        if kernel_size % 2 == 0:
            raise ValueError(
                f"{who}: kernel_size must be odd, because half of it is mirrored on each "
                f"side; got {kernel_size}."
            )
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.upsample = upsample
        self.normalise = normalise
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.conv = layers.Conv2D(
            filters,
            kernel_size,
            strides,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            dtype=self.dtype_policy,
            name="conv",
        )
        self.norm = (
            InstanceNormalization(dtype=self.dtype_policy, name="norm") if normalise else None
        )

    def build(self, input_shape):
        self.conv.build((None, None, None, input_shape[-1]))
        if self.norm is not None:
            self.norm.build((None, None, None, self.filters))

    def call(self, x):
        if self.upsample > 1:
            x = ops.repeat(ops.repeat(x, self.upsample, axis=1), self.upsample, axis=2)
        x = self.conv(reflect(x, self.kernel_size // 2))
        return self.activation(x if self.norm is None else self.norm(x))

    def compute_output_shape(self, input_shape):
        rows, columns = (
            output_side(
                None if side is None else side * self.upsample,
                self.kernel_size,
                self.strides,
                "symmetric",
            )
            for side in input_shape[1:3]
        )
        return input_shape[0], rows, columns, self.filters

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "upsample": self.upsample,
            "normalise": self.normalise,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
