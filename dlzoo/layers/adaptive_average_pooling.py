"""Average pooling to a fixed number of cells, whatever the size of the feature map."""

import keras
from keras import ops

from dlzoo._checks import check_pair


@keras.saving.register_keras_serializable("dlzoo")
class AdaptiveAveragePooling2D(keras.layers.Layer):
    """The mean of each cell of a grid of `output_size` laid over the feature map.

    Of a side of `n` pixels, cell `i` of `m` covers those from `floor(i * n / m)` to
    `ceil((i + 1) * n / m)`, the last excluded: neighbours overlap by a pixel where `m` does
    not divide `n`, and repeat pixels where it is larger. That is PyTorch's rule. Keras's own
    layer needs sides that are known when the network is built; here they may be `None`.

    Args:
        output_size: Cells a side, or `(height, width)`.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, *output_size, channels)`.

    Example:
        >>> row = keras.ops.reshape(keras.ops.arange(5.0), (1, 1, 5, 1))
        >>> found = AdaptiveAveragePooling2D((1, 3))(row)
        >>> print(keras.ops.convert_to_numpy(found)[0, 0, :, 0])
        [0.5 2.  3.5]
    """

    def __init__(self, output_size, **kwargs):
        super().__init__(**kwargs)
        who = type(self).__name__
        self.output_size = check_pair(who, "output_size", output_size)

    def build(self, input_shape):
        pass

    def call(self, x):
        _, height, width, _ = ops.shape(x)
        rows, columns = self.output_size
        x = ops.einsum("bhwc,rh->brwc", x, _cells(height, rows, x.dtype))
        return ops.einsum("brwc,kw->brkc", x, _cells(width, columns, x.dtype))

    def compute_output_shape(self, input_shape):
        return input_shape[0], *self.output_size, input_shape[3]

    def get_config(self):
        return super().get_config() | {"output_size": self.output_size}


def _cells(side, count, dtype):
    """`(count, side)`: the share of each pixel in each cell."""
    cell = ops.expand_dims(ops.arange(count, dtype="int32"), 1)
    pixel = ops.expand_dims(ops.arange(side, dtype="int32"), 0)
    start = (cell * side) // count
    end = ((cell + 1) * side + count - 1) // count
    inside = ops.cast((pixel >= start) & (pixel < end), dtype)
    return inside / ops.cast(end - start, dtype)
