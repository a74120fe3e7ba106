"""Whole images at one size: the aspect is kept, what stays empty is grey.

Darknet's "letterbox", except that the image is put into the upper left corner, so that boxes
need only be multiplied.
"""

from typing import Any

import numpy as np
from PIL import Image

from dlzoo._checks import check_pair
from dlzoo.data.images import open_image

GREY = 127  # Darknet's 0.5
_GAP = 3.0  # as `read_image` has it


def fitted_size(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """Height and width of an image of `size` when it is as large as `target` allows.

    Example:
        >>> fitted_size((480, 640), (320, 320))
        (240, 320)
    """
    height, width = size
    ratio = min(target[0] / height, target[1] / width)
    return (
        min(max(round(height * ratio), 1), target[0]),
        min(max(round(width * ratio), 1), target[1]),
    )


def fit_scale(size: tuple[int, int], target: tuple[int, int]) -> tuple[float, float]:
    """By what `x` and `y` on the image are multiplied when it is fitted.

    Example:
        >>> fit_scale((480, 640), (320, 320))
        (0.5, 0.5)
    """
    height, width = fitted_size(size, target)
    return width / size[1], height / size[0]


def fit_image(source: Any, size: int | tuple[int, int]) -> np.ndarray:
    """Read an image and make it as large as it fits into `size`.

    Args:
        source: As in `read_image`.
        size: Height and width of the result.

    Returns:
        `uint8 (height, width, 3)`, grey to the right of the image or below it.

    Raises:
        DataError: As `read_image`.

    Example:
        >>> fit_image(np.zeros((4, 8, 3), "uint8"), 8)[:, 0, 0].tolist()
        [0, 0, 0, 0, 127, 127, 127, 127]
    """
    height, width = check_pair("fit_image", "size", size)
    image = open_image(source)
    inside = fitted_size((image.height, image.width), (height, width))
    if inside != (image.height, image.width):
        bilinear = Image.Resampling.BILINEAR
        image = image.resize(inside[::-1], bilinear, reducing_gap=_GAP)
    canvas = np.full((height, width, 3), GREY, np.uint8)
    canvas[: inside[0], : inside[1]] = np.asarray(image)
    return canvas
