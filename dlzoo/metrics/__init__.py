"""Metrics of labelled pixels, over a whole data set: on the device, and from NumPy arrays."""

from dlzoo.metrics.boundaries import BoundaryF1, boundary_counts
from dlzoo.metrics.confusion import (
    class_dice,
    class_iou,
    mean_iou,
    pixel_accuracy,
    pixel_confusion,
)
from dlzoo.metrics.pixel_metrics import (
    ClassDice,
    ClassIoU,
    MeanDice,
    MeanIoU,
    PixelAccuracy,
)

__all__ = [
    "BoundaryF1",
    "ClassDice",
    "ClassIoU",
    "MeanDice",
    "MeanIoU",
    "PixelAccuracy",
    "boundary_counts",
    "class_dice",
    "class_iou",
    "mean_iou",
    "pixel_accuracy",
    "pixel_confusion",
]
