"""Boxes on images."""

import colorsys
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Okabe and Ito 2008, without black; legible for the colour-blind, too.
_COLOURS = (
    (213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233),
    (240, 228, 66),
)  # fmt: skip
_GOLDEN = 0.618034  # of the circle of hues: neighbours differ


def class_colours(count: int) -> tuple[tuple[int, int, int], ...]:
    """A colour a class, `(red, green, blue)`; the first seven can be told apart by all.

    Example:
        >>> class_colours(2)
        ((213, 94, 0), (0, 114, 178))
    """
    more = []
    for number in range(count - len(_COLOURS)):
        red, green, blue = colorsys.hsv_to_rgb(number * _GOLDEN % 1, 0.75, 0.85)
        more.append((round(255 * red), round(255 * green), round(255 * blue)))
    return (*_COLOURS[:count], *more)


def draw_boxes(
    image: np.ndarray,
    boxes: Any,
    captions: Sequence[str] | None = None,
    colours: Sequence[tuple[int, int, int]] | None = None,
) -> np.ndarray:
    """Draw boxes, with a caption at the top of each.

    Args:
        image: `uint8 (height, width, 3)`.
        boxes: `(n, 4)`, `x1, y1, x2, y2` in pixels.
        captions: One a box, or None.
        colours: One a box, or None.

    Returns:
        Another image; lines and letters grow with it.

    Example:
        >>> drawn = draw_boxes(np.zeros((40, 60, 3), "uint8"), [[10, 5, 50, 35]])
        >>> drawn[5, 20].tolist(), drawn[20, 20].tolist()
        ([213, 94, 0], [0, 0, 0])
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    side = max(picture.size)
    width, letters = max(1, round(side / 320)), max(10, round(side / 48))
    font = ImageFont.load_default(letters)
    colours = class_colours(1) * len(boxes) if colours is None else colours
    for colour, (x1, y1, x2, y2) in zip(colours, boxes.tolist(), strict=True):
        corners = [x1, y1, max(x2 - 1, x1), max(y2 - 1, y1)]  # the last pixel inside
        draw.rectangle(corners, outline=tuple(colour), width=width)
    if captions is not None:  # all of them later, so that no box crosses out another's
        for colour, box, text in zip(colours, boxes.tolist(), captions, strict=True):
            _caption(draw, picture.size, box[:2], text, tuple(colour), font)
    return np.array(picture)


def _caption(draw, size, corner, text, colour, font):
    """On a plate of the box's colour, above the box where there is room; never cut off."""
    left, _, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + 3, bottom + 2
    x, y = corner[0], corner[1] - height
    y = corner[1] if y < 0 else y
    x = max(min(x, size[0] - 1 - width), 0)
    y = max(min(y, size[1] - 1 - height), 0)
    draw.rectangle([x, y, x + width, y + height], fill=colour)
    light = sum(part * weight for part, weight in zip(colour, (0.3, 0.6, 0.1), strict=True))
    draw.text((x + 2, y), text, fill="black" if light > 140 else "white", font=font)
