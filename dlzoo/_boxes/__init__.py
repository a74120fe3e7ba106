"""Boxes. Everywhere in dlzoo a box is float32 `(x1, y1, x2, y2)` in pixels of the image at
hand, corners on the grid lines: the whole 640 x 480 image is `(0, 0, 640, 480)`.

Functions of tensors `(..., n, 4)`, on any backend, inside graphs too. Public name:
`dlzoo.detection.boxes`.
"""

# Keras first: with it dlzoo's layers are registered, which import the modules of this package.
import keras  # noqa: F401

from dlzoo._boxes.coding import decode, encode
from dlzoo._boxes.formats import (
    absolute_to_relative,
    center_to_corners,
    clip,
    corners_to_center,
    corners_to_xywh,
    relative_to_absolute,
    scale,
    xywh_to_corners,
)
from dlzoo._boxes.overlap import area, giou, iou
from dlzoo._boxes.suppression import (
    class_wise_suppression,
    non_max_suppression,
    soft_nms,
)

__all__ = [
    "absolute_to_relative",
    "area",
    "center_to_corners",
    "class_wise_suppression",
    "clip",
    "corners_to_center",
    "corners_to_xywh",
    "decode",
    "encode",
    "giou",
    "iou",
    "non_max_suppression",
    "relative_to_absolute",
    "scale",
    "soft_nms",
    "xywh_to_corners",
]
