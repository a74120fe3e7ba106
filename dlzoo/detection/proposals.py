"""Where in an image something might be: selective search, and the crops of what it proposes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from dlzoo._checks import check_choice, check_positive_int, require

QUALITIES = ("fast", "quality")
PAPERS_WIDTH = 500  # pixels, to which the authors' program brings every image first


def selective_search(
    image: np.ndarray, *, quality: str = "fast", width: int | None = PAPERS_WIDTH, most=2000
) -> np.ndarray:
    """Boxes around what might be objects: regions that grow together by likeness.

    Uijlings et al. 2013, https://doi.org/10.1007/s11263-013-0620-5, by opencv-contrib.

    Args:
        image: uint8 `(height, width, 3)`, RGB.
        quality: `"fast"`, as R-CNN takes it, or `"quality"`: more colour spaces, several
            times as many boxes, and as much slower.
        width: To which the image is resized first; None for as it is.
        most: At most so many; of more, some of each size are kept.

    Returns:
        float32 `(n, 4)`: `(x1, y1, x2, y2)` in pixels, by size, the same in every run.

    Raises:
        ValueError: An argument is not allowed.
        dlzoo.errors.MissingExtraError: opencv-contrib is not installed (extra `detection`).
    """
    who = "selective_search"
    check_choice(who, "quality", quality, QUALITIES)
    check_positive_int(who, "most", most)
    image = _checked(who, image)
    factor = 1.0
    if width is not None:
        check_positive_int(who, "width", width, minimum=8)
        factor = image.shape[1] / width
        sides = width, max(round(image.shape[0] / factor), 1)
        image = np.asarray(Image.fromarray(image).resize(sides, Image.Resampling.BILINEAR))
    search = _engine(who)
    search.setBaseImage(np.ascontiguousarray(image[..., ::-1]))
    if quality == "fast":
        search.switchToSelectiveSearchFast()
    else:
        search.switchToSelectiveSearchQuality()
    corners = np.asarray(search.process(), "float32").reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return _some(np.unique(corners, axis=0), most) * np.float32(factor)


def stacked_proposals(found: Sequence[np.ndarray], count: int | None = None) -> np.ndarray:
    """Boxes of several images as `fast_rcnn` takes them: `(images, count, 4)`, zeros behind.

    Args:
        found: `(n, 4)` of each image.
        count: Of an image, of more some of each size are kept; None for the largest n.

    Example:
        >>> stacked_proposals([np.ones((2, 4)), np.ones((0, 4))])[..., 0].tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """
    rows = max(map(len, found)) if count is None else count
    stack = np.zeros((len(found), rows, 4), "float32")
    for place, boxes in enumerate(found):
        boxes = _some(boxes, rows)
        stack[place, : len(boxes)] = boxes
    return stack


def _checked(who, image):
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(
            f"{who}: image must be uint8 (height, width, 3), RGB of 0 to 255; got "
            f"{image.dtype} of shape {image.shape}. dlzoo.data.read_image reads one."
        )
    return image


def _engine(who):
    purpose = f"{who} by opencv-contrib"
    require("cv2", extra="detection", purpose=purpose)
    segmentation = require("cv2.ximgproc.segmentation", extra="detection", purpose=purpose)
    return segmentation.createSelectiveSearchSegmentation()


def _some(boxes, most):
    """By size, and of more than `most` some of each size: OpenCV's own order is random."""
    sides = boxes[:, 2:] - boxes[:, :2]
    boxes = boxes[np.argsort(sides.prod(axis=-1), kind="stable")]
    if len(boxes) <= most:
        return boxes
    return boxes[np.linspace(0, len(boxes) - 1, most).round().astype(int)]


def warped_crops(image: np.ndarray, boxes: Any, side: int, *, context: int = 16) -> np.ndarray:
    """What is in each box, warped to a square, with some of its surroundings.

    Girshick et al. 2014, https://arxiv.org/abs/1311.2524, appendix A: the box is enlarged
    so that at the warped size `context` pixels around it are seen; what lies beyond the image
    has its mean colour.

    Args:
        image: uint8 `(height, width, 3)`.
        boxes: `(n, 4)` in pixels.
        side: Of a crop in pixels; the paper's is 227.
        context: Pixels of the crop on each side that are around the box.

    Returns:
        uint8 `(n, side, side, 3)`.

    Raises:
        ValueError: `context` leaves nothing of the box, or the image is not uint8 RGB.

    Example:
        >>> image = np.zeros((20, 20, 3), "uint8")
        >>> image[5:15, 5:15] = 250
        >>> crop = warped_crops(image, [[5, 5, 15, 15]], 8, context=2)[0, :, :, 0]
        >>> (crop > 125).sum(axis=0).tolist()   # 4 of 8 are the box
        [0, 0, 4, 4, 4, 4, 0, 0]
    """
    who = "warped_crops"
    image = _checked(who, image)
    check_positive_int(who, "side", side)
    check_positive_int(who, "context", context, minimum=0)
    if 2 * context >= side:
        raise ValueError(
            f"{who}: context must be less than half of side, because it is on both sides of "
            f"the box; got {context} with side={side}."
        )
    boxes = np.asarray(boxes, "float32").reshape(-1, 4)
    enlarged = _enlarged(boxes, side / (side - 2 * context))
    padded, offset = _padded(image, enlarged)
    picture = Image.fromarray(padded)
    crops = np.empty((len(boxes), side, side, 3), "uint8")
    for number, (x1, y1, x2, y2) in enumerate((enlarged + offset).tolist()):
        window = (x1, y1, max(x2, x1 + 1), max(y2, y1 + 1))
        crops[number] = picture.resize((side, side), Image.Resampling.BILINEAR, box=window)
    return crops


def _enlarged(boxes, factor):
    middle = (boxes[:, 2:] + boxes[:, :2]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * factor
    return np.concatenate([middle - half, middle + half], axis=-1)


def _padded(image, boxes):
    """The image with its mean colour around it, so far that every box fits, and the shift."""
    height, width = image.shape[:2]
    if not len(boxes):
        return image, 0
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    left, above = (max(math.ceil(-side) + 1, 0) for side in low)
    right, below = (
        max(math.ceil(side - end) + 1, 0)
        for side, end in zip(high, (width, height), strict=True)
    )
    rows, columns = above + height + below, left + width + right
    mean = image.mean(axis=(0, 1)).round().astype("uint8")
    padded = np.broadcast_to(mean, (rows, columns, 3)).copy()
    padded[above : above + height, left : left + width] = image
    return padded, np.array([left, above, left, above], "float32")
