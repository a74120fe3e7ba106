"""Anchors by k-means: what they are for boxes of known shapes, and what is refused."""

import numpy as np
import pytest

from dlzoo.detection import anchors

SHAPES = np.array([[10.0, 12.0], [60.0, 20.0], [50.0, 90.0]])


def boxes(seed=0):
    """A hundred of each shape, a few per cent larger or smaller."""
    rng = np.random.default_rng(seed)
    return (SHAPES[:, None] * rng.normal(1, 0.03, (3, 100, 2))).reshape(-1, 2)


def test_shapes_are_found_again():
    found = anchors(boxes(), 3)
    np.testing.assert_allclose(found.sizes, SHAPES, rtol=0.02)  # the smallest area first
    np.testing.assert_allclose(found.shares, [1 / 3] * 3, atol=1e-3)
    assert found.boxes == 300
    overlap = [
        max(min(w, a) * min(h, b) / (w * h + a * b - min(w, a) * min(h, b)) for a, b in SHAPES)
        for w, h in boxes()
    ]
    assert found.mean_iou == pytest.approx(np.mean(overlap), abs=2e-3)
    assert "3 anchors for 300 boxes, mean IoU 0.9" in str(found)


def test_one_is_the_mean_and_all_are_the_boxes():
    assert anchors(boxes(), 1).sizes[0] == pytest.approx(boxes().mean(axis=0), abs=0.01)
    found = anchors(SHAPES, 3)
    assert found.mean_iou == 1
    assert {tuple(size) for size in found.sizes} == {tuple(shape) for shape in SHAPES}


def test_more_fit_better_and_the_seed_decides():
    fits = [anchors(boxes(), count).mean_iou for count in (1, 2, 3, 6)]
    assert fits == sorted(fits)
    assert anchors(boxes(), 5, seed=3) == anchors(boxes(), 5, seed=3)
    shuffled = np.random.default_rng(1).permutation(boxes())
    np.testing.assert_allclose(anchors(shuffled, 3).sizes, anchors(boxes(), 3).sizes, rtol=1e-3)


def test_the_same_box_again_and_again():
    found = anchors([(4, 5)] * 50 + [(40, 50)], 2)
    assert found.sizes == ((4.0, 5.0), (40.0, 50.0))
    assert found.to_dict()["boxes"] == 51


@pytest.mark.parametrize(
    "sizes, count, words",
    [
        ([(1, 2, 3)], 1, r"anchors: sizes must be \(boxes, 2\), .*got shape \(1, 3\)"),
        ([], 1, r"anchors: sizes must be \(boxes, 2\)"),
        ([(1, 2), (0, 3), (2, -1)], 1, r"got \[0.0, 3.0\] and 1 more. Drop such boxes."),
        ([(1, float("nan"))], 1, "anchors: sizes must be positive"),
        (
            [(1, 2), (1, 2)],
            2,
            "anchors: count must be at most the number of different sizes, 1",
        ),
        ([(1, 2)], 0, "anchors: count must be a whole number of at least 1; got 0"),
    ],
)
def test_what_is_refused(sizes, count, words):
    with pytest.raises(ValueError, match=words):
        anchors(sizes, count)
