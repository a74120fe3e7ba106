"""Bilinear upsampling whose corners stay where they are."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("dlzoo")
class CornerUpsampling2D(layers.Layer):
    """Doubles both sides; the outermost pixels of both grids lie on each other.

    PyTorch's `Upsample(scale_factor=2, mode="bilinear", align_corners=True)`, which older
    networks were trained with. `keras.layers.UpSampling2D` halves pixels instead, as PyTorch
    does by default.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, 2 * height, 2 * width, channels)`.

    Example:
        >>> x = ops.reshape([0.0, 3.0], (1, 1, 2, 1))
        >>> ops.convert_to_numpy(CornerUpsampling2D()(x))[0, 0, :, 0].round(3)
        array([0., 1., 2., 3.], dtype=float32)
    """

    def build(self, input_shape):
        pass

    def call(self, x):
        height, width = ops.shape(x)[1:3]
        x = ops.einsum("oh,bhwc->bowc", _weights(height, x.dtype), x)
        return ops.einsum("pw,bowc->bopc", _weights(width, x.dtype), x)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        rows, columns = (side and 2 * side for side in (height, width))
        return batch, rows, columns, channels


def _weights(side, dtype):
    """What each old pixel is to each new one, `(2 * side, side)`; a row adds up to 1."""
    new = ops.arange(2 * side, dtype="float32")
    side_ = ops.cast(side, "float32")
    places = new * ((side_ - 1) / (2 * side_ - 1))
    gaps = ops.abs(places[:, None] - ops.arange(side, dtype="float32"))
    return ops.cast(ops.maximum(1 - gaps, 0.0), dtype)
