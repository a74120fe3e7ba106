"""From masks and what was answered to scores."""

from collections.abc import Mapping, Sequence

import numpy as np

from dlzoo.metrics import class_dice, class_iou, mean_iou, pixel_accuracy
from dlzoo.segmentation.report import MaskScore, PixelScore
from dlzoo.training import Diagnosis
from dlzoo.training.diagnosis import diagnose_by_split


def score_masks(
    confusion: np.ndarray, classes: Sequence[str], images: int, boundary_f1: float | None = None
) -> MaskScore:
    """All scores of a split from its confusion matrix.

    Args:
        confusion: `confusion[true, predicted]`: number of pixels, over all images.
        classes: Names.
        images: How many there are.
        boundary_f1: Mean over the images.

    Example:
        >>> score = score_masks(np.array([[3, 1], [0, 4]]), ["road", "sky"], 1)
        >>> score.pixel_accuracy, score.classes[0].iou
        (0.875, 0.75)
    """
    right, true, answered = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    iou, dice = class_iou(confusion), class_dice(confusion)
    precision, recall = (
        np.where(whole > 0, right / np.maximum(whole, 1), np.nan) for whole in (answered, true)
    )
    parts = [[_known(value) for value in part] for part in (iou, dice, precision, recall)]
    scores = zip(classes, *parts, true.tolist(), strict=True)
    return MaskScore(
        images=images,
        mean_iou=mean_iou(confusion),
        mean_dice=float(np.nanmean(dice)),
        pixel_accuracy=pixel_accuracy(confusion),
        boundary_f1=boundary_f1,
        classes=tuple(PixelScore(*score) for score in scores),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def diagnose_masks(splits: Mapping[str, MaskScore]) -> Diagnosis:
    """The course's diagnosis, on the fraction of wrong pixels."""
    errors = {name: 1 - score.pixel_accuracy for name, score in splits.items()}
    return diagnose_by_split(errors, None)


def _known(value):
    """A number, or None where there was nothing to measure."""
    return None if np.isnan(value) else float(value)
