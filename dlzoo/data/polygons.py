"""Polygons and run lengths, as COCO writes them, to masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlzoo.errors import DataError


@dataclass(frozen=True)
class Shape:
    """One object: its class number (or `VOID`), and where it is.

    `segmentation` is COCO's: a list of polygons `[x1, y1, x2, y2, ...]` in pixels, whose
    union is meant; or a dict with `size` and `counts`, run lengths down the columns.
    """

    number: int
    segmentation: Any


@dataclass(frozen=True)
class Drawing:
    """A mask that is drawn when it is needed.

    Attributes:
        name: For messages.
        size: Height and width in pixels.
        shapes: What to draw on class 0.
    """

    name: str
    size: tuple[int, int]
    shapes: tuple[Shape, ...]

    def draw(self) -> np.ndarray:
        """Class numbers, `uint8 (height, width)`; small objects lie on large ones.

        Raises:
            DataError: A shape that is none; the message names the image.
        """
        mask = np.zeros(self.size, np.uint8)
        drawn = [(shape.number, self._inside(shape)) for shape in self.shapes]
        drawn.sort(key=lambda pair: -int(pair[1].sum()))
        for number, inside in drawn:
            mask[inside] = number
        return mask

    def _inside(self, shape):
        try:
            if isinstance(shape.segmentation, dict):
                return _from_runs(shape.segmentation, self.size)
            parts = [inside_polygon(ring, self.size) for ring in shape.segmentation]
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise DataError(f"{self.name}: an outline is damaged ({error}).") from error
        return np.any(parts, axis=0) if parts else np.zeros(self.size, bool)


def inside_polygon(ring: Sequence[float], size: tuple[int, int]) -> np.ndarray:
    """The pixels whose centre lies inside a polygon, `bool (height, width)`.

    Pillow's `polygon` paints its outline as well, which makes every object half a pixel
    larger on each side. Here two polygons with a common edge share no pixel.

    Args:
        ring: `[x1, y1, x2, y2, ...]`; pixel (0, 0) goes from 0 to 1.
        size: Height and width.

    Example:
        >>> inside_polygon([1, 0, 3, 0, 3, 1, 1, 1], (2, 4)).astype(int)
        array([[0, 1, 1, 0],
               [0, 0, 0, 0]])
    """
    points = np.asarray(ring, float).reshape(-1, 2)
    if len(points) < 3 or not np.isfinite(points).all():
        raise ValueError(f"a polygon needs three points or more; got {len(points)}")
    height, width = size
    x1, y1 = points.T
    x2, y2 = np.roll(points, -1, axis=0).T
    inside = np.zeros(size, bool)
    low = max(int(np.floor(y1.min())), 0)
    high = min(int(np.ceil(y1.max())) + 1, height)
    for row in range(low, high):
        centre = row + 0.5
        crossing = (y1 <= centre) != (y2 <= centre)  # half open: a corner counts once
        along = (centre - y1[crossing]) / (y2 - y1)[crossing]
        xs = np.sort(x1[crossing] + along * (x2 - x1)[crossing])
        columns = np.clip(np.ceil(xs - 0.5), 0, width).astype(int)
        for start, end in columns.reshape(-1, 2):
            inside[row, start:end] = True
    return inside


def _from_runs(runs, size):
    """COCO's run lengths: zeros first, down the columns."""
    if tuple(runs["size"]) != tuple(size):
        raise ValueError(f"it is for {runs['size']}, the image has {list(size)}")
    counts = runs["counts"]
    lengths = _unpacked(counts) if isinstance(counts, str | bytes) else counts
    flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return flat.reshape(size[::-1]).T


def _unpacked(text):
    """The numbers in COCO's compressed form: 5 bits a character, differences from the
    last but one from the fourth number on."""
    data = text.encode() if isinstance(text, str) else text
    numbers: list[int] = []
    place = 0
    while place < len(data):
        value = shift = 0
        while True:
            bits = data[place] - 48
            value |= (bits & 31) << shift
            shift += 5
            place += 1
            if not bits & 32:
                break
        if bits & 16:  # negative
            value -= 1 << shift
        numbers.append(value + numbers[-2] if len(numbers) > 2 else value)
    return numbers
