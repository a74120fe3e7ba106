"""Which windows of an image the places of a feature map are about."""

import keras
import numpy as np

from dlzoo._checks import check_pair
from dlzoo.layers.inside import sublayers


@keras.saving.register_keras_serializable("dlzoo")
class WindowGrid(keras.layers.Layer):
    """Passes scores of windows through unchanged and says where the windows are.

    The score at row r and column c is of the window whose upper left corner is the pixel
    `(r * stride_y, c * stride_x)`.

    Args:
        window: Height and width of a window in pixels, or one number.
        stride: Pixels from a window to the next, down and across, or one number.

    Input and output: `(batch, rows, columns, scores)`.

    Example:
        >>> WindowGrid(14, 2).boxes(1, 2)
        array([[ 0.,  0., 14., 14.],
               [ 2.,  0., 16., 14.]], dtype=float32)
    """

    def __init__(self, window, stride, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.window = check_pair("WindowGrid", "window", window)
        self.stride = check_pair("WindowGrid", "stride", stride)

    def build(self, input_shape):
        pass

    def call(self, scores):
        return scores

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"window": self.window, "stride": self.stride}

    def boxes(self, rows: int, columns: int) -> np.ndarray:
        """The windows of a map of scores, row by row: `(rows * columns, 4)` in pixels."""
        y = np.arange(rows) * self.stride[0]
        x = np.arange(columns) * self.stride[1]
        y, x = (side.ravel() for side in np.meshgrid(y, x, indexing="ij"))
        height, width = self.window
        return np.stack([x, y, x + width, y + height], axis=-1).astype("float32")


def window_grid_inside(model: keras.Model) -> WindowGrid | None:
    """Where the windows of a model's scores are, or None if it says nothing."""
    found = [layer for layer in sublayers(model) if isinstance(layer, WindowGrid)]
    return found[0] if found else None
