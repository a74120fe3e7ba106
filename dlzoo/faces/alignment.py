"""Bringing faces into place, as networks that embed them expect: eyes here, mouth there.

The places are those of SphereFace (Liu et al. 2017, https://arxiv.org/abs/1704.08063) on 112 x
96 pixels, which MobileFaceNet has, too; ArcFace's on 112 x 112 are the same, 8 pixels to the
right. Programs disagree by half a pixel on whether a pixel's centre is a whole number; here
whole numbers are grid lines, as everywhere in dlzoo, so that the nose is in the middle.
"""

from typing import Any

import numpy as np
from PIL import Image

from dlzoo._checks import check_between, check_choice, check_pair
from dlzoo.data.images import INTERPOLATIONS, open_image

TEMPLATE = np.array(  # x and y: left eye, right eye, nose, corners of the mouth
    [
        [30.2946, 51.6963],
        [65.5318, 51.5014],
        [48.0252, 71.7366],
        [33.5493, 92.3655],
        [62.7299, 92.2041],
    ]
)
TEMPLATE_SIZE = (112, 96)


def template(size: tuple[int, int] = TEMPLATE_SIZE) -> np.ndarray:
    """Where the five points belong on an image of `size`, `(5, 2)`: x and y.

    SphereFace's places grow with the height and keep to the middle of the width.

    Example:
        >>> template((112, 112))[2].round(4).tolist()
        [56.0252, 71.7366]
    """
    grown = size[0] / TEMPLATE_SIZE[0]
    middle = np.array([TEMPLATE_SIZE[1] / 2, 0])
    return (TEMPLATE - middle) * grown + np.array([size[1] / 2, 0])


def similarity(points: Any, places: Any) -> np.ndarray:
    """The turn, growth and shift that brings `points` nearest to `places`, `(2, 3)`.

    Least squares; never a mirror image. In the plane, Umeyama's solution (1991, eqs. 40 to 42)
    is one complex factor: a turn and a growth.

    Args:
        points, places: `(n, 2)`: x and y of two points or more.

    Returns:
        A matrix `m` so that `m @ (x, y, 1)` is the new place.

    Raises:
        ValueError: The points are not finite numbers, or all in one place.

    Example:
        >>> similarity([[0, 0], [1, 0]], [[5, 5], [5, 7]]).round(4).tolist()
        [[0.0, -2.0, 5.0], [2.0, 0.0, 5.0]]
    """
    points, places = (np.asarray(each, np.float64) for each in (points, places))
    before, after = (each[:, 0] + 1j * each[:, 1] for each in (points, places))
    centre = before.mean()
    spread = before - centre
    power = (spread.conj() @ spread).real
    size = np.abs(before).max()
    if not np.isfinite(size) or power <= (1e-6 * max(size, 1e-6)) ** 2:
        raise ValueError(
            f"align: landmarks must be finite and not all in one place, because their "
            f"distances tell the size of the face; got {points.tolist()}."
        )
    factor = spread.conj() @ after / power
    shift = after.mean() - factor * centre
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )


def align(
    image: Any,
    landmarks: Any,
    size: int | tuple[int, int] = TEMPLATE_SIZE,
    *,
    interpolation: str = "bilinear",
) -> np.ndarray:
    """Cut out a face, turned and grown so that its points are where networks expect them.

    Args:
        image: A path, a Pillow image, or a `uint8` array, as in `dlzoo.data.read_image`.
        landmarks: `(5, 2)`: x and y in pixels of the image, in the order of `Face.landmarks`.
        size: Height and width of the result, or one number for both: `(112, 96)` for
            MobileFaceNet and SphereFace, 112 for ArcFace; see `template`.
        interpolation: `"nearest"`, `"bilinear"` or `"bicubic"`. Large faces are shrunk by
            means of whole pixels first.

    Returns:
        `uint8 (*size, 3)`; black beyond the border of the image.

    Raises:
        ValueError: The landmarks are not five points, not finite, or all in one place;
            `dlzoo.errors.DataError` where the image cannot be read.

    Example:
        >>> photograph = np.zeros((224, 192, 3), "uint8")
        >>> photograph[142:145, 95:98] = 255                          # a bright nose
        >>> face = align(photograph, 2 * template())                  # half as large
        >>> face.shape, [int(n) for n in np.argwhere(face[..., 0] > 200)[0]]
        ((112, 96, 3), [71, 48])
    """
    height, width = check_pair("align", "size", size)
    check_choice("align", "interpolation", interpolation, ("nearest", "bilinear", "bicubic"))
    points = np.asarray(landmarks, np.float64)
    if points.shape != TEMPLATE.shape:
        raise ValueError(
            f"align: landmarks must be x and y of five points, (5, 2), of one face; got shape "
            f"{points.shape}."
        )
    matrix = similarity(points, template((height, width)))
    growth = float(np.hypot(*matrix[:, 0]))
    if growth < 1e-9:
        raise ValueError(
            f"align: landmarks must lie as those of a face: left eye, right eye, nose, left "
            f"and right corner of the mouth; got {points.tolist()}."
        )
    picture = open_image(image)
    pixels = min(max(1, int(1 / growth)), *picture.size) if interpolation != "nearest" else 1
    picture = picture.reduce(pixels)
    turn = np.linalg.inv(matrix[:, :2])
    back = np.concatenate([turn, -turn @ matrix[:, 2:]], axis=1) / pixels
    resampling = Image.Resampling(INTERPOLATIONS[interpolation])
    method = Image.Transform.AFFINE
    face = picture.transform((width, height), method, back.ravel().tolist(), resampling)
    return np.array(face)


def crop(
    image: Any, box: Any, size: int | tuple[int, int] = 160, *, margin: float = 0
) -> np.ndarray:
    """Cut out a box and resize it, as facenet-pytorch does for its networks.

    Args:
        image: As in `align`.
        box: `x1, y1, x2, y2` in pixels of the image; what lies beyond its border is left out,
            and a part of a pixel becomes a whole one at the left and none at the right.
        size: Height and width of the result, or one number for both.
        margin: Around the box on both sides together, in pixels of the result.

    Returns:
        `uint8 (*size, 3)`.

    Raises:
        ValueError: The box is not four finite numbers or has no pixel of the image, or the
            margin is too large; `dlzoo.errors.DataError` where the image cannot be read.

    Example:
        >>> crop(np.zeros((90, 60, 3), "uint8"), [10, 10, 50, 60], (112, 96), margin=8).shape
        (112, 96, 3)
    """
    height, width = check_pair("crop", "size", size)
    check_between("crop", "margin", margin, 0, min(height, width) - 1, unit=" of pixels")
    corners = np.asarray(box, np.float64)
    if corners.shape != (4,) or not np.isfinite(corners).all():
        raise ValueError(f"crop: box must be x1, y1, x2, y2, finite numbers; got {box!r}.")
    picture = open_image(image)
    sides = corners[2:] - corners[:2]
    around = margin * sides / (np.array([width, height]) - margin) / 2
    low = np.maximum(corners[:2] - around, 0).astype(int)
    high = np.minimum(corners[2:] + around, picture.size).astype(int)
    if not (high > low).all():
        raise ValueError(
            f"crop: box must have pixels of the image, which has {picture.width} x "
            f"{picture.height}; got {corners.tolist()}."
        )
    window = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    return np.array(picture.crop(window).resize((width, height), Image.Resampling.BILINEAR))
