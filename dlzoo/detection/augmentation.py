"""Changes of images together with their boxes, made anew in every epoch.

All of them keep upright rectangles upright, so that boxes stay exact. (Keras 3.15's layers
that know boxes draw from generators of their own, which a resumed run would find at another
place, and have no mosaic.)

Mosaic: Bochkovskiy et al. 2020, "YOLOv4", https://arxiv.org/abs/2004.10934, section 3.3.
"""

import math
from typing import Any

import numpy as np
from PIL import Image

from dlzoo.data.fitting import GREY
from dlzoo.detection.settings import BoxSettings
from dlzoo.training.augmenting import chosen_names, relit

SCALE = (0.75, 1.33)
CROP = 1.25  # so far a window that is cut out may be enlarged
MOSAIC = 0.5  # of the images
MIDDLE = (0.35, 0.65)  # where the four images of a mosaic meet, in parts of the sides
ENLARGED = (1.0, 1.5)  # an image of a mosaic, over what fills its part
VISIBLE = 0.3  # of a box; if less is left of it, it is dropped
THIN = 2.0  # pixels of a side, the same
BRIGHTNESS = 0.15  # of 255
CONTRAST = 0.2
SATURATION = 0.3


class BoxAugmentation:
    """Called with a generator, images and targets; gives changed ones.

    Images are `uint8 (batch, height, width, 3)`; targets `float32 (batch, most, 5)`: boxes in
    pixels and class numbers, -1 where there is no box.

    Args:
        names: Which changes, of `AUGMENTATIONS`.
    """

    def __init__(self, names: tuple[str, ...]):
        self.names = frozenset(names)
        self.light = {
            name: most
            for name, most in (
                ("brightness", BRIGHTNESS),
                ("contrast", CONTRAST),
                ("saturation", SATURATION),
            )
            if name in names
        }

    def __call__(self, generator: np.random.Generator, images: Any, targets: Any) -> tuple:
        if self.names - set(self.light):
            images, targets = self._moved(generator, np.asarray(images), np.asarray(targets))
        return relit(generator, images, **self.light), targets

    def _moved(self, generator, images, targets):
        moved, found = np.full_like(images, GREY), np.zeros_like(targets)
        found[..., 4] = -1
        for place in range(len(images)):
            kept = []
            for source, tile, base in self._tiles(generator, len(images), place, images.shape):
                picture = images[source]
                boxes = targets[source][targets[source][:, 4] >= 0]
                flipped = self._flipped(generator, picture, boxes)
                kept.append(self._put(generator, moved[place], tile, base, *flipped))
            rows = _largest(np.concatenate(kept), targets.shape[1])
            found[place, : len(rows)] = rows
        return moved, found

    def _tiles(self, generator, count, place, shape):
        """Which images make one, where (top, bottom, left, right), and how much smaller."""
        height, width = shape[1:3]
        if "mosaic" not in self.names or generator.random() >= MOSAIC:
            return [(place, (0, height, 0, width), 1.0)]
        y = round(height * generator.uniform(*MIDDLE))
        x = round(width * generator.uniform(*MIDDLE))
        parts = [(0, y, 0, x), (0, y, x, width), (y, height, 0, x), (y, height, x, width)]
        sources = [place, *generator.integers(0, count, 3).tolist()]
        tiles = []
        for source, tile in zip(sources, parts, strict=True):
            top, bottom, left, right = tile
            filled = max((bottom - top) / height, (right - left) / width)
            tiles.append((source, tile, filled * generator.uniform(*ENLARGED)))
        return tiles

    def _flipped(self, generator, picture, boxes):
        height, width = picture.shape[:2]
        if "flip" in self.names and generator.random() < 0.5:
            picture, boxes = picture[:, ::-1], boxes.copy()
            boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
        if "flip_vertical" in self.names and generator.random() < 0.5:
            picture, boxes = picture[::-1], boxes.copy()
            boxes[:, [1, 3]] = height - boxes[:, [3, 1]]
        return picture, boxes

    def _put(self, generator, canvas, tile, base, picture, boxes):
        """Draw an image into its part of the canvas; give the boxes that can be seen."""
        top, bottom, left, right = tile
        factor = base
        if "scale" in self.names:
            factor *= math.exp(generator.uniform(*map(math.log, SCALE)))
        if "crop" in self.names:
            factor *= generator.uniform(1, CROP)
        sides = [max(round(side * factor), 1) for side in picture.shape[:2]]
        y0 = top + self._offset(generator, bottom - top, sides[0])
        x0 = left + self._offset(generator, right - left, sides[1])
        seen = (
            max(top, y0),
            min(bottom, y0 + sides[0]),
            max(left, x0),
            min(right, x0 + sides[1]),
        )
        y1, y2, x1, x2 = seen
        down, across = (
            side / whole for side, whole in zip(sides, picture.shape[:2], strict=True)
        )
        window = (x1 - x0) / across, (y1 - y0) / down, (x2 - x0) / across, (y2 - y0) / down
        canvas[y1:y2, x1:x2] = Image.fromarray(np.ascontiguousarray(picture)).resize(
            (x2 - x1, y2 - y1), Image.Resampling.BILINEAR, box=window
        )
        return _visible(boxes, (across, down), (x0, y0), (y1, y2, x1, x2))

    def _offset(self, generator, room, side):
        """Where an image of `side` begins in `room`: anywhere with "crop", else centred."""
        low, high = sorted((0, room - side))
        if "crop" not in self.names:
            return (low + high) // 2
        return int(generator.integers(low, high + 1))


def augmentation(settings: BoxSettings) -> BoxAugmentation | None:
    """What changes batches, or None if nothing does."""
    names = chosen_names(settings.augment, settings.AUGMENTATIONS, settings.USUAL)
    return BoxAugmentation(names) if names else None


def _visible(boxes, scale, start, seen):
    """Boxes on the canvas, without those of which too little is left."""
    y1, y2, x1, x2 = seen
    moved = boxes.copy()
    for axis, (low, high) in enumerate(((x1, x2), (y1, y2))):
        corners = boxes[:, axis:4:2] * scale[axis] + start[axis]
        moved[:, axis:4:2] = np.clip(corners, low, high)
    sides = moved[:, 2:4] - moved[:, :2]
    whole = np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1) * scale[0] * scale[1]
    kept = (sides >= THIN).all(axis=1) & (sides.prod(axis=1) >= VISIBLE * whole)
    return moved[kept]


def _largest(rows, most):
    """At most so many, those of the largest areas."""
    if len(rows) <= most:
        return rows
    areas = np.prod(rows[:, 2:4] - rows[:, :2], axis=1)
    return rows[np.sort(np.argsort(-areas, kind="stable")[:most])]
