"""Average precision as Pascal VOC has it, and the curve behind it.

Everingham et al. 2010, "The Pascal Visual Object Classes (VOC) Challenge", section 4.2, and
the development kit of 2012, section 3.4.1. Where we leave the kit: boxes are continuous, it
counts pixels (`x2 - x1 + 1`).

NumPy, because all images are looked at together, after the network has answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlzoo._checks import check_between, check_positive_int

# Of one image: boxes (n, 4), class numbers (n,), whether each is ignored (n,).
Truth = tuple[Any, Any, Any]
# Of one image: boxes (n, 4), scores (n,), class numbers (n,).
Found = tuple[Any, Any, Any]


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """What happens to one class as the score that counts is lowered.

    Attributes:
        scores: Of the detections that are right or wrong, the highest first.
        precision: Of the detections so far, the part that is right.
        recall: Of the objects, the part that is found so far.
        objects: How many there are; ignored ones do not count.
    """

    scores: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    objects: int

    def at(self, score: float) -> tuple[float, float]:
        """Precision and recall of the detections of at least `score`; NaN for what is not."""
        count = int((self.scores >= score).sum())
        found = 0.0 if not count else float(self.recall[count - 1])
        precision = float(self.precision[count - 1]) if count else float("nan")
        return precision, found if self.objects else float("nan")


def overlaps(first: Any, second: Any) -> np.ndarray:
    """Intersection over union of each of `(n, 4)` boxes with each of `(m, 4)`.

    Example:
        >>> overlaps([[0, 0, 2, 2]], [[1, 0, 3, 2], [5, 5, 6, 6]]).round(3).tolist()
        [[0.333, 0.0]]
    """
    first, second = (np.asarray(each, np.float64).reshape(-1, 4) for each in (first, second))
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=-1)
    areas = [
        np.clip(each[:, 2:] - each[:, :2], 0, None).prod(axis=-1) for each in (first, second)
    ]
    union = areas[0][:, None] + areas[1][None] - both
    return np.divide(both, union, out=np.zeros_like(both), where=union > 0)


def matched(truth: Truth, found: Found, iou: float = 0.5) -> np.ndarray:
    """Which detections of one image are right: 1, wrong: 0, or neither: -1.

    The best first, a detection is right if the object of its class that it overlaps most is
    overlapped by `iou` at least and was not found before; a second detection of the same
    object is wrong, one of an ignored object is neither.

    Example:
        >>> truth = [[0, 0, 10, 10]], [3], [False]
        >>> found = [[0, 0, 10, 9], [0, 0, 10, 10], [0, 0, 10, 10]], [0.7, 0.9, 0.8], [3, 3, 4]
        >>> matched(truth, found).tolist()
        [0, 1, 0]
    """
    boxes, classes, ignored = truth
    places, scores, labels = (np.asarray(part) for part in found)
    classes, ignored = np.asarray(classes), np.asarray(ignored, bool)
    result = np.zeros(len(scores), np.int8)
    shared = overlaps(places, boxes)
    if not shared.size:
        return result
    shared = np.where(labels[:, None] == classes[None], shared, -1.0)
    taken = np.zeros(len(classes), bool)
    for place in np.argsort(-scores, kind="stable"):
        best = int(shared[place].argmax())
        if shared[place, best] < iou:
            continue
        if ignored[best]:
            result[place] = -1
        elif not taken[best]:
            taken[best] = True
            result[place] = 1
    return result


def precision_recall(
    truths: Sequence[Truth], found: Sequence[Found], classes: int, iou: float = 0.5
) -> tuple[PrecisionRecall, ...]:
    """The curve of each class over all images.

    Args:
        truths: Of each image: boxes `(n, 4)`, class numbers `(n,)`, and whether a box is
            ignored `(n,)`.
        found: Of each image: boxes `(m, 4)`, scores `(m,)`, class numbers `(m,)`.
        classes: How many.
        iou: From which on a detection is right.

    Raises:
        ValueError: `truths` and `found` are not of the same images.
    """
    check_positive_int("precision_recall", "classes", classes)
    check_between("precision_recall", "iou", iou, 0, 1)
    if len(truths) != len(found):
        raise ValueError(
            f"precision_recall: truths and found must be of the same images; got "
            f"{len(truths)} and {len(found)}."
        )
    objects = np.zeros(classes, np.int64)
    for _, numbers, ignored in truths:
        kept = np.asarray(numbers, np.int64)[~np.asarray(ignored, bool)]
        objects += np.bincount(kept, minlength=classes)
    pairs = zip(truths, found, strict=True)
    right = np.concatenate([*(matched(t, f, iou) for t, f in pairs), np.zeros(0)])
    scores = np.concatenate([*(np.asarray(f[1], np.float64) for f in found), np.zeros(0)])
    labels = np.concatenate([*(np.asarray(f[2], np.int64) for f in found), np.zeros(0, int)])
    return tuple(
        _curve(right[labels == number], scores[labels == number], int(objects[number]))
        for number in range(classes)
    )


def average_precision(curve: PrecisionRecall, points: int | None = None) -> float:
    """The area under a curve, its precision made to fall with recall.

    Args:
        curve: Of one class.
        points: None: the whole area (VOC from 2010 on). A number: the mean of the precision
            at so many recalls from 0 to 1: 11 as VOC until 2009, 101 as COCO.

    Returns:
        0 to 1; NaN where there are no objects.

    Example:
        >>> truths = [([[0, 0, 9, 9], [20, 0, 29, 9]], [0, 0], [False, False])]
        >>> found = [([[0, 0, 9, 9], [50, 0, 59, 9]], [0.9, 0.8], [0, 0])]
        >>> (curve,) = precision_recall(truths, found, classes=1)
        >>> average_precision(curve), round(average_precision(curve, 11), 4)
        (0.5, 0.5455)
    """
    if not curve.objects:
        return float("nan")
    recall = np.concatenate([[0.0], curve.recall, [1.0]])
    precision = np.concatenate([[0.0], curve.precision, [0.0]])
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    if points is None:
        return float((np.diff(recall) * precision[1:]).sum())
    check_positive_int("average_precision", "points", points, minimum=2)
    # 1e-9: 3 of 10 objects reach the recall 0.3
    wanted = np.linspace(0, 1, points) - 1e-9
    return float(precision[1:][np.searchsorted(curve.recall, wanted)].mean())


def mean_average_precision(
    truths: Sequence[Truth],
    found: Sequence[Found],
    classes: int,
    iou: float = 0.5,
    points: int | None = None,
) -> float:
    """The mean over the classes that there are; NaN where there is none."""
    curves = precision_recall(truths, found, classes, iou)
    each = np.array([average_precision(curve, points) for curve in curves])
    return float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")


def _curve(right, scores, objects):
    counts = right >= 0
    right, scores = right[counts], scores[counts]
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    return PrecisionRecall(
        scores=scores[order],
        precision=hits / np.arange(1, len(hits) + 1),
        recall=hits / max(objects, 1),
        objects=objects,
    )
