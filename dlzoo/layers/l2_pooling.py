"""Pooling by length: between the average, where all count, and the maximum, where one does.

Source: Schroff, Kalenichenko and Philbin 2015 (FaceNet), https://arxiv.org/abs/1503.03832,
section 3.3; Sermanet, Chintala and LeCun 2012, https://arxiv.org/abs/1204.3968.
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_positive_int
from dlzoo.layers.arithmetic import output_side
from dlzoo.layers.exact import exact_dtype

SMALLEST = 1e-12  # sum of squares under which the root is a straight line


@keras.saving.register_keras_serializable("dlzoo")
class L2Pooling2D(layers.Layer):
    """`sqrt(sum of squares)` over each window, without padding.

    It is `torch.nn.LPPool2d(2, pool_size, strides)`. Where a window is all zeros, as after a
    rectifier, its gradient is zero; the plain root has none there. The arithmetic is float32
    under mixed precision.

    Args:
        pool_size: Side of the window.
        strides: Its step; None for `pool_size`.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, out_height, out_width, channels)`, sides as `output_side` says.

    Raises:
        ValueError: A number is not a positive whole one.

    Example:
        >>> x = keras.ops.reshape([3.0, 0.0, 4.0, 0.0], (1, 2, 2, 1))
        >>> float(L2Pooling2D(2)(x)[0, 0, 0, 0])
        5.0
    """

    def __init__(self, pool_size, strides=None, **kwargs):
        super().__init__(**kwargs)
        strides = pool_size if strides is None else strides
        check_positive_int("L2Pooling2D", "pool_size", pool_size)
        check_positive_int("L2Pooling2D", "strides", strides)
        self.pool_size = pool_size
        self.strides = strides

    def build(self, input_shape):
        pass

    def call(self, x):
        squares = ops.square(ops.cast(x, exact_dtype(x.dtype)))
        mean = ops.average_pool(
            squares, self.pool_size, self.strides, "valid", data_format="channels_last"
        )
        total = mean * self.pool_size**2
        root = total * ops.rsqrt(ops.maximum(total, SMALLEST))
        return ops.cast(root, x.dtype)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = (output_side(side, self.pool_size, self.strides) for side in (height, width))
        return batch, *sides, channels

    def get_config(self):
        return super().get_config() | {"pool_size": self.pool_size, "strides": self.strides}
