"""Finding objects with a classifier of crops that slides over the image."""

from typing import Any

import keras
import numpy as np
from keras import ops

from dlzoo._boxes import class_wise_suppression, clip, scale
from dlzoo._checks import check_between, check_positive_int
from dlzoo.layers.window_grid import window_grid_inside
from dlzoo.models import dense_to_conv

WHO = "sliding_window"


def sliding_window(
    model: keras.Model,
    image: Any,
    *,
    background: int | None = None,
    scales=(1.0,),
    score_threshold: float = 0.5,
    iou_threshold: float = 0.3,
    most: int = 100,
) -> dict[str, np.ndarray]:
    """Objects of an image by a classifier of crops that slides over it, all windows at once.

    Args:
        model: A classifier of crops that `dlzoo.models.dense_to_conv` takes, or what that
            returned, which saves doing it for each image.
        image: `(height, width, channels)`, values as the model saw them in training.
        background: The class that is no object; None where all are.
        scales: Factors by which the image is resized: less than 1 finds larger objects.
        score_threshold: Windows whose best score is not above it are no objects.
        iou_threshold: Of two windows of a class that share more, the better one stays.
        most: At most so many objects.

    Returns:
        A dict of `boxes (n, 4)`, `(x1, y1, x2, y2)` in pixels of `image`, `scores (n,)` and
        `classes (n,)` int32, the best first. A model with one score (sigmoid) has class 0.

    Raises:
        ValueError: An argument is not allowed, or the image is smaller than a window at
            every scale.

    Example:
        >>> import dlzoo
        >>> crops = dlzoo.models.lenet5(classes=2)
        >>> found = sliding_window(crops, np.zeros((40, 36, 1)), score_threshold=0.0, most=3)
        >>> found["boxes"].shape, found["boxes"][0].tolist()
        ((1, 4), [0.0, 0.0, 32.0, 32.0])
    """
    check_between(WHO, "iou_threshold", iou_threshold, 0, 1)
    check_positive_int(WHO, "most", most)
    if window_grid_inside(model) is None:
        model = dense_to_conv(model)
    grid: Any = window_grid_inside(model)
    pixels = _checked(model, image, scales)
    parts = [_at_scale(model, grid, pixels, factor) for factor in scales]
    parts = [part for part in parts if part is not None]
    if not parts:
        raise ValueError(
            f"{WHO}: image must be at least as large as a window, {grid.window} pixels, at "
            f"one of scales={tuple(scales)}; got {pixels.shape[:2]}. Pass larger scales."
        )
    boxes, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _best(boxes, scores, background, score_threshold, iou_threshold, most)


def _checked(model, image, scales):
    pixels = np.asarray(image, "float32")
    channels = model.input_shape[-1]
    if pixels.ndim != 3 or pixels.shape[-1] != channels:
        raise ValueError(
            f"{WHO}: image must be (height, width, {channels}), as the model takes; got shape "
            f"{pixels.shape}."
        )
    for factor in scales:
        check_between(WHO, "each of scales", factor, 0.01, 100)
    return pixels


def _at_scale(model, grid, pixels, factor):
    """Windows in pixels of the image, and their scores; None where none fits."""
    height, width = pixels.shape[:2]
    sides = round(height * factor), round(width * factor)
    if sides[0] < grid.window[0] or sides[1] < grid.window[1]:
        return None
    batch = pixels[None]
    if sides != (height, width):
        batch = keras.ops.image.resize(
            batch, sides, antialias=factor < 1, data_format="channels_last"
        )
    scores = ops.convert_to_numpy(model(batch, training=False))[0]
    rows, columns, classes = scores.shape
    windows = grid.boxes(rows, columns)
    back = height / sides[0], width / sides[1]
    windows = clip(scale(windows, back), height, width)
    return ops.convert_to_numpy(windows), scores.reshape(-1, classes)


def _best(boxes, scores, background, score_threshold, iou_threshold, most):
    """Of each window its best class alone, where that is an object."""
    classes = scores.shape[-1]
    if background is not None:
        check_between(WHO, "background", background, 0, classes - 1)
    best = scores.argmax(axis=-1)[:, None] == np.arange(classes)
    if background is not None:
        best[:, background] = False
    found = class_wise_suppression(
        boxes,
        np.where(best, scores, -np.inf).astype("float32"),
        iou_threshold=iou_threshold,
        most=most,
        score_threshold=score_threshold,
    )
    count = int(ops.convert_to_numpy(found.pop("count")))
    return {name: ops.convert_to_numpy(part)[:count] for name, part in found.items()}
