"""A network over an image of any size: overlapping tiles, mirrored borders.

The overlap-tile strategy of Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597,
figure 2: each tile is predicted from a larger window, so that what is kept has seen its
surroundings, and what lies outside of the image is its mirror image.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from dlzoo._checks import check_positive_int
from dlzoo.models.taps import tensors_before
from dlzoo.segmentation.views import Views
from dlzoo.training.inference import jit_compile

Window = Callable[[int, int, int, int], np.ndarray]  # top, bottom, left, right
_PROBE = 1024  # pixels; to see how far a network shrinks a picture


@dataclass(frozen=True)
class Tiles:
    """How an image is cut up.

    Attributes:
        image: Its height and width.
        window: Height and width of what the network gets.
        kept: Height and width of what is kept of an answer: the windows lie so far apart.
        margin: Rows and columns before what is kept.
        step: Sides that the network takes are multiples of it.

    Example:
        >>> tiles = Tiles((100, 200), (96, 96), (64, 64), (16, 16))
        >>> len(tiles), tiles.place(1)
        (8, (0, 64))
    """

    image: tuple[int, int]
    window: tuple[int, int]
    kept: tuple[int, int]
    margin: tuple[int, int]
    step: int = 1

    def __len__(self) -> int:
        return -(-self.image[0] // self.kept[0]) * self._columns

    def place(self, number: int) -> tuple[int, int]:
        """The first row and column that tile `number` answers for."""
        return (
            number // self._columns * self.kept[0],
            number % self._columns * self.kept[1],
        )

    @property
    def _columns(self) -> int:
        return -(-self.image[1] // self.kept[1])


def plan_tiles(
    model: keras.Model, size: tuple[int, int], tile: int = 512, overlap: int = 64
) -> Tiles:
    """How to cut an image of `size` for `model`.

    Windows begin at multiples of the network's step (32 for most), so that strided layers
    see the same grid everywhere. An image that fits into one window is not cut, only filled
    up to a multiple of the step.

    Args:
        model: From images `(batch, height, width, channels)` to scores of pixels. If it
            takes one size only, that is the window; if its answer is smaller than its input
            (valid convolutions), the rim is part of the margin.
        size: Height and width of the image.
        tile: Side of the window in pixels.
        overlap: How far a window looks beyond what is kept of it, on each side.
    """
    check_positive_int("segment", "tile", tile)
    check_positive_int("segment", "overlap", overlap, minimum=0)
    step = network_step(model)
    own = model.input_shape[1:3]
    sides = [_plan_side(*each, tile, overlap, step) for each in zip(own, size, strict=True)]
    window = sides[0][0], sides[1][0]
    answer = _answer_size(model, window)
    kept, margin = [], []
    for (side, extra), out in zip(sides, answer, strict=True):
        rim = (side - out) // 2
        extra = 0 if rim else extra
        if out - 2 * extra < 1:
            raise ValueError(
                f"segment: tile must be larger than twice the overlap, {extra}, and the "
                f"network's own rim, {rim}; got {tile}."
            )
        kept.append(out - 2 * extra)
        margin.append(rim + extra)
    return Tiles(size, window, (kept[0], kept[1]), (margin[0], margin[1]), step)


def tile_scores(
    model: keras.Model,
    read: Window,
    tiles: Tiles,
    batch_size: int = 4,
    views: Views | None = None,
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """The scores of an image, a tile at a time.

    Args:
        model: See `plan_tiles`.
        read: Gives the pixels `[top:bottom, left:right]` inside the image.
        tiles: From `plan_tiles`.
        batch_size: Tiles at once.
        views: What is averaged; None for one look.

    Yields:
        Rows, columns and their scores `(height, width, classes)`, float32; together they
        cover the image once.
    """
    if not model.compiled:
        model.jit_compile = jit_compile(model)
    views = views or Views()
    for start in range(0, len(tiles), batch_size):
        numbers = range(start, min(start + batch_size, len(tiles)))
        batch = np.stack([_window(read, tiles, number) for number in numbers])
        missing = min(batch_size, len(tiles)) - len(batch) if model.jit_compile else 0
        if missing:
            batch = np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)])
        answers = views.scores(model, batch, tiles.step)
        for number, answer in zip(numbers, answers, strict=False):
            yield _kept(tiles, number, answer)


def mirrored(
    read: Window, size: tuple[int, int], window: Sequence[tuple[int, int]]
) -> np.ndarray:
    """Pixels of a window that may reach beyond the image, which is mirrored there.

    Args:
        read: Gives pixels inside the image.
        size: Height and width of the image.
        window: First and last-but-one row, and column.

    Example:
        >>> image = np.arange(4)[None, :, None]
        >>> read = lambda top, bottom, left, right: image[top:bottom, left:right]
        >>> mirrored(read, (1, 4), ((0, 1), (-2, 6)))[0, :, 0].tolist()
        [2, 1, 0, 1, 2, 3, 2, 1]
    """
    rows, columns = (
        _reflected(np.arange(first, last), side)
        for (first, last), side in zip(window, size, strict=True)
    )
    top, left = int(rows.min()), int(columns.min())
    pixels = read(top, int(rows.max()) + 1, left, int(columns.max()) + 1)
    return pixels[np.ix_(rows - top, columns - left)]


def _reflected(places, side):
    """Places on a line of `side` pixels, reflected at its outermost ones."""
    period = max(2 * (side - 1), 1)
    places = np.abs(places) % period
    return np.minimum(places, period - places) if side > 1 else np.zeros_like(places)


def _plan_side(own, side, tile, overlap, step):
    """Window of one axis, and the margin in it where padding stands for pixels."""
    if own is not None:
        return own, 0 if side <= own else min(overlap, own // 4)
    whole = -(-side // step) * step
    if whole <= tile:
        return whole, 0
    margin = -(-overlap // step) * step
    return max(tile // step * step, 2 * margin + step), margin


def _window(read, tiles, number):
    first = [
        place - margin for place, margin in zip(tiles.place(number), tiles.margin, strict=True)
    ]
    window = [(start, start + side) for start, side in zip(first, tiles.window, strict=True)]
    return mirrored(read, tiles.image, window)


def _kept(tiles, number, answer):
    """Where a tile's answer belongs, and the part of it that is inside the image."""
    rims = [
        (window - out) // 2 for window, out in zip(tiles.window, answer.shape[:2], strict=True)
    ]
    places, inside = [], []
    for axis, first in enumerate(tiles.place(number)):
        last = min(first + tiles.kept[axis], tiles.image[axis])
        start = tiles.margin[axis] - rims[axis]
        places.append(slice(first, last))
        inside.append(slice(start, start + last - first))
    return places[0], places[1], answer[inside[0], inside[1]]


def _answer_size(model, window):
    spec = keras.KerasTensor((1, *window, model.input_shape[-1]))
    return tuple(model.compute_output_spec(spec).shape[1:3])


def network_step(model: keras.Model) -> int:
    """By how much the network shrinks a picture at most; windows begin at multiples."""
    if None not in model.input_shape[1:3]:
        return 1
    inside = tensors_before(model.output).values()
    maps = [tensor for tensor in inside if len(tensor.shape) == 4]
    spec = keras.KerasTensor((1, _PROBE, _PROBE, model.input_shape[-1]))
    shapes = keras.Model(model.input, maps).compute_output_spec(spec)
    sides = [shape.shape[1] for shape in keras.tree.flatten(shapes)]
    smallest = min(side for side in sides if side > 1)
    return 2 ** round(math.log2(_PROBE / smallest))  # valid convolutions take some pixels more
