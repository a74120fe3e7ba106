"""The loss of YOLO: Darknet's slopes, gradients, and data that are not as they should be."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.losses import YOLOLoss
from dlzoo.losses.yolo_targets import responsible
from dlzoo.testing import gradient_check, gradients

SIDES = (64, 96)
FACTS = {
    "sigmoid": {
        "classes": 3,
        "anchors": [[(40.0, 30.0), (60.0, 60.0)], [(10.0, 14.0), (23.0, 20.0)]],
        "strides": (32, 16),
    },
    "softmax": {
        "classes": 3,
        "anchors": [[(20.0, 25.0), (60.0, 60.0), (90.0, 30.0)]],
        "strides": (32,),
    },
}
# Several in a cell, the same cell and anchor twice, over the border, an empty one, padding.
BOXES = [
    [[2, 3, 40, 35], [5, 5, 16, 20], [4, 4, 15, 19], [60, 20, 130, 80], [0, 0, 0, 0]],
    [[30, 30, 70, 60], [36, 36, 58, 57], [10, 10, 10, 40], [0, 0, 0, 0], [0, 0, 0, 0]],
]
CLASSES = [[0, 2, 1, 1, -1], [2, 0, 1, -1, -1]]


def targets():
    boxes = np.array(BOXES, "float64")
    return np.concatenate([boxes, np.array(CLASSES, "float64")[..., None]], axis=-1)


def candidates(facts, seed=0):
    count = sum(
        len(scale) * (SIDES[0] // stride) * (SIDES[1] // stride)
        for scale, stride in zip(facts["anchors"], facts["strides"], strict=True)
    )
    return np.random.default_rng(seed).normal(size=(2, count, 5 + facts["classes"]))


def logistic(x):
    return 1 / (1 + np.exp(-x))


def overlap(a, b):
    """IoU of two boxes by centre and sides."""
    shared = 1.0
    for axis in (0, 1):
        low = max(a[axis] - a[axis + 2] / 2, b[axis] - b[axis + 2] / 2)
        high = min(a[axis] + a[axis + 2] / 2, b[axis] + b[axis + 2] / 2)
        shared *= max(high - low, 0.0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def darknet_slopes(raw, rows, facts, scores, ignore):
    """Minus Darknet's `delta` of one image, as its two programs compute them, box by box."""
    height, width = SIDES
    second = scores == "softmax"
    truths = [
        ((row[0] + row[2]) / 2, (row[1] + row[3]) / 2, row[2] - row[0], row[3] - row[1], row[4])
        for row in rows
        if row[4] >= 0 and row[2] > row[0] and row[3] > row[1]
    ]
    where, places = 0, {}
    delta = np.zeros_like(raw)
    shapes = [(scale, place) for scale, pairs in enumerate(facts["anchors"])
              for place in range(len(pairs))]  # fmt: skip
    for scale, (stride, pairs) in enumerate(
        zip(facts["strides"], facts["anchors"], strict=True)
    ):
        for j in range(height // stride):
            for i in range(width // stride):
                for n, (wide, high) in enumerate(pairs):
                    x = raw[where]
                    box = ((i + logistic(x[0])) * stride, (j + logistic(x[1])) * stride,
                           np.exp(x[2]) * wide, np.exp(x[3]) * high)  # fmt: skip
                    places[scale, j, i, n] = where, box
                    best = max((overlap(box, truth) for truth in truths), default=0)
                    o = logistic(x[4])
                    slope = o * (1 - o) if second else 1.0
                    delta[where, 4] = 0 if best > ignore else (0 - o) * slope
                    where += 1
    for x, y, w, h, label in truths:
        fits = [overlap((0, 0, *facts["anchors"][s][n]), (0, 0, w, h)) for s, n in shapes]
        scale, n = shapes[int(np.argmax(fits))]
        stride, (wide, high) = facts["strides"][scale], facts["anchors"][scale][n]
        i = min(max(int(x // stride), 0), width // stride - 1)
        j = min(max(int(y // stride), 0), height // stride - 1)
        place, box = places[scale, j, i, n]
        t = raw[place]
        small = 2 - w * h / (width * height)
        row = np.zeros_like(t)
        for axis, target in ((0, x / stride - i), (1, y / stride - j)):
            s = logistic(t[axis])
            target = min(max(target, 0), 1)
            row[axis] = small * (target - s) * (s * (1 - s) if second else 1)
        row[2] = small * (np.log(w / wide) - t[2])
        row[3] = small * (np.log(h / high) - t[3])
        o = logistic(t[4])
        if second:
            row[4] = 5 * (overlap(box, (x, y, w, h)) - o) * o * (1 - o)
            p = np.exp(t[5:]) / np.exp(t[5:]).sum()
        else:
            row[4] = 1 - o
            p = logistic(t[5:])
        row[5:] = np.eye(len(p))[int(label)] - p
        delta[place] = row
    return -delta


@pytest.mark.backend
@pytest.mark.parametrize("scores", ["sigmoid", "softmax"])
def test_slopes_are_darknets(scores):
    facts = FACTS[scores]
    loss = YOLOLoss(**facts, scores=scores, input_shape=SIDES, ignore=0.2)
    raw, truth = candidates(facts).astype("float32"), targets().astype("float32")
    (got,) = gradients(lambda v: loss(truth, v[0]), [raw])
    pairs = zip(raw.astype("float64"), targets(), strict=True)
    expected = [darknet_slopes(each, rows, facts, scores, 0.2) for each, rows in pairs]
    np.testing.assert_allclose(got, np.stack(expected) / 2, rtol=1e-4, atol=1e-5)
    # Both rules of objectness had something to decide.
    ignored = (np.stack(expected)[..., 4] == 0).sum()
    assert 0 < ignored < raw.shape[1]


@pytest.mark.parametrize("scores", ["sigmoid", "softmax"])
def test_gradient(scores):
    loss = YOLOLoss(**FACTS[scores], scores=scores, input_shape=SIDES)
    if scores == "softmax":  # its target of objectness moves, but has no slope on purpose
        loss = YOLOLoss(**FACTS[scores], scores=scores, input_shape=SIDES, object_weight=0)
    shape = candidates(FACTS[scores]).shape
    check = gradient_check(loss, shape, target=targets(), samples=300)
    assert check.passed, check


def test_giou_gradient():
    """Boxes are float32, which coarser steps allow for."""
    facts = FACTS["sigmoid"]
    loss = YOLOLoss(**facts, input_shape=SIDES, box="giou", background_weight=0)
    check = gradient_check(
        loss, candidates(facts).shape, target=targets(), samples=400, step=1e-3, tolerance=1e-2
    )
    assert check.passed, check


@pytest.mark.backend
def test_no_objects_and_only_degenerate_ones():
    facts = FACTS["sigmoid"]
    loss = YOLOLoss(**facts, input_shape=SIDES)
    raw = candidates(facts).astype("float32")
    background = np.log1p(np.exp(raw[..., 4])).sum(axis=1).mean()
    none = {"boxes": np.zeros((2, 4, 4), "float32"), "classes": np.full((2, 4), -1)}
    empty = {"boxes": np.full((2, 4, 4), 7.0, "float32"), "classes": np.zeros((2, 4), int)}
    swapped = {
        "boxes": np.tile([9.0, 9.0, 3.0, 3.0], (2, 4, 1)),
        "classes": none["classes"] + 1,
    }
    for truth in (none, empty, swapped):
        for box in ("squared", "giou"):
            other = YOLOLoss.from_config(loss.get_config() | {"box": box})
            value = other.call(truth, ops.convert_to_tensor(raw))
            np.testing.assert_allclose(
                ops.convert_to_numpy(value).mean(), background, rtol=1e-5
            )
            (slopes,) = gradients(
                lambda v, truth=truth, other=other: ops.sum(other.call(truth, v[0])), [raw]
            )
            assert np.isfinite(slopes).all()
            assert not slopes[..., :4].any()


def test_who_is_responsible():
    found = responsible(
        ops.convert_to_tensor(BOXES, "float32"),
        ops.convert_to_tensor(CLASSES),
        input_shape=SIDES,
        anchors=FACTS["sigmoid"]["anchors"],
        strides=(32, 16),
    )
    # 12 coarse candidates, then 4 x 6 cells of two. The second box meets the third in cell
    # and anchor, and the later counts.
    assert ops.convert_to_numpy(found.index).tolist() == [[0, 12, 12, 11, 0], [8, 41, 0, 0, 0]]
    assert ops.convert_to_numpy(found.there).tolist() == [
        [True, False, True, True, False],
        [True, True, False, False, False],
    ]


@pytest.mark.parametrize("box", ["squared", "giou"])
@pytest.mark.parametrize("scores", ["sigmoid", "softmax"])
def test_what_is_learnt_is_the_truth(scores, box):
    """Free candidates go where the objects are."""
    facts = FACTS[scores]
    loss = YOLOLoss(**facts, scores=scores, input_shape=SIDES, box=box)
    truth = targets()[1:].astype("float32")
    raw = keras.Variable(candidates(facts)[1:].astype("float32"))
    first = None
    for _ in range(60):
        (slope,) = gradients(lambda v: loss(truth, v[0]), [ops.convert_to_numpy(raw)])
        raw.assign(raw - 0.5 * slope)
        first = first or float(loss(truth, raw))
    assert float(loss(truth, raw)) < 0.35 * first
    chosen = responsible(
        truth[..., :4], truth[..., 4],
        input_shape=SIDES, anchors=facts["anchors"], strides=facts["strides"],
    )  # fmt: skip
    rows = ops.convert_to_numpy(raw)[0][ops.convert_to_numpy(chosen.index)[0, :2]]
    assert (rows[:, 5:].argmax(axis=1) == [2, 0]).all()
    assert (rows[:, 4] > 0).all()


def test_square_images_need_no_sides():
    facts = FACTS["sigmoid"]
    loss = YOLOLoss(**facts)
    raw = np.zeros((1, 2 * (4 + 16), 8), "float32")
    assert loss.call(targets()[:1], ops.convert_to_tensor(raw)).shape == (1,)
    with pytest.raises(
        ValueError, match=r"^YOLOLoss: input_shape must be given as .*60 candid"
    ):
        loss.call(targets()[:1], ops.zeros((1, 60, 8)))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"scores": "relu"}, r"YOLOLoss: scores must be one of \['sigmoid', 'softmax'\]"),
        ({"box": "l1"}, r"YOLOLoss: box must be one of \['giou', 'squared'\]; got 'l1'"),
        ({"anchors": [[(1, 2)]]}, r"YOLOLoss: anchors must be a list of \(width, height\)"),
        ({"ignore": 2}, "YOLOLoss: ignore must be between 0 and 1; got 2"),
        ({"class_weight": -1}, "YOLOLoss: class_weight must be between 0"),
    ],
)
def test_bad_arguments(changes, words):
    with pytest.raises(ValueError, match=words):
        YOLOLoss(**FACTS["sigmoid"] | changes)


def test_config():
    loss = YOLOLoss(**FACTS["softmax"], scores="softmax", input_shape=SIDES, box="giou")
    copy = YOLOLoss.from_config(loss.get_config())
    assert copy.get_config() == loss.get_config()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    raw = candidates(FACTS["softmax"])
    assert float(again(targets(), raw)) == float(loss(targets(), raw))
