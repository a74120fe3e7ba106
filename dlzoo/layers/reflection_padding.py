"""Padding with the picture's own mirror image, which leaves no dark border."""

import keras
from keras import layers, ops

from dlzoo._checks import check_positive_int


@keras.saving.register_keras_serializable("dlzoo")
class ReflectionPadding2D(layers.Layer):
    """Mirrors the border outwards, the outermost pixel not repeated: `c b | a b c | b a`.

    Zeros around a picture are an edge that the network sees and paints; this is none. It is
    `torch.nn.ReflectionPad2d`.

    Args:
        padding: Pixels on each of the four sides.

    Input:  `(batch, height, width, channels)`, sides larger than `padding`.
    Output: `(batch, height + 2 * padding, width + 2 * padding, channels)`.

    Raises:
        ValueError: `padding` is no whole number, or a side is too small to be mirrored.

    Example:
        >>> row = keras.ops.reshape([1.0, 2.0, 3.0], (1, 1, 3, 1))
        >>> square = keras.ops.repeat(row, 3, axis=1)
        >>> print(keras.ops.convert_to_numpy(ReflectionPadding2D(2)(square))[0, 0, :, 0])
        [3. 2. 1. 2. 3. 2. 1.]
    """

    def __init__(self, padding=1, **kwargs):
        super().__init__(**kwargs)
        check_positive_int("ReflectionPadding2D", "padding", padding, minimum=0)
        self.padding = padding

    def build(self, input_shape):
        for word, side in zip(("height", "width"), input_shape[1:3], strict=True):
            if side is not None and side <= self.padding:
                raise ValueError(
                    f"{self.name}: {word} must be more than padding={self.padding} pixels, "
                    f"because that many are mirrored; got {side}."
                )

    def call(self, x):
        return reflect(x, self.padding)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        around = 2 * self.padding
        rows, columns = (None if side is None else side + around for side in (height, width))
        return batch, rows, columns, channels

    def get_config(self):
        return super().get_config() | {"padding": self.padding}


def reflect(x, padding):
    """`ReflectionPadding2D` of a tensor."""
    if not padding:
        return x
    around = (padding, padding)
    return ops.pad(x, ((0, 0), around, around, (0, 0)), mode="reflect")
