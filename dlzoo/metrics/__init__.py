"""Metrics over a whole data set: of labelled pixels, and of boxes."""

from dlzoo.metrics.average_precision import (
    PrecisionRecall,
    average_precision,
    mean_average_precision,
    precision_recall,
)
from dlzoo.metrics.boundaries import BoundaryF1, boundary_counts
from dlzoo.metrics.coco import CocoScores, coco_scores
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
    "CocoScores",
    "MeanDice",
    "MeanIoU",
    "PixelAccuracy",
    "PrecisionRecall",
    "average_precision",
    "boundary_counts",
    "class_dice",
    "class_iou",
    "coco_scores",
    "mean_average_precision",
    "mean_iou",
    "pixel_accuracy",
    "pixel_confusion",
    "precision_recall",
]
