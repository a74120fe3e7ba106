"""The passthrough of YOLO v2, and the activation of Darknet's networks."""

import keras
from keras import layers, ops

from dlzoo._checks import check_positive_int


@keras.saving.register_keras_serializable("dlzoo")
def leaky_tenth(x):
    """`max(x, x / 10)`, the leaky rectifier of Darknet.

    Example:
        >>> [round(float(y), 6) for y in leaky_tenth(ops.convert_to_tensor([-2.0, 3.0]))]
        [-0.2, 3.0]
    """
    return ops.leaky_relu(x, 0.1)


@keras.saving.register_keras_serializable("dlzoo")
class Reorg(layers.Layer):
    """Darknet's `[reorg]`: what a coarser map sees of a finer one.

    The paper (https://arxiv.org/abs/1612.08242, section 2, "fine-grained features") stacks
    neighbouring pixels into channels. Darknet's program reads the same numbers in another
    order: it takes a map of c channels, height and width for one of c / strides**2 channels and
    `strides` times the sides, whose neighbours it stacks, and takes the result for the smaller
    map. The published weights were trained with that, so it is done here, too.

    Args:
        strides: How much smaller the sides become.

    Input:  `(batch, height, width, channels)`, sides multiples of `strides` and channels of its
        square.
    Output: `(batch, height / strides, width / strides, channels * strides**2)`.

    Raises:
        ValueError: `strides` is no positive whole number, or does not divide a side.

    Example:
        >>> Reorg(2).compute_output_shape((1, 26, 26, 64))
        (1, 13, 13, 256)
    """

    def __init__(self, strides=2, **kwargs):
        super().__init__(**kwargs)
        check_positive_int("Reorg", "strides", strides)
        self.strides = strides

    def build(self, input_shape):
        sides_and_channels = zip(input_shape[1:], (1, 1, self.strides), strict=True)
        for number, factor in sides_and_channels:
            if number is not None and number % (self.strides * factor):
                raise ValueError(
                    f"Reorg: sides must be multiples of {self.strides} and channels of "
                    f"{self.strides**2}, because pixels are stacked; got an input of shape "
                    f"{tuple(input_shape)}."
                )

    def call(self, x):
        step = self.strides
        _, height, width, channels = ops.shape(x)
        x = ops.transpose(x, (0, 3, 1, 2))
        x = ops.reshape(x, (-1, channels // step**2, height, step, width, step))
        x = ops.transpose(x, (0, 3, 5, 1, 2, 4))
        x = ops.reshape(x, (-1, channels * step**2, height // step, width // step))
        return ops.transpose(x, (0, 2, 3, 1))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        rows, columns = (None if n is None else n // self.strides for n in (height, width))
        return batch, rows, columns, channels * self.strides**2

    def get_config(self):
        return super().get_config() | {"strides": self.strides}
