"""COCO's average precision, by COCO's own program (pycocotools).

Lin et al. 2014, "Microsoft COCO: Common Objects in Context",
https://arxiv.org/abs/1405.0312; https://cocodataset.org/#detection-eval.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dlzoo._checks import require
from dlzoo.metrics.average_precision import Found, Truth


@dataclass(frozen=True)
class CocoScores:
    """Average precision; None where there is no such object.

    Attributes:
        ap: Mean over IoU 0.50, 0.55 ... 0.95 and over the classes.
        ap50, ap75: At one of these IoU alone.
        ap_small, ap_medium, ap_large: Of objects below 32 x 32 pixels, up to 96 x 96, beyond.
        ar: Of the objects, the part that is found with 100 detections an image, mean over
            the same IoU.
        classes: `ap` and `ap50` of each class.
    """

    ap: float | None
    ap50: float | None
    ap75: float | None
    ap_small: float | None
    ap_medium: float | None
    ap_large: float | None
    ar: float | None
    classes: tuple[tuple[float | None, float | None], ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def require_pycocotools() -> Any:
    """The module, or an error that names the extra."""
    return require("pycocotools.cocoeval", extra="detection", purpose="COCO's AP")


def coco_scores(truths: Sequence[Truth], found: Sequence[Found], classes: int) -> CocoScores:
    """Compare detections with the truth on all images.

    Args:
        truths, found, classes: As in `precision_recall`; ignored boxes count as crowds.

    Raises:
        MissingExtraError: pycocotools is not installed.

    Example:
        >>> truths = [([[0, 0, 40, 40]], [0], [False])]
        >>> scores = coco_scores(truths, [([[0, 0, 40, 35]], [0.9], [0])], classes=2)
        >>> scores.ap, scores.ap50, scores.ap_small, scores.classes[1]
        (0.8, 1.0, None, (None, None))
    """
    cocoeval = require_pycocotools()
    coco = require("pycocotools.coco", extra="detection", purpose="COCO's AP").COCO
    true: list[dict[str, Any]] = []
    answered: list[dict[str, Any]] = []
    for image, (boxes, numbers, ignored) in enumerate(truths):
        true += _rows(image, boxes, numbers, len(true), crowds=ignored)
    for image, (boxes, scores, numbers) in enumerate(found):
        answered += _rows(image, boxes, numbers, len(answered), scores=scores)
    with contextlib.redirect_stdout(io.StringIO()):  # it reports on what it does
        both = []
        for annotations in (true, answered):
            both.append(coco())
            both[-1].dataset = {
                "images": [{"id": image} for image in range(len(truths))],
                "categories": [{"id": number} for number in range(classes)],
                "annotations": annotations,
            }
            both[-1].createIndex()
        judge = cocoeval.COCOeval(*both, iouType="bbox")
        judge.evaluate()
        judge.accumulate()
    precision, recall = judge.eval["precision"], judge.eval["recall"]
    small, medium, large = (_mean(precision[:, :, :, area, -1]) for area in (1, 2, 3))
    return CocoScores(
        ap=_mean(precision[:, :, :, 0, -1]),
        ap50=_mean(precision[0, :, :, 0, -1]),
        ap75=_mean(precision[5, :, :, 0, -1]),
        ap_small=small,
        ap_medium=medium,
        ap_large=large,
        ar=_mean(recall[:, :, 0, -1]),
        classes=tuple(
            (_mean(precision[:, :, number, 0, -1]), _mean(precision[0, :, number, 0, -1]))
            for number in range(classes)
        ),
    )


def _rows(image, boxes, numbers, before, *, scores=None, crowds=None):
    """COCO's annotations of one image."""
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    rows = []
    for place, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        row = {
            "id": before + place + 1,
            "image_id": image,
            "category_id": int(numbers[place]),
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": (x2 - x1) * (y2 - y1),
            "iscrowd": 0 if crowds is None else int(crowds[place]),
        }
        rows.append(row if scores is None else row | {"score": float(scores[place])})
    return rows


def _mean(values):
    """The mean of what was measured (-1: nothing)."""
    known = values[values > -1]
    return round(float(known.mean()), 12) if known.size else None
