"""What a network saw inside a box, as a small map of one size: without rounding."""

import math

import keras
from keras import layers, ops

from dlzoo._boxes.overlap import area
from dlzoo._checks import check_pair, check_positive_int

CANONICAL = 224  # pixels: a box of this side is read from the level of stride 16
ROUNDING = 1e-6  # so that a box of exactly a power of two times that does not fall below


@keras.saving.register_keras_serializable("dlzoo")
class RoIAlign(layers.Layer):
    """Bilinear samples inside each of `size` x `size` bins of a box, averaged.

    He et al. 2017, https://arxiv.org/abs/1703.06870, section 3; the numbers of torchvision's
    `roi_align`. With several strides, each box is read from one level of a feature pyramid,
    the larger the coarser: `floor(4 + log2(sqrt(area) / 224))`, Lin et al. 2017,
    https://arxiv.org/abs/1612.03144, eq. 1; as torchvision's `MultiScaleRoIAlign`.

    Args:
        size: Of the output, a number or `(height, width)`.
        strides: Pixels of the image a step on each map, finest first: powers of two.
        sampling: Samples a bin in each direction; 0 for `ceil(bin)`, which takes far more
            memory.
        aligned: Shift by half a step, so that a sample at the middle of a pixel is that pixel
            (Detectron2); torchvision's detectors were trained without.

    Input: A list `[boxes, map, ...]`: boxes `(batch, n, 4)` in pixels of the image, and a map
        `(batch, height, width, channels)` for each stride.
    Output: `(batch, n, height of size, width of size, channels)`. Samples more than a step
        outside a map are 0. Boxes get no gradient.

    Raises:
        ValueError: `strides` are no rising powers of two, or not as many as there are maps.

    Example:
        >>> ramp = ops.reshape(ops.arange(16, dtype="float32"), (1, 4, 4, 1))
        >>> boxes = ops.convert_to_tensor([[[0.0, 0.0, 8.0, 8.0]]])
        >>> found = RoIAlign(2, strides=(2,), aligned=True)([boxes, ramp])
        >>> ops.convert_to_numpy(found)[0, 0, :, :, 0]
        array([[ 2.5,  4.5],
               [10.5, 12.5]], dtype=float32)
    """

    def __init__(self, size=7, strides=(4, 8, 16, 32), sampling=2, aligned=False, **kwargs):
        # mixed precision would round boxes to whole pixels
        super().__init__(**{"autocast": False} | kwargs)
        self.size = check_pair("RoIAlign", "size", size)
        check_positive_int("RoIAlign", "sampling", sampling, minimum=0)
        self.strides = tuple(strides)
        self.levels = [math.log2(stride) for stride in self.strides if stride > 0]
        rising = sorted(set(self.levels)) == self.levels != []
        if not rising or len(self.levels) < len(strides) or any(n % 1 for n in self.levels):
            raise ValueError(
                f"RoIAlign: strides must be powers of two, the finest first; got {strides!r}."
            )
        self.sampling = sampling
        self.aligned = aligned

    def build(self, input_shape):
        if len(input_shape) != 1 + len(self.strides):
            raise ValueError(
                f"{self.name}: there must be a map for each of the strides {self.strides}; "
                f"got {len(input_shape) - 1}."
            )

    def call(self, inputs):
        boxes, *maps = inputs
        boxes = ops.stop_gradient(ops.cast(boxes, "float32"))
        level = self._level(boxes)
        if not self.sampling:
            found = [
                _pooled(each, self._bins(boxes, stride), self.size)
                for each, stride in zip(maps, self.strides, strict=True)
            ]
            return sum(
                ops.where((level == place)[..., None, None, None], each, 0.0)
                for place, each in enumerate(found)
            )
        return self._sampled(boxes, maps, level)

    def _level(self, boxes):
        """The place among `strides` of the map that each box is read from."""
        sides = ops.maximum(ops.sqrt(area(boxes)), 1e-6)
        level = ops.floor(4 + ops.log2(sides / CANONICAL) + ROUNDING)
        level = ops.clip(level, self.levels[0], self.levels[-1])
        known = ops.convert_to_tensor(self.levels, "float32")
        return ops.sum(ops.cast(level[..., None] >= known, "int32"), axis=-1) - 1

    def _bins(self, boxes, stride):
        """First edge and length of the bins on an axis, in steps: y, then x."""
        boxes = boxes / ops.cast(stride, "float32") - (0.5 if self.aligned else 0.0)
        for axis, bins in ((1, self.size[0]), (0, self.size[1])):
            side = boxes[..., axis + 2] - boxes[..., axis]
            if not self.aligned:
                side = ops.maximum(side, 1.0)
            yield boxes[..., axis], side / bins

    def _sampled(self, boxes, maps, level):
        """`sampling` samples a bin, from all maps laid end to end: one gather for a corner."""
        shapes = [ops.shape(each) for each in maps]
        flat = [ops.reshape(x, (s[0], s[1] * s[2], s[3])) for x, s in zip(maps, shapes)]  # noqa: B905
        flat = ops.concatenate(flat, axis=1)
        batch, places, channels = ops.shape(flat)
        flat = ops.reshape(flat, (batch * places, channels))
        starts = [0]
        for shape in shapes[:-1]:
            starts.append(starts[-1] + shape[1] * shape[2])
        heights, widths, starts, strides = (
            ops.take(ops.convert_to_tensor(each, dtype="int32"), level)
            for each in (
                [shape[1] for shape in shapes],
                [shape[2] for shape in shapes],
                starts,
                self.strides,
            )
        )
        starts = starts + ops.arange(batch, dtype="int32")[:, None] * places
        (top, high), (left, wide) = self._bins(boxes, strides[..., None])
        down = list(self._samples(top, high, self.size[0], heights))
        across = list(self._samples(left, wide, self.size[1], widths))
        total = 0.0
        for y, part_y in down:
            row = starts[..., None] + y * widths[..., None]
            for x, part_x in across:
                place = row[..., :, None] + x[..., None, :]
                part = part_y[..., :, None] * part_x[..., None, :]
                part = ops.cast(part[..., None], flat.dtype)
                total = total + ops.take(flat, place, axis=0) * part
        return total / self.sampling**2

    def _samples(self, start, step, bins, side):
        """Pixel `(batch, n, bins)` and its part, for both neighbours of each sample."""
        edges = ops.arange(bins, dtype="float32")
        for sample in range(self.sampling):
            at = edges + (sample + 0.5) / self.sampling
            at = start[..., None] + at * step[..., None]
            yield from _neighbours(at, ops.cast(side, "float32")[..., None])

    def compute_output_shape(self, input_shape):
        boxes, *maps = input_shape
        return *boxes[:2], *self.size, maps[0][-1]

    def compute_output_spec(self, inputs):
        shape = self.compute_output_shape([each.shape for each in inputs])
        return keras.KerasTensor(shape, inputs[1].dtype)

    def get_config(self):
        return super().get_config() | {
            "size": self.size,
            "strides": self.strides,
            "sampling": self.sampling,
            "aligned": self.aligned,
        }


def _neighbours(at, side):
    """The pixels below and above a place on an axis of `side`, with their parts."""
    inside = (at >= -1.0) & (at <= side)
    at = ops.clip(at, 0.0, side - 1)
    low = ops.floor(at)
    high = ops.minimum(low + 1, side - 1)
    for pixel, part in ((low, 1 - (at - low)), (high, at - low)):
        yield ops.cast(pixel, "int32"), ops.where(inside, part, 0.0)


def _pooled(features, bins, size):
    """As many samples as a bin has steps: `(batch, n, height, width, channels)`."""
    (y, high), (x, wide) = bins
    _, height, width, _ = ops.shape(features)
    down = _mean_weights(y, high, size[0], height)
    across = _mean_weights(x, wide, size[1], width)
    down, across = (ops.cast(each, features.dtype) for each in (down, across))
    rows = ops.einsum("bpiy,byxc->bpixc", down, features)
    return ops.einsum("bpjx,bpixc->bpijc", across, rows)


def _mean_weights(start, step, bins, side):
    """How much each pixel of an axis counts in each bin: `(batch, n, bins, side)`."""
    count = ops.maximum(ops.ceil(step), 1.0)[..., None, None]
    sample = ops.arange(side, dtype="float32")
    at = ops.arange(bins, dtype="float32")[:, None] + (sample + 0.5) / count
    at = start[..., None, None] + at * step[..., None, None]
    counts = sample < count
    weights = 0.0
    pixels = ops.arange(side, dtype="int32")
    for pixel, part in _neighbours(at, ops.cast(side, "float32")):
        part = ops.where(counts, part, 0.0)
        weights = weights + ops.sum(
            ops.where(pixel[..., None] == pixels, part[..., None], 0.0), axis=-2
        )
    return weights / count[..., 0][..., None]
