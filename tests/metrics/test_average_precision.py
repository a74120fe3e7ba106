"""Average precision: by hand, and against COCO's own program."""

import numpy as np
import pytest

from dlzoo.metrics import (
    average_precision,
    coco_scores,
    mean_average_precision,
    precision_recall,
)
from dlzoo.metrics.average_precision import matched, overlaps

pytest.importorskip("pycocotools")
RNG = np.random.default_rng(0)

CELL = [0.0, 0.0, 10.0, 10.0]
FAR = [50.0, 50.0, 60.0, 60.0]
FARTHER = [90.0, 50.0, 99.0, 60.0]


def truth(*boxes, classes=None, ignored=None):
    count = len(boxes)
    return (
        np.array(boxes, float).reshape(-1, 4),
        np.zeros(count, int) if classes is None else np.array(classes),
        np.zeros(count, bool) if ignored is None else np.array(ignored),
    )


def found(*rows):
    """(box, score) or (box, score, class)."""
    rows = [(*row, 0)[:3] for row in rows]
    return (
        np.array([box for box, _, _ in rows], float).reshape(-1, 4),
        np.array([score for _, score, _ in rows], float),
        np.array([number for _, _, number in rows], int),
    )


HAND = {  # truths, what was found, precision and recall, area, 11 points
    "all right": ([truth(CELL)], [found((CELL, 0.9))], [1], [1], 1.0, 1.0),
    "nothing found": ([truth(CELL)], [found()], [], [], 0.0, 0.0),
    "one of two, and one wrong that is surer": (
        [truth(CELL, FAR)],
        [found((FARTHER, 0.9), (CELL, 0.8))],
        [0, 0.5],
        [0, 0.5],
        0.25,
        0.5 * 6 / 11,
    ),
    "a second one of the same": (
        [truth(CELL)],
        [found((CELL, 0.9), (CELL, 0.8))],
        [1, 0.5],
        [1, 1],
        1.0,
        1.0,
    ),
    "ignored ones are neither": (
        [truth(CELL, FAR, ignored=[False, True])],
        [found((FAR, 0.9), (FAR, 0.85), (CELL, 0.8))],
        [1],
        [1],
        1.0,
        1.0,
    ),
    "over two images, precision falls and rises": (
        [truth(CELL), truth(CELL)],
        [found((CELL, 0.9), (FAR, 0.7)), found((CELL, 0.6))],
        [1, 0.5, 2 / 3],
        [0.5, 0.5, 1],
        0.5 + 0.5 * 2 / 3,
        (6 + 5 * 2 / 3) / 11,
    ),
    "an image without objects": (
        [truth(), truth(CELL)],
        [found((CELL, 0.9)), found((CELL, 0.5))],
        [0, 0.5],
        [0, 1],
        0.5,
        0.5,
    ),
}


@pytest.mark.parametrize(
    "truths, rows, precision, recall, area, points", HAND.values(), ids=HAND
)
def test_by_hand(truths, rows, precision, recall, area, points):
    (curve,) = precision_recall(truths, rows, classes=1)
    np.testing.assert_allclose(curve.precision, precision)
    np.testing.assert_allclose(curve.recall, recall)
    assert average_precision(curve) == pytest.approx(area)
    assert average_precision(curve, 11) == pytest.approx(points)


def test_overlap_decides():
    half = [[0, 0, 10, 5]]
    assert overlaps(half, [CELL]).item() == 0.5
    assert matched(truth(CELL), found((half[0], 0.9)), iou=0.5).tolist() == [1]
    assert matched(truth(CELL), found((half[0], 0.9)), iou=0.51).tolist() == [0]
    assert matched(truth(CELL), found((CELL, 0.9, 1))).tolist() == [0]
    assert overlaps([[3, 3, 3, 3]], [[3, 3, 3, 3]]).item() == 0.0


def test_a_class_without_objects_is_left_out():
    curves = precision_recall([truth(CELL)], [found((CELL, 0.9), (FAR, 0.9, 1))], classes=2)
    assert np.isnan(average_precision(curves[1]))
    assert mean_average_precision([truth(CELL)], [found((CELL, 0.9))], classes=2) == 1.0
    assert np.isnan(mean_average_precision([truth()], [found()], classes=2))
    assert curves[0].at(0.95) == (pytest.approx(np.nan, nan_ok=True), 0.0)
    assert curves[0].at(0.9) == (1.0, 1.0)
    with pytest.raises(ValueError, match="must be of the same images; got 1 and 0"):
        precision_recall([truth()], [], classes=1)


def scattered(images=12, classes=3):
    """Objects far from each other, found at several overlaps, some not, some where none is."""
    truths, rows = [], []
    for image in range(images):
        corners = [(x, y) for x in range(0, 400, 100) for y in range(0, 300, 100)]
        RNG.shuffle(corners)
        boxes, numbers, answers = [], [], []
        for x, y in corners[: image % 5]:
            side = RNG.uniform(20, 80)
            boxes.append([x, y, x + side, y + side * RNG.uniform(0.5, 1)])
            numbers.append(int(RNG.integers(classes)))
            if RNG.random() < 0.8:
                moved = np.array(boxes[-1]) + RNG.normal(0, 0.08 * side, 4)
                label = numbers[-1] if RNG.random() < 0.9 else int(RNG.integers(classes))
                answers.append((moved, RNG.random(), label))
        for x, y in corners[-2:]:
            answers.append(([x, y, x + 30, y + 30], 0.6 * RNG.random(), 0))
        truths.append(truth(*boxes, classes=numbers))
        rows.append(found(*answers))
    return truths, rows


def test_it_equals_pycocotools():
    truths, rows = scattered()
    coco = coco_scores(truths, rows, 3)
    mine = [
        mean_average_precision(truths, rows, 3, iou, points=101)
        for iou in np.arange(0.5, 0.99, 0.05).round(2).tolist()
    ]
    # at a recall of k / 100 exactly, rounding decides on one of the 101 points
    assert coco.ap50 == pytest.approx(mine[0], abs=0.01)
    assert coco.ap75 == pytest.approx(mine[5], abs=0.01)
    assert coco.ap == pytest.approx(np.mean(mine), abs=0.01)
    assert 0.1 < coco.ap < coco.ap50 < 0.95  # or anything would agree
    assert mean_average_precision(truths, rows, 3) == pytest.approx(coco.ap50, abs=0.03)
    assert len(coco.to_dict()["classes"]) == 3


def test_pycocotools_without_detections_and_with_crowds(capsys):
    empty = coco_scores([truth(CELL)], [found()], 1)
    assert (empty.ap, empty.ap50, empty.ar, empty.ap_large) == (0.0, 0.0, 0.0, None)
    crowd = truth(CELL, FAR, ignored=[False, True])
    scores = coco_scores([crowd], [found((FAR, 0.9), (CELL, 0.8))], 1)
    assert scores.ap == 1.0
    nothing = coco_scores([truth()], [found((CELL, 0.9))], 1)
    assert nothing.ap is None
    assert capsys.readouterr().out == ""
