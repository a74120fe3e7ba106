"""Metrics over a whole data set: of labelled pixels, of boxes, and of pairs of faces."""

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
from dlzoo.metrics.embedding_spread import EmbeddingSpread
from dlzoo.metrics.lfw import LfwPair, LfwScores, lfw_image, lfw_scores, read_pairs
from dlzoo.metrics.pixel_metrics import (
    ClassDice,
    ClassIoU,
    MeanDice,
    MeanIoU,
    PixelAccuracy,
)
from dlzoo.metrics.verification import (
    Roc,
    VerificationScores,
    auc,
    eer,
    roc,
    tar_at_far,
    threshold_at_far,
    verification_scores,
)

__all__ = [
    "BoundaryF1",
    "ClassDice",
    "ClassIoU",
    "CocoScores",
    "EmbeddingSpread",
    "LfwPair",
    "LfwScores",
    "MeanDice",
    "MeanIoU",
    "PixelAccuracy",
    "PrecisionRecall",
    "Roc",
    "VerificationScores",
    "auc",
    "average_precision",
    "boundary_counts",
    "class_dice",
    "class_iou",
    "coco_scores",
    "eer",
    "lfw_image",
    "lfw_scores",
    "mean_average_precision",
    "mean_iou",
    "pixel_accuracy",
    "pixel_confusion",
    "precision_recall",
    "read_pairs",
    "roc",
    "tar_at_far",
    "threshold_at_far",
    "verification_scores",
]
