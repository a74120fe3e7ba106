"""From masks and what was answered to scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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
    right = np.diag(confusion)
    true, answered = confusion.sum(axis=1), confusion.sum(axis=0)
    iou = _divided(right, true + answered - right)
    dice = _divided(2 * right, true + answered)
    precision, recall = _divided(right, answered), _divided(right, true)
    columns = zip(classes, iou, dice, precision, recall, true.tolist(), strict=True)
    scores = tuple(PixelScore(*column) for column in columns)
    return MaskScore(
        images=images,
        mean_iou=_mean(iou),
        mean_dice=_mean(dice),
        pixel_accuracy=float(right.sum() / max(confusion.sum(), 1)),
        boundary_f1=boundary_f1,
        classes=scores,
        confusion=tuple(tuple(row) for row in confusion.astype(int).tolist()),
    )


def count_pixels(true: np.ndarray, answered: np.ndarray, classes: int) -> np.ndarray:
    """`counts[true, answered]`, of pixels whose true class is one (not void).

    Example:
        >>> count_pixels(np.array([0, 1, 255]), np.array([0, 0, 1]), 2).tolist()
        [[1, 0], [1, 0]]
    """
    known = true < classes
    pairs = true[known].astype(np.int64) * classes + answered[known]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def mean_iou(confusion: np.ndarray) -> float:
    """Of the classes that are there or were answered."""
    right = np.diag(confusion)
    return _mean(_divided(right, confusion.sum(axis=0) + confusion.sum(axis=1) - right))


def diagnose_masks(splits: Mapping[str, MaskScore]) -> Diagnosis:
    """The course's diagnosis, on the fraction of wrong pixels."""
    errors = {name: 1 - score.pixel_accuracy for name, score in splits.items()}
    return diagnose_by_split(errors, None)


def _divided(part, whole) -> list[Any]:
    """Fractions as numbers, None where there is nothing to divide."""
    pairs = zip(part.tolist(), whole.tolist(), strict=True)
    return [a / b if b else None for a, b in pairs]


def _mean(values):
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else 0.0
