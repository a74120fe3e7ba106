"""What a network saw inside a box, as a small map of one size: the largest of each bin."""

import math

import keras
from keras import layers, ops

from dlzoo._checks import check_between, check_pair

UNKNOWN_SIDE = 64  # steps that a bin may have where the sides of the map are not known
FAR = 2**20  # pixels; where edges are cut off, far outside of any feature map


@keras.saving.register_keras_serializable("dlzoo")
class RoIPool(layers.Layer):
    """The largest value inside each of `size` x `size` bins of a box, edges rounded.

    Girshick 2015, https://arxiv.org/abs/1504.08083, section 2.1; the numbers of torchvision's
    `roi_pool`. The rounded box reaches from its first to its last pixel, both included; bins
    overlap where it does not divide, and an empty bin is 0.

    Args:
        size: Of the output, a number or `(height, width)`.
        stride: Pixels of the image a step on the map.

    Input: A list `[boxes, map]`: boxes `(batch, n, 4)` in pixels of the image, and the map
        `(batch, height, width, channels)`.
    Output: `(batch, n, height of size, width of size, channels)`. Boxes get no gradient.

    Example:
        >>> ramp = ops.reshape(ops.arange(16, dtype="float32"), (1, 4, 4, 1))
        >>> boxes = ops.convert_to_tensor([[[0.0, 0.0, 6.0, 6.0]]])
        >>> ops.convert_to_numpy(RoIPool(2, stride=2)([boxes, ramp]))[0, 0, :, :, 0]
        array([[ 5.,  7.],
               [13., 15.]], dtype=float32)
    """

    def __init__(self, size=7, stride=16, **kwargs):
        super().__init__(**{"autocast": False} | kwargs)  # boxes stay float32
        self.size = check_pair("RoIPool", "size", size)
        check_between("RoIPool", "stride", stride, 1e-6, 1e6, unit=" pixels")
        self.stride = stride

    def build(self, input_shape):
        pass

    def call(self, inputs):
        boxes, features = inputs
        boxes = ops.stop_gradient(ops.cast(boxes, "float32")) / self.stride
        boxes = ops.sign(boxes) * ops.floor(ops.abs(boxes) + 0.5)  # half away from zero
        axes = []
        for axis, bins in ((1, self.size[0]), (0, self.size[1])):
            side = ops.shape(features)[2 - axis]
            low, high = _edges(boxes[..., axis], boxes[..., axis + 2], bins, side)
            axes.append((low, high, *_runs(low, high, _levels(side, bins))))
        (top, bottom, *rows), (left, right, *columns) = axes
        tables = _tables(features, *(_levels(x, n) for x, n in self._sides(features)))
        found = _largest(tables, rows, columns)
        filled = (bottom > top)[..., :, None] & (right > left)[..., None, :]
        return ops.where(filled[..., None], found, 0.0)

    def _sides(self, features):
        return zip(ops.shape(features)[1:3], self.size, strict=True)

    def compute_output_shape(self, input_shape):
        boxes, features = input_shape
        return *boxes[:2], *self.size, features[-1]

    def compute_output_spec(self, inputs):
        shape = self.compute_output_shape([each.shape for each in inputs])
        return keras.KerasTensor(shape, inputs[1].dtype)

    def get_config(self):
        return super().get_config() | {"size": self.size, "stride": self.stride}


def _edges(first, last, bins, side):
    """First pixel of each bin `(batch, n, bins)`, and the one after its last."""
    # In whole numbers: XLA's quotients are a bit off, and would move an edge by a pixel.
    first, last = (ops.cast(ops.clip(x, -FAR, FAR), "int32") for x in (first, last))
    length = ops.maximum(last - first + 1, 1)[..., None]
    place = ops.arange(bins, dtype="int32")
    low = (place * length) // bins + first[..., None]
    high = ((place + 1) * length + bins - 1) // bins + first[..., None]
    # Not clip: on a map of 6 steps LiteRT's converter takes that for Relu6, of whole numbers.
    return (ops.minimum(ops.where(x > 0, x, 0), side) for x in (low, high))


def _levels(side, bins):
    """How many tables of doubling runs the longest bin needs."""
    longest = math.ceil(side / bins) + 2 if isinstance(side, int) else UNKNOWN_SIDE
    return max(1, math.ceil(math.log2(longest + 1)))


def _runs(low, high, levels):
    """Two runs of 2**level pixels that cover a bin: the level and where each begins."""
    length = ops.maximum(high - low, 1)
    level = sum(ops.cast(length >= 2**power, "int32") for power in range(1, levels))
    level = level + ops.zeros_like(length)
    run = ops.take(ops.convert_to_tensor([2**n for n in range(levels)], "int32"), level)
    return level, low, ops.maximum(high - run, low)


def _tables(features, rows, columns):
    """The largest of every run of `2**i` x `2**j` pixels, `(batch, h, w, rows, columns, c)`.

    A bin of any size is then four look-ups.
    """
    down = _doubled(features, rows, 1)
    tables = [ops.stack(_doubled(each, columns, 2), axis=3) for each in down]
    return ops.stack(tables, axis=3)


def _doubled(x, levels, axis):
    """The largest of 1, 2, 4 ... neighbours on an axis; what is beyond the end is nothing."""
    found = [x]
    for power in range(levels - 1):
        x = found[-1]
        side = ops.shape(x)[axis]
        beyond = ops.take(x, ops.minimum(ops.arange(side) + 2**power, side - 1), axis=axis)
        found.append(ops.maximum(x, beyond))
    return found


def _largest(tables, rows, columns):
    batch, height, width, levels_y, levels_x, channels = ops.shape(tables)
    flat = ops.reshape(tables, (-1, channels))
    level_y, *tops = rows
    level_x, *lefts = columns
    image = ops.arange(batch, dtype="int32")[:, None, None, None]
    level = level_y[..., :, None] * levels_x + level_x[..., None, :]
    found = None
    for top in tops:
        for left in lefts:
            y = ops.minimum(top, height - 1)[..., :, None]
            x = ops.minimum(left, width - 1)[..., None, :]
            place = ((image * height + y) * width + x) * (levels_y * levels_x) + level
            here = ops.take(flat, place, axis=0)
            found = here if found is None else ops.maximum(found, here)
    return found
