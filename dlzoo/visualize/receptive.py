"""Which pixels a place of a feature map can see."""

import math
import weakref
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from dlzoo.layers import ImagePreprocessing
from dlzoo.layers.inside import sublayers
from dlzoo.visualize.backward import averages_for_maxima, signal_at_image
from dlzoo.visualize.observing import (
    Call,
    check_takes_images,
    feature_map,
    image_batch,
    observe,
)

_SIDE = 224  # pixels, of a model that takes any size
_ZERO = ("bias", "beta", "mean")  # in names of vectors; other vectors are factors


@dataclass(frozen=True)
class ReceptiveField:
    """The pixels that a place of a feature map sees: rows first, then columns.

    The place (row, column) sees the rows from `offset[0] + row * stride[0]` on, `size[0]` of
    them, as far as they are in the image; columns likewise.

    Attributes:
        size: Height and width in pixels.
        stride: Pixels from one place to the next.
        offset: First row and column that the first place sees; negative: zeros of padding.
        centre: Row and column in the middle of what the first place sees. With the padding
            of TensorFlow it lies behind the middle of the place's share of the image.
        at_least: The field reaches over the image that was looked at on both sides, so
            that the true size is `size` or more. The boxes are exact all the same.

    Example:
        >>> field = ReceptiveField((7, 7), (2, 2), (-3, -3), (0, 0))
        >>> field.box(0, 5, (32, 32))
        (7, 0, 14, 4)
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    offset: tuple[int, int]
    centre: tuple[float, float]
    at_least: bool = False

    def box(
        self, row: int, column: int, image_size: tuple[int, int]
    ) -> tuple[int, int, int, int]:
        """What a place sees of an image of this height and width: `(x1, y1, x2, y2)`."""
        sides = []
        for axis, place in enumerate((row, column)):
            first = self.offset[axis] + place * self.stride[axis]
            last = min(image_size[axis], first + self.size[axis])
            sides.append((max(0, first), last))
        (top, bottom), (left, right) = sides
        return left, top, right, bottom

    def __str__(self) -> str:
        least = "at least " if self.at_least else ""
        size, stride = (" x ".join(map(str, pair)) for pair in (self.size, self.stride))
        return f"{least}{size} pixels, stride {stride}"


# model -> (number of a call, shape of an image) -> field
_KNOWN: weakref.WeakKeyDictionary[Any, dict[Any, ReceptiveField]] = weakref.WeakKeyDictionary()


def receptive_field(
    model: keras.Model, layer: Any, image_size: tuple[int, int] | None = None
) -> ReceptiveField:
    """Receptive field of a layer, from the network at work.

    Nothing is asked about layers: a signal is sent back to the image from a few places of
    the feature map, and what it reaches is looked at. That nothing may cancel or be cut off
    on the way, the weights are exchanged for positive ones meanwhile, max poolings take
    means, and ReLUs let all pass that is positive. So it holds for residual, nested, dilated
    or oddly padded networks and is what `(size, stride, offset)` by hand would be.

    What passes through a map of one pixel (squeeze and excitation) does not count. Where
    places do not lie at equal distances (adaptive pooling), the field is the whole side.

    Args:
        model: A functional model of images.
        layer: As in `grad_cam`.
        image_size: Height and width of the image, for a model that takes any; None means
            224 x 224.

    Raises:
        ValueError: The model takes no images, the layer gives no feature map.

    Example:
        >>> model = keras.Sequential([keras.Input((32, 32, 3)),
        ...     keras.layers.Conv2D(4, 3, strides=2), keras.layers.Conv2D(4, 3, name="last")])
        >>> print(receptive_field(model, "last"))
        7 x 7 pixels, stride 2 x 2
    """
    check_takes_images("receptive_field", model)
    shape = input_shape(model, image_size)
    image = image_batch("receptive_field", model, np.zeros(shape, "float32"))
    _, calls = observe(model, image)
    return field_of(model, feature_map("receptive_field", model, calls, layer), shape)


def input_shape(
    model: keras.Model, image_size: tuple[int, int] | None = None
) -> tuple[int, ...]:
    """Height, width and channels of an image for `model`; any other size is replaced."""
    shape = model.input_shape
    free = image_size or (_SIDE, _SIDE)
    sides = (side or wanted for side, wanted in zip(shape[1:3], free, strict=True))
    return *sides, shape[3]


def field_of(model: keras.Model, call: Call, shape: tuple[int, ...]) -> ReceptiveField:
    """The field of the call's output on images of this shape; found once for a model."""
    known = _KNOWN.setdefault(model, {})
    key = call.number, tuple(shape)
    if key not in known:
        known[key] = _probe(model, call, shape)
    return known[key]


def _probe(model, call, shape):
    rows, columns = call.output.shape[1:3]
    places = list(zip(*_spread(rows, columns), strict=True))
    signal = np.zeros((len(places), *call.output.shape[1:]), "float32")
    for number, (row, column) in enumerate(places):
        signal[number, row, column] = 1
    # Preprocessing that is inside takes means away; what comes out must be positive.
    raw = any(
        isinstance(each, (ImagePreprocessing, keras.layers.Rescaling))
        for each in sublayers(model)
    )
    images = np.full((len(places), *shape), 255 if raw else 1, "float32")
    with keras.StatelessScope(state_mapping=_positive_weights(model)), averages_for_maxima():
        reached = np.abs(signal_at_image(model, images, call.number, signal, "deconvnet"))
    axes = []
    for axis, numbers in enumerate(zip(*places, strict=True)):
        seen = reached.sum(axis=(2 - axis, 3), dtype="float64")
        axes.append(_law(numbers, seen, call.output.shape[1 + axis]))
    sizes, strides, offsets, centres, least = zip(*axes, strict=True)
    return ReceptiveField(sizes, strides, offsets, centres, any(least))


def _spread(*sides):
    """Places on each axis that tell the law: both ends and the middle, with neighbours."""
    chosen = []
    for side in sides:
        middle = side // 2
        wanted = (0, 1, middle - 1, middle, middle + 1, side - 2, side - 1)
        chosen.append(sorted({min(max(place, 0), side - 1) for place in wanted}))
    longest = max(map(len, chosen))
    return [places + [places[-1]] * (longest - len(places)) for places in chosen]


def _ends(seen):
    """First pixel, and that behind the last; of nothing, an empty range."""
    found = np.flatnonzero(seen)
    return (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)


def _law(places, seen, count):
    """Size, stride, offset, centre and whether the size is only the least, along one axis."""
    ends, side = [_ends(row) for row in seen], seen.shape[1]
    firsts = [(place, first) for place, (first, _) in zip(places, ends, strict=True) if first]
    lasts = [
        (place, last) for place, (_, last) in zip(places, ends, strict=True) if last < side
    ]
    stride = _slope(firsts) or _slope(lasts) or max(1, round(side / count))
    offset = firsts[0][1] - stride * firsts[0][0] if firsts else -stride * (count - 1)
    behind = lasts[0][1] - stride * lasts[0][0] if lasts else side
    for place, found in zip(places, ends, strict=True):
        move = stride * place
        if (max(0, offset + move), min(side, behind + move)) != found:
            # No equal distances: every place gets all.
            reach = stride * (count - 1)
            return side + reach, stride, -reach, (side / count - 1) / 2, True
    if firsts and lasts:
        return behind - offset, stride, offset, (behind + offset - 1) / 2, False
    # What lies behind both borders is little to a place in the middle.
    middle = places.index(count // 2)
    centre = float(seen[middle] @ np.arange(side) / seen[middle].sum())
    return behind - offset, stride, offset, centre - stride * places[middle], True


def _slope(points):
    """Pixels a place, between the two points that are furthest apart."""
    (start, low), (end, high) = (points[0], points[-1]) if points else ((0, 0), (0, 0))
    return (high - low) // (end - start) if end > start else 0


def _positive_weights(model):
    """`(variable, value)` such that each kernel takes the mean of what it sees."""
    depthwise = set()
    for layer in sublayers(model):
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            depthwise.add(id(layer.kernel))
        elif isinstance(layer, keras.layers.SeparableConv2D):
            depthwise.add(id(layer.depthwise_kernel))
    values = []
    for variable in model.variables:
        shape = tuple(variable.shape)
        if not shape or "float" not in variable.dtype:
            continue
        if len(shape) == 1:
            value = 0.0 if any(word in variable.name for word in _ZERO) else 1.0
        else:
            summed = shape[:2] if id(variable) in depthwise else shape[:-1]
            value = 1 / math.prod(summed)
        values.append((variable, keras.ops.full(shape, value, variable.dtype)))
    return values
