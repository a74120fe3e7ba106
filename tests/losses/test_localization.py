"""The localiser's loss against NumPy and central differences."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.losses import LocalizationLoss
from dlzoo.testing import gradient_check, gradients

RNG = np.random.default_rng(0)
LANDMARKS, CLASSES = 2, 3
TRUTH = np.zeros((4, 5 + CLASSES + 2 * LANDMARKS))
TRUTH[:3, 0] = 1
TRUTH[:3, 1:5] = RNG.uniform(0.1, 0.9, (3, 4))
TRUTH[[0, 1, 2], [5, 7, 6]] = 1
TRUTH[:3, 8:] = RNG.uniform(0, 1, (3, 4))
LOGITS = RNG.normal(size=TRUTH.shape)


def probabilities(logits):
    found = logits.copy()
    found[:, 0] = 1 / (1 + np.exp(-logits[:, 0]))
    powers = np.exp(logits[:, 5:8])
    found[:, 5:8] = powers / powers.sum(axis=-1, keepdims=True)
    return found


def by_hand(truth, answer, box_weight, landmark_weight):
    losses = []
    for t, q in zip(truth, answer, strict=True):
        loss = -np.log(q[0] if t[0] else 1 - q[0])
        if t[0]:
            loss += box_weight * ((t[1:5] - q[1:5]) ** 2).sum()
            loss += landmark_weight * ((t[8:] - q[8:]) ** 2).sum()
            loss -= np.log(q[5 + t[5:8].argmax()])
        losses.append(loss)
    return np.array(losses)


def each(loss, answer, truth=TRUTH):
    return ops.convert_to_numpy(loss.call(*(ops.cast(x, "float32") for x in (truth, answer))))


@pytest.mark.backend
def test_is_the_courses():
    expected = by_hand(TRUTH, probabilities(LOGITS), 1.0, 1.0)
    assert each(LocalizationLoss(2), probabilities(LOGITS)) == pytest.approx(expected, rel=1e-5)
    of_logits = LocalizationLoss(2, from_logits=True)
    assert each(of_logits, LOGITS) == pytest.approx(expected, rel=1e-5)
    mean = float(of_logits(TRUTH.astype("float32"), LOGITS.astype("float32")))
    assert mean == pytest.approx(expected.mean(), rel=1e-5)


def test_weights():
    weighted = by_hand(TRUTH, probabilities(LOGITS), 5.0, 0.5)
    loss = LocalizationLoss(2, box_weight=5.0, landmark_weight=0.5, from_logits=True)
    assert each(loss, LOGITS) == pytest.approx(weighted, rel=1e-5)
    again = LocalizationLoss.from_config(loss.get_config())
    assert again.get_config() == loss.get_config()


@pytest.mark.backend
@pytest.mark.parametrize("from_logits", [True, False])
def test_without_an_object_p_alone_counts(from_logits):
    """Neither the answer's other numbers nor the truth's, be they NaN, have a part."""
    loss = LocalizationLoss(2, from_logits=from_logits)
    unknown = TRUTH[3:].copy()
    unknown[:, 1:] = np.nan
    answer = LOGITS[3:] if from_logits else probabilities(LOGITS[3:])
    assert each(loss, answer, unknown) == pytest.approx(each(loss, answer, TRUTH[3:]))
    (slope,) = gradients(
        lambda values: loss(unknown.astype("float32"), values[0]), [answer.astype("float32")]
    )
    assert slope[0, 0] != 0
    assert (slope[:, 1:] == 0).all()


@pytest.mark.parametrize("truth", [TRUTH, 0 * TRUTH], ids=["objects", "no object"])
def test_gradient_check(truth):
    loss = LocalizationLoss(2, box_weight=2.0, from_logits=True)
    check = gradient_check(loss, TRUTH.shape, target=truth)
    assert check.passed, str(check)


def test_certainty_stays_finite():
    sure = np.zeros((2, 7))
    sure[0, [0, 5]] = 1
    assert np.isfinite(each(LocalizationLoss(), sure[::-1], sure)).all()
    far = LocalizationLoss(from_logits=True)
    assert each(far, 1e4 * (1 - 2 * sure), sure)[0] == pytest.approx(2e4 + 4 * 1e8, rel=1e-3)


def test_it_is_saved_by_name():
    config = keras.saving.serialize_keras_object(LocalizationLoss(1))
    assert keras.saving.deserialize_keras_object(config).landmarks == 1


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"landmarks": -1}, "LocalizationLoss: landmarks must be a whole number of at least 0"),
        ({"box_weight": -1.0}, "box_weight must be between 0 and"),
        ({"landmark_weight": "1"}, "landmark_weight must be a number"),
    ],
)
def test_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        LocalizationLoss(**arguments)
