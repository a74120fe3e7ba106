"""Targets for a localiser from boxes in pixels, and boxes in pixels from its answers."""

from typing import Any

import numpy as np
from keras import ops

from dlzoo._boxes import (
    absolute_to_relative,
    center_to_corners,
    corners_to_center,
    relative_to_absolute,
)
from dlzoo._checks import check_pair, check_positive_int
from dlzoo.layers.object_scores import object_parts


def object_vectors(
    boxes: Any, classes: Any, image_size: Any, count: int, *, points: Any = None
) -> np.ndarray:
    """What `LocalizationLoss` compares with: of each image its largest object, or none.

    Args:
        boxes: `(images, most, 4)`, `(x1, y1, x2, y2)` in pixels.
        classes: `(images, most)`; -1 where there is no box.
        image_size: Height and width of the images, or one number.
        count: Number of classes.
        points: `(images, most, landmarks, 2)`: x and y in pixels; None for no landmarks.

    Returns:
        float32 `(images, 5 + count + 2 * landmarks)`: 1, centre and sides as fractions of
        the image, one-hot class, landmarks; all 0 for an image without an object. A box of
        no area is none.

    Raises:
        ValueError: Shapes do not fit, or a class is `count` or more.

    Example:
        >>> object_vectors([[[10, 20, 30, 40]]], [[1]], (80, 40), 2).tolist()
        [[1.0, 0.5, 0.375, 0.5, 0.25, 0.0, 1.0]]
    """
    who = "object_vectors"
    size = check_pair(who, "image_size", image_size)
    check_positive_int(who, "count", count)
    boxes, classes = np.asarray(boxes, "float32"), np.asarray(classes)
    if boxes.ndim != 3 or boxes.shape[-1] != 4 or classes.shape != boxes.shape[:2]:
        raise ValueError(
            f"{who}: boxes must be (images, most, 4) and classes (images, most); got "
            f"{boxes.shape} and {classes.shape}."
        )
    if classes.size and classes.max() >= count:
        raise ValueError(
            f"{who}: classes must be below count, {count}, or -1 for no object; got "
            f"{classes.max()}."
        )
    landmarks = 0 if points is None else np.shape(points)[2]
    vectors = np.zeros((len(boxes), 5 + count + 2 * landmarks), "float32")
    images, places = _largest(boxes, classes)
    vectors[images, 0] = 1
    chosen = corners_to_center(absolute_to_relative(boxes[images, places], *size))
    vectors[images, 1:5] = ops.convert_to_numpy(chosen)
    vectors[images, 5 + classes[images, places]] = 1
    if landmarks:
        fractions = np.asarray(points, "float32")[images, places] / np.array(size[::-1])
        vectors[images, 5 + count :] = fractions.reshape(len(images), 2 * landmarks)
    return vectors


def _largest(boxes, classes):
    """Images that have an object, and which of their boxes it is."""
    if not boxes.shape[1]:
        nothing = np.zeros(0, "int64")
        return nothing, nothing
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    area = sides.prod(axis=-1) * (classes >= 0)
    images = np.flatnonzero(area.max(axis=-1) > 0)
    return images, area[images].argmax(axis=-1)


def read_objects(vectors: Any, image_size: Any, *, landmarks: int = 0) -> dict[str, Any]:
    """What a localiser answered, in pixels.

    Args:
        vectors: `(images, 5 + classes + 2 * landmarks)`, with probabilities.
        image_size: Height and width of the images, or one number.
        landmarks: Number of points at the end.

    Returns:
        A dict of `boxes (images, 4)`, `(x1, y1, x2, y2)` in pixels; `scores (images,)`, the
        probability that there is an object; `classes (images,)` int32; and `points (images,
        landmarks, 2)` where there are landmarks.

    Example:
        >>> found = read_objects([[0.9, 0.5, 0.375, 0.5, 0.25, 0.3, 0.7]], (80, 40))
        >>> found["boxes"].tolist(), found["classes"].tolist()
        ([[10.0, 20.0, 30.0, 40.0]], [1])
    """
    height, width = check_pair("read_objects", "image_size", image_size)
    p, box, classes, points = object_parts(np.asarray(vectors, "float32"), landmarks)
    corners = relative_to_absolute(center_to_corners(box), height, width)
    found = {
        "boxes": ops.convert_to_numpy(corners),
        "scores": p[:, 0],
        "classes": classes.argmax(axis=-1).astype("int32"),
    }
    if landmarks:
        sides = np.array([width, height], "float32")
        found["points"] = points.reshape(-1, landmarks, 2) * sides
    return found
