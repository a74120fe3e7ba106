"""Sides that can be halved several times without a rest."""

import keras
from keras import layers, ops

from dlzoo._checks import check_positive_int


@keras.saving.register_keras_serializable("dlzoo")
class PadToMultiple(layers.Layer):
    """Repeats the last row and column until both sides are multiples, and at least two.

    Args:
        multiple: In pixels.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, rows, columns, channels)`, a side of n pixels becoming
        `multiple * max(2, ceil(n / multiple))`. `CropLike` undoes it.

    Raises:
        ValueError: `multiple` is no positive whole number.

    Example:
        >>> PadToMultiple(8).compute_output_shape((1, 3, 17, 3))
        (1, 16, 24, 3)
    """

    def __init__(self, multiple, **kwargs):
        super().__init__(**kwargs)
        check_positive_int("PadToMultiple", "multiple", multiple)
        self.multiple = multiple

    def build(self, input_shape):
        pass

    def call(self, x):
        for axis in (1, 2):
            side = ops.shape(x)[axis]
            places = ops.arange(self._padded(side), dtype="int32")
            x = ops.take(x, ops.minimum(places, side - 1), axis=axis)
        return x

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        rows, columns = (
            None if side is None else self._padded(side) for side in (height, width)
        )
        return batch, rows, columns, channels

    def get_config(self):
        return super().get_config() | {"multiple": self.multiple}

    def _padded(self, side):
        cells = (side + self.multiple - 1) // self.multiple
        least = max(2, cells) if isinstance(cells, int) else ops.maximum(2, cells)
        return self.multiple * least
