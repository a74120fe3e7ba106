"""Boxes: round trips, overlap, and suppression against one that is done by hand."""

import functools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlzoo._plain import plain_operations
from dlzoo.detection import boxes as box
from tests.models.zoo import compiled

quick = settings(max_examples=25, deadline=None)
numbers = st.integers(0, 40).map(float)


def to_numpy(value):
    return keras.ops.convert_to_numpy(value)


@st.composite
def many_boxes(draw, least=1, most=8, shortest=0):
    """Boxes on whole pixels, so that many touch, repeat or are empty."""
    n = draw(st.integers(least, most))
    low = draw(arrays("float32", (n, 2), elements=numbers))
    sides = st.integers(shortest, 12).map(float)
    return np.concatenate([low, low + draw(arrays("float32", (n, 2), elements=sides))], -1)


def overlap(a, b):
    sides = [max(min(a[i + 2], b[i + 2]) - max(a[i], b[i]), 0) for i in (0, 1)]
    shared = sides[0] * sides[1]
    union = sum((x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)) - shared
    return np.float32(shared) / np.float32(union) if union > 0 else 0.0


def suppressed(boxes, scores, iou_threshold, most, score_threshold=-np.inf):
    """Greedy suppression, one box after the other."""
    order = sorted(range(len(boxes)), key=lambda i: (-scores[i], i))
    kept = []
    for i in order:
        free = all(overlap(boxes[i], boxes[j]) <= np.float32(iou_threshold) for j in kept)
        if free and scores[i] > np.float32(score_threshold):
            kept.append(i)
    return kept[:most]


def relative(boxes):
    return box.absolute_to_relative(boxes, 48, 64)


def absolute(boxes):
    return box.relative_to_absolute(boxes, 48, 64)


@quick
@given(many_boxes())
def test_there_and_back(boxes):
    for there, back in (
        (box.corners_to_center, box.center_to_corners),
        (box.corners_to_xywh, box.xywh_to_corners),
        (relative, absolute),
        (lambda b: box.scale(b, (2.0, 0.5)), lambda b: box.scale(b, (0.5, 2.0))),
    ):
        np.testing.assert_allclose(to_numpy(back(there(boxes))), boxes, rtol=1e-6, atol=1e-5)


@quick
@given(many_boxes(shortest=1), st.integers(0, 100))
def test_steps_lead_back(boxes, seed):
    low = np.random.default_rng(seed).uniform(0, 30, (len(boxes), 2))
    anchors = np.concatenate([low, low + [4.0, 9.0]], -1).astype("float32")
    for weights in ((1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)):
        steps = box.encode(boxes, anchors, weights=weights)
        again = to_numpy(box.decode(steps, anchors, weights=weights))
        np.testing.assert_allclose(again, boxes, atol=1e-4)


def test_empty_boxes_have_steps_and_growth_has_an_end():
    steps = to_numpy(box.encode([[5.0, 5.0, 5.0, 9.0]], [[0.0, 0.0, 0.0, 4.0]]))
    assert np.isfinite(steps).all()
    grown = to_numpy(box.decode([[0.0, 0.0, 99.0, 0.0]], [[0.0, 0.0, 4.0, 4.0]]))
    assert grown[0, 2] - grown[0, 0] == pytest.approx(4 * 62.5)


@quick
@given(many_boxes(), many_boxes())
def test_overlap_of_every_pair(a, b):
    found = to_numpy(box.iou(a, b))
    expected = [[overlap(x, y) for y in b] for x in a]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(found, to_numpy(box.iou(b, a)).T)
    more = to_numpy(box.giou(a, b))
    assert (more <= found + 1e-6).all()
    assert (more >= -1).all()
    np.testing.assert_array_equal(
        to_numpy(box.giou(a, a, paired=True)), np.diag(to_numpy(box.giou(a, a)))
    )


def test_swapped_corners_are_an_empty_box():
    swapped = [[9.0, 9.0, 0.0, 0.0]]
    assert float(box.area(swapped)[0]) == 0
    assert float(box.iou(swapped, [[0.0, 0.0, 9.0, 9.0]])[0, 0]) == 0


def test_clipped_boxes():
    found = to_numpy(box.clip([[-5.0, -5.0, 70.0, 3.0], [90.0, 90.0, 95.0, 99.0]], 48, 64))
    np.testing.assert_array_equal(found, [[0, 0, 64, 3], [64, 48, 64, 48]])


@quick
@given(many_boxes(), st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.data())
def test_suppression_is_that_by_hand(boxes, threshold, data):
    some = st.integers(0, 4).map(lambda v: v / 4)  # so that many tie
    scores = data.draw(arrays("float32", len(boxes), elements=some))
    indices, count = box.non_max_suppression(
        boxes, scores, iou_threshold=threshold, most=5, score_threshold=0.2
    )
    kept = suppressed(boxes, scores, threshold, 5, 0.2)
    assert int(count) == len(kept)
    assert to_numpy(indices).tolist() == kept + [0] * (5 - len(kept))


@quick
@given(many_boxes(), st.randoms(use_true_random=False))
def test_the_order_of_the_boxes_changes_nothing(boxes, random):
    scores = np.linspace(0.9, 0.1, len(boxes)).astype("float32")
    random.shuffle(order := list(range(len(boxes))))
    kept = []
    for places in (list(range(len(boxes))), order):
        indices, count = box.non_max_suppression(boxes[places], scores[places], most=8)
        kept.append([places[i] for i in to_numpy(indices)[: int(count)]])
    assert kept[0] == kept[1]


def crowd(seed, *shape):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 30, (*shape, 2)).round()
    boxes = np.concatenate([low, low + rng.integers(0, 14, (*shape, 2))], -1)
    return boxes.astype("float32"), rng


def by_class(boxes, scores, **limits):
    """Class after class by hand, then the best of all; ties to the index, then the class."""
    found = []
    for label in range(scores.shape[1]):
        own = boxes if boxes.ndim == 2 else boxes[:, label]
        for i in suppressed(
            own, scores[:, label], limits["iou_threshold"], limits["most"], 0.3
        ):
            found.append((-scores[i, label], i, label))
    found = sorted(found)[: limits["most"]]
    return [(index, label) for _, index, label in found]


@pytest.mark.backend
@pytest.mark.parametrize("own", [False, True], ids=["shared", "a class each"])
def test_a_class_at_a_time(own):
    boxes, rng = crowd(0, 2, 20, 3) if own else crowd(1, 2, 20)
    scores = (rng.uniform(size=(2, 20, 3)) * 8).round().astype("float32") / 8
    limits = {"iou_threshold": 0.4, "most": 12}
    suppress = functools.partial(box.class_wise_suppression, score_threshold=0.3, **limits)
    found = compiled(suppress)(boxes, scores)
    found = {name: to_numpy(value) for name, value in found.items()}
    for image in range(2):
        kept = by_class(boxes[image], scores[image], **limits)
        many = len(kept)
        assert found["count"][image] == many
        assert found["classes"][image].tolist() == [c for _, c in kept] + [-1] * (12 - many)
        expected = [boxes[image, i, c] if own else boxes[image, i] for i, c in kept]
        np.testing.assert_array_equal(found["boxes"][image, :many], expected)
        np.testing.assert_array_equal(
            found["scores"][image, :many], [scores[image, i, c] for i, c in kept]
        )
        assert not found["boxes"][image, many:].any()


@pytest.mark.backend
def test_suppression_of_a_batch():
    boxes, rng = crowd(2, 3, 15)
    scores = (rng.uniform(size=(3, 15)) * 8).round().astype("float32") / 8
    suppress = functools.partial(box.non_max_suppression, iou_threshold=0.3, most=9)
    indices, count = compiled(suppress)(boxes, scores)
    for image in range(3):
        kept = suppressed(boxes[image], scores[image], 0.3, 9)
        assert to_numpy(indices)[image].tolist() == kept + [0] * (9 - len(kept))
        assert int(count[image]) == len(kept)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("first", [1024, 5])
def test_the_neutral_loop_and_the_fused_operation_agree(own, first, monkeypatch):
    """Whether the fused one begins with all candidates, or with five and takes more."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("there is no fused operation")
    monkeypatch.setattr("dlzoo._boxes.fused.FIRST", first)
    monkeypatch.setattr("dlzoo._boxes.fused.GROWTH", 3)
    boxes, rng = crowd(3, 2, 25, 4) if own else crowd(4, 2, 25)
    scores = (rng.uniform(size=(2, 25, 4)) * 5).round().astype("float32") / 5
    fused = box.class_wise_suppression(boxes, scores, most=60)
    monkeypatch.setattr("dlzoo._boxes.suppression.keras.backend.backend", lambda: "another")
    neutral = box.class_wise_suppression(boxes, scores, most=60)
    for name, value in fused.items():
        np.testing.assert_array_equal(value, neutral[name])


@pytest.mark.backend
@pytest.mark.parametrize("few", [2**23, 0], ids=["each class", "the best of all"])
def test_what_an_export_does_is_the_same(few, monkeypatch):
    monkeypatch.setattr("dlzoo._boxes.settled.FEW", few)
    boxes, rng = crowd(6, 2, 30, 3)
    scores = (rng.uniform(size=(2, 30, 3)) * 5).round().astype("float32") / 5
    suppress = functools.partial(box.class_wise_suppression, most=20, score_threshold=0.3)
    expected = compiled(suppress)(boxes, scores)
    with plain_operations():
        found = compiled(lambda boxes, scores: suppress(boxes, scores))(boxes, scores)
    for name, value in expected.items():
        np.testing.assert_array_equal(to_numpy(found[name]), to_numpy(value))


def softened(boxes, scores, method, most, sigma=0.5, iou_threshold=0.3):
    """Soft suppression, one box after the other, in float64."""
    left = dict(enumerate(scores.astype("float64")))
    kept = []
    while left and len(kept) < most:
        best = max(left, key=lambda i: (left[i], -i))
        if left[best] <= 0.001:
            break
        kept.append((best, left.pop(best)))
        for i in left:
            iou = overlap(boxes[best], boxes[i])
            if method == "gaussian":
                left[i] *= np.exp(-(iou**2) / sigma)
            elif iou >= iou_threshold:
                left[i] *= 1 - iou
    return kept


@pytest.mark.backend
@pytest.mark.parametrize("method", ["gaussian", "linear"])
def test_soft_suppression_is_that_by_hand(method):
    boxes, rng = crowd(5, 2, 12)
    boxes[:, :2] = boxes[:, 2:4]  # equal boxes
    scores = rng.uniform(size=(2, 12)).astype("float32")
    suppress = functools.partial(box.soft_nms, method=method, most=14)
    indices, left, count = compiled(suppress)(boxes, scores)
    for image in range(2):
        kept = softened(boxes[image], scores[image], method, 14)
        many = int(count[image])
        assert many == len(kept)
        assert to_numpy(indices)[image, :many].tolist() == [i for i, _ in kept]
        np.testing.assert_allclose(to_numpy(left)[image, :many], [s for _, s in kept], 1e-4)


def test_no_boxes_and_nothing_but_empty_ones():
    nothing = np.zeros((0, 4), "float32")
    indices, count = box.non_max_suppression(nothing, np.zeros(0, "float32"), most=3)
    assert (to_numpy(indices).tolist(), int(count)) == ([0, 0, 0], 0)
    found = box.class_wise_suppression(nothing, np.zeros((0, 2), "float32"), most=3)
    assert (to_numpy(found["classes"]).tolist(), int(found["count"])) == ([-1, -1, -1], 0)
    assert to_numpy(box.iou(nothing, np.ones((2, 4)))).shape == (0, 2)
    empty = np.full((4, 4), 5.0, "float32")
    indices, count = box.non_max_suppression(empty, np.ones(4, "float32"), most=9)
    assert to_numpy(indices)[: int(count)].tolist() == [0, 1, 2, 3]  # they share nothing


@pytest.mark.parametrize(
    "call, message",
    [
        (box.non_max_suppression, "non_max_suppression: most must be a whole number"),
        (box.class_wise_suppression, "class_wise_suppression: most must be a whole number"),
        (box.soft_nms, "soft_nms: most must be a whole number"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.zeros((1, 4)), np.zeros(1), most=0)
    with pytest.raises(ValueError, match="iou_threshold must be between 0 and 1; got 2"):
        call(np.zeros((1, 4)), np.zeros(1), iou_threshold=2)


def test_unknown_method():
    with pytest.raises(ValueError, match="soft_nms: method must be one of"):
        box.soft_nms(np.zeros((1, 4)), np.zeros(1), method="hard")
