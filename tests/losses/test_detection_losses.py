"""Losses of two-stage detectors: against their formulas in NumPy, and what they leave out."""

import keras
import numpy as np
import pytest

from dlzoo.losses import FastRCNNLoss, RPNLoss
from dlzoo.testing import gradient_check, gradients
from tests.models.zoo import compiled

RNG = np.random.default_rng(0)
TRUTH = np.array(
    [[[0, 0, 10, 10, 1], [20, 0, 30, 20, 0], [0, 0, 0, 0, -1]], [[0, 0, 0, 0, -1]] * 3],
    "float32",
)
BOXES = np.array(
    [[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 5], [20, 5, 30, 15], [50, 50, 60, 60]],
    "float32",
)
# of the first image: IoU 1, 0.9, 0.5 with the first true box; 0.5 with the second; none
RPN_KINDS = [1, 1, -1, 1, 0]  # the fourth is the best there is for the second true box
HEAD_KINDS = [1, 1, 1, 1, 0]
MATCHED = [0, 0, 0, 1, 0]


def tensor(value):
    return keras.ops.convert_to_tensor(np.asarray(value, "float32"))


def steps_to(box, anchor):
    def middle(b):
        return (b[:2] + b[2:4]) / 2, b[2:4] - b[:2]

    (to, sides), (start, old) = middle(box), middle(anchor)
    return np.concatenate([(to - start) / old, np.log(sides / old)])


def smooth(error, beta=1 / 9):
    error = np.abs(error)
    return np.where(error < beta, error**2 / (2 * beta), error - beta / 2).sum()


def predictions(numbers):
    """What is predicted, then the boxes, of both images."""
    found = RNG.normal(size=(2, 5, numbers)).astype("float32")
    return found, np.broadcast_to(BOXES, (2, 5, 4))


@pytest.mark.backend
def test_first_stage_is_the_formula():
    found, boxes = predictions(5)
    losses = []
    for image, kinds in enumerate((RPN_KINDS, [0] * 5)):
        total = 0.0
        for place, kind in enumerate(kinds):
            logit = found[image, place, 0]
            if kind >= 0:
                total += np.log1p(np.exp(-logit if kind else logit))
            if kind == 1:
                wanted = steps_to(TRUTH[image, MATCHED[place]], BOXES[place])
                total += smooth(found[image, place, 1:] - wanted)
        losses.append(total / sum(kind >= 0 for kind in kinds))
    predicted = np.concatenate([found, boxes], -1)
    value = float(compiled(RPNLoss())(tensor(TRUTH), tensor(predicted)))
    assert value == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("beta", [pytest.param(1 / 9, marks=pytest.mark.backend), 1.0])
def test_second_stage_is_equation_1(beta):
    found, boxes = predictions(15)  # background and two classes
    boxes = boxes.copy()
    boxes[1, 4] = 0  # an empty place does not count
    losses = []
    for image, kinds in enumerate((HEAD_KINDS, [0] * 4)):
        total = 0.0
        for place, kind in enumerate(kinds):
            true = TRUTH[image, MATCHED[place]]
            label = int(true[4]) + 1 if kind else 0
            logits = found[image, place, :3]
            total += np.log(np.exp(logits).sum()) - logits[label]
            if label:
                wanted = steps_to(true, BOXES[place]) * [10, 10, 5, 5]
                steps = found[image, place, 3:].reshape(3, 4)[label]
                total += 2 * smooth(steps - wanted, beta)
        losses.append(total / len(kinds))
    predicted = np.concatenate([boxes, found], -1)
    loss = FastRCNNLoss(box_weight=2.0, beta=beta)
    value = float(compiled(loss)(tensor(TRUTH), tensor(predicted)))
    assert value == pytest.approx(np.mean(losses), rel=1e-5)


def test_slopes():
    for loss, numbers in ((RPNLoss(), 9), (FastRCNNLoss(), 19)):
        assert gradient_check(loss, (2, 6, numbers), target=TRUTH.astype("float64")).passed


def test_a_share_of_objects_and_background_counts():
    """120 anchors on objects and 880 on nothing: 3 and 13 count, drawn by lot."""
    far = np.array([50, 50, 60, 60], "float32")
    anchors = np.where(np.arange(1000)[:, None] < 120, BOXES[0], far)
    lots = RNG.permutation(1000) / 1000
    found = np.concatenate([np.zeros((1000, 5)), anchors, lots[:, None]], -1)[None]
    loss = RPNLoss(anchors=16, share=0.2)
    slopes = gradients(lambda v: loss(tensor(TRUTH[:1]), v[0]), [found.astype("float32")])[0][0]
    counted = slopes[:, 0] != 0
    assert (counted[:120].sum(), counted[120:].sum()) == (3, 13)
    assert lots[:120][counted[:120]].max() <= np.sort(lots[:120])[2]
    assert float(loss(tensor(TRUTH[:1]), tensor(found))) == pytest.approx(np.log(2), rel=1e-5)


@pytest.mark.parametrize(
    "boxes",
    [[[5, 5, 5, 9, 0]], [[0, 0, 0, 0, -1]]],
    ids=["degenerate", "none"],
)
def test_without_a_true_box_all_is_background(boxes):
    boxes = np.array([boxes], "float32")
    found, anchors = predictions(5)
    predicted = np.concatenate([found, anchors], -1)[:1]
    expected = np.log1p(np.exp(predicted[0, :, 0])).mean()
    assert float(RPNLoss()(tensor(boxes), tensor(predicted))) == pytest.approx(expected, 1e-5)
    second = np.concatenate([anchors, np.zeros((2, 5, 10))], -1)[:1]
    assert float(FastRCNNLoss()(tensor(boxes), tensor(second))) == pytest.approx(np.log(2))


def test_nothing_looked_at_is_no_loss():
    assert float(FastRCNNLoss()(tensor(TRUTH), tensor(np.zeros((2, 3, 14))))) == 0


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: RPNLoss(low=0.8), "RPNLoss: low must be between 0 and 0.7; got 0.8."),
        (lambda: RPNLoss(anchors=0), "RPNLoss: anchors must be a whole number"),
        (lambda: FastRCNNLoss(iou_threshold=2), "FastRCNNLoss: iou_threshold must be between"),
    ],
)
def test_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_settings_are_kept():
    for loss in (RPNLoss(0.2, 0.6, 64, 0.25), FastRCNNLoss(0.6, 2.0)):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert again.get_config() == loss.get_config()
