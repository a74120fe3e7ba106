"""From boxes and what was found to scores."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from dlzoo.data import BoxExamples
from dlzoo.detection.prediction import THRESHOLD
from dlzoo.detection.report import BoxScore, ClassScore
from dlzoo.metrics import average_precision, coco_scores, precision_recall
from dlzoo.metrics.average_precision import Found, Truth, matched
from dlzoo.training import Diagnosis
from dlzoo.training.diagnosis import diagnose_by_split


def truths_of(examples: BoxExamples) -> list[Truth]:
    """Boxes, class numbers and ignored ones of each image, as metrics take them."""
    return list(zip(examples.boxes, examples.labels, examples.ignored, strict=True))


def score_boxes(
    truths: Sequence[Truth], found: Sequence[Found], classes: Sequence[str]
) -> BoxScore:
    """All scores of a split.

    Args:
        truths, found: As in `dlzoo.metrics.precision_recall`.
        classes: Names.

    Example:
        >>> truths = [([[0, 0, 40, 40]], np.array([0]), np.array([False]))]
        >>> score = score_boxes(truths, [([[0, 0, 40, 35]], [0.9], [0])], ["cell"])
        >>> score.ap50, score.ap, score.classes[0].recall
        (1.0, 0.8, 1.0)
    """
    coco = coco_scores(truths, found, len(classes))
    curves = precision_recall(truths, found, len(classes))
    scores = []
    for name, curve, (ap, ap50) in zip(classes, curves, coco.classes, strict=True):
        voc = average_precision(curve), average_precision(curve, 11)
        area, eleven, precision, recall = (
            _known(value) for value in (*voc, *curve.at(THRESHOLD))
        )
        scores.append(
            ClassScore(name, ap, ap50, area, eleven, precision, recall, curve.objects)
        )
    means = [
        float(np.mean(known)) if (known := [v for v in values if v is not None]) else None
        for values in ([s.voc for s in scores], [s.voc11 for s in scores])
    ]
    whole = coco.to_dict()
    del whole["classes"]
    return BoxScore(
        images=len(truths),
        empty=sum(bool(np.all(ignored)) for *_, ignored in truths),
        objects=sum(score.objects for score in scores),
        **whole,
        voc=means[0],
        voc11=means[1],
        classes=tuple(scores),
    )


def image_errors(truth: Truth, found: Found) -> tuple[float, int, int]:
    """F1 of one image at `predict`'s threshold, objects that were missed, wrong detections.

    Where there is nothing and nothing is found, F1 is 1.

    Example:
        >>> image_errors(([[0, 0, 9, 9]], [0], [False]), ([[0, 0, 9, 9]], [0.9], [1]))
        (0.0, 1, 1)
    """
    boxes, scores, numbers = (np.asarray(part) for part in found)
    sure = scores >= THRESHOLD
    result = matched(truth, (boxes[sure], scores[sure], numbers[sure]))
    right, wrong = int((result == 1).sum()), int((result == 0).sum())
    missed = int((~np.asarray(truth[2], bool)).sum()) - right
    every = 2 * right + wrong + missed
    return (2 * right / every if every else 1.0), missed, wrong


def diagnose_boxes(splits: Mapping[str, BoxScore]) -> Diagnosis:
    """The course's diagnosis, on 1 - AP50; a split without objects says nothing."""
    known = {n: s.ap50 for n, s in splits.items() if s.ap50 is not None}
    return diagnose_by_split({name: 1 - ap50 for name, ap50 in known.items()}, None)


def _known(value):
    """A number, or None where there was nothing to measure."""
    return None if math.isnan(value) else value
