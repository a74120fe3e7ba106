"""Bilinear upsampling that also knows what to do when a side is known only at run time."""

import keras
from keras import layers, ops

from dlzoo._checks import check_positive_int


@keras.saving.register_keras_serializable("dlzoo")
class BilinearUpsampling2D(layers.Layer):
    """Makes both sides `factor` times as long; pixels are halved, as PyTorch does by default.

    The same numbers as `keras.layers.UpSampling2D(factor, interpolation="bilinear")`, which
    in Keras 3.15 fails inside a TensorFlow graph whose sides are not known: when
    `model.predict` has seen images of three sizes, or in an exported model.

    Args:
        factor: A whole number.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, factor * height, factor * width, channels)`.

    Example:
        >>> x = ops.reshape([0.0, 4.0], (1, 1, 2, 1))
        >>> ops.convert_to_numpy(BilinearUpsampling2D(2)(x))[0, 0, :, 0]
        array([0., 1., 3., 4.], dtype=float32)
    """

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        check_positive_int(type(self).__name__, "factor", factor)
        self.factor = factor

    def build(self, input_shape):
        pass

    def call(self, x):
        height, width = ops.shape(x)[1:3]
        if isinstance(height, int) and isinstance(width, int):
            size = (height * self.factor, width * self.factor)
            return ops.image.resize(
                x, size, interpolation="bilinear", data_format="channels_last"
            )
        return _longer(_longer(x, 1, self.factor), 2, self.factor)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        rows, columns = (side and side * self.factor for side in (height, width))
        return batch, rows, columns, channels

    def get_config(self):
        return super().get_config() | {"factor": self.factor}


def _longer(x, axis, factor):
    """One axis `factor` times as long; each new pixel lies between two old ones."""
    shape = list(ops.shape(x))
    side = shape[axis]
    last = ops.take(x, [0], axis=axis), ops.take(x, ops.reshape(side - 1, (1,)), axis=axis)
    before = ops.concatenate([last[0], _cut(x, axis, 0, -1)], axis=axis)
    behind = ops.concatenate([_cut(x, axis, 1, None), last[1]], axis=axis)
    new = []
    for number in range(factor):
        place = (number + 0.5) / factor - 0.5  # of the new pixel, seen from the old one
        neighbour = before if place < 0 else behind
        new.append((1 - abs(place)) * x + abs(place) * neighbour)
    shape[axis] = side * factor
    return ops.reshape(ops.stack(new, axis=axis + 1), shape)


def _cut(x, axis, first, last):
    return x[(slice(None),) * axis + (slice(first, last),)]
