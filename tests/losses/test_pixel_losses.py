"""Losses of labelled pixels against float64 NumPy, PyTorch, Keras and finite differences."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.losses import CombinedLoss, DiceLoss, FocalLoss, PixelCrossEntropy
from dlzoo.testing import gradient_check

RNG = np.random.default_rng(5)
SHAPE = (2, 3, 4, 5)  # batch, height, width, classes
LOGITS = RNG.normal(size=SHAPE)
TRUTH = RNG.integers(0, 5, SHAPE[:3])
TRUTH[0, 0, :2] = 255
WEIGHTS = [0.5, 2.0, 1.0, 0.0, 3.0]
PIXELS = RNG.uniform(0.5, 4, SHAPE[:3])


def number(value):
    return float(ops.convert_to_numpy(value))


def tensor(array, kind="float32"):
    return ops.convert_to_tensor(np.asarray(array).astype(kind))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def counted():
    """Of the pixels that count: true class and probabilities."""
    counts = TRUTH != 255
    return TRUTH[counts], softmax(LOGITS)[counts], counts


def cross_entropy(weights=None, pixels=None):
    labels, p, counts = counted()
    w = np.ones(len(labels)) if weights is None else np.array(weights)[labels]
    each = -np.log(p[np.arange(len(labels)), labels]) * w
    return (each if pixels is None else each * pixels[counts]).sum() / w.sum()


def focal(gamma, alpha):
    labels, p, _ = counted()
    p = p[np.arange(len(labels)), labels]
    return (-np.array(alpha)[labels] * (1 - p) ** gamma * np.log(p)).mean()


def dice(smooth):
    labels, p, _ = counted()
    hot = np.eye(5)[labels]
    both, true, found = (p * hot).sum(0), hot.sum(0), p.sum(0)
    return (1 - (2 * both + smooth) / (true + found + smooth))[true > 0].mean()


CASES = {
    "plain": (lambda **k: PixelCrossEntropy(**k), cross_entropy()),
    "weighted": (lambda **k: PixelCrossEntropy(WEIGHTS, **k), cross_entropy(WEIGHTS)),
    "focal": (lambda **k: FocalLoss(1.5, WEIGHTS, **k), focal(1.5, WEIGHTS)),
    "dice": (lambda **k: DiceLoss(0.3, **k), dice(0.3)),
    "both": (
        lambda **k: CombinedLoss([PixelCrossEntropy(**k), DiceLoss(**k)], [2.0, 0.5]),
        2 * cross_entropy() + 0.5 * dice(1.0),
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[pytest.mark.backend] if n in ("focal", "both") else [])
        for n in CASES
    ],
)
def test_numpy_agrees(name):
    make, expected = CASES[name]
    truth = tensor(TRUTH, "int32" if name == "both" else "uint8")
    found = make(from_logits=True)(truth, tensor(LOGITS))
    assert number(found) == pytest.approx(expected, rel=1e-5)
    found = make()(truth[..., None], tensor(softmax(LOGITS)))
    assert number(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_gradients(name):
    make, _ = CASES[name]
    check = gradient_check(make(from_logits=True), SHAPE, target=TRUTH)
    assert check.passed, check


def test_pytorch_agrees():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    loss = torch.nn.CrossEntropyLoss(torch.tensor(WEIGHTS).double(), ignore_index=255)
    theirs = loss(torch.tensor(LOGITS).permute(0, 3, 1, 2), torch.tensor(TRUTH))
    assert float(theirs) == pytest.approx(cross_entropy(WEIGHTS))


def test_weights_of_pixels():
    loss = PixelCrossEntropy(WEIGHTS, from_logits=True)
    found = number(loss(tensor(TRUTH), tensor(LOGITS), sample_weight=tensor(PIXELS)))
    assert found == pytest.approx(cross_entropy(WEIGHTS, PIXELS), rel=1e-5)
    both = CombinedLoss([loss, DiceLoss(from_logits=True)])
    found = number(both(tensor(TRUTH), tensor(LOGITS), sample_weight=tensor(PIXELS)))
    expected = cross_entropy(WEIGHTS, PIXELS) + dice(1.0) * PIXELS.mean()
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("from_logits", [True, False])
def test_one_score_is_that_of_class_1(from_logits):
    truth = tensor(TRUTH % 2 * (TRUTH != 255) + 255 * (TRUTH == 255))
    two = np.stack([np.zeros(SHAPE[:3]), LOGITS[..., 0]], axis=-1)
    scores = [LOGITS[..., :1], two]
    if not from_logits:
        scores = [softmax(two)[..., 1:], softmax(two)]
    one, both = (tensor(each) for each in scores)
    for loss in (PixelCrossEntropy([1, 2], from_logits=from_logits),
                 FocalLoss(from_logits=from_logits)):  # fmt: skip
        found, expected = number(loss(truth, one)), number(loss(truth, both))
        assert found == pytest.approx(expected, rel=1e-4)
    hot = ops.convert_to_numpy(truth) == 1
    counts = TRUTH != 255
    p = softmax(two)[..., 1] * counts
    expected = 1 - (2 * (p * hot).sum() + 1) / (p.sum() + hot.sum() + 1)
    found = number(DiceLoss(from_logits=from_logits)(truth, one))
    assert found == pytest.approx(expected, rel=1e-5)


def test_focal_loss_without_focus_is_cross_entropy():
    found = number(FocalLoss(gamma=0, from_logits=True)(tensor(TRUTH), tensor(LOGITS)))
    assert found == pytest.approx(cross_entropy(), rel=1e-5)


def test_only_void():
    truth = tensor(np.full(SHAPE[:3], 255))
    for make, _ in CASES.values():
        assert number(make(from_logits=True)(truth, tensor(LOGITS))) == 0


def test_certainty_is_finite():
    sure = np.eye(5)[np.where(TRUTH == 255, 0, TRUTH)]
    wrong = np.roll(sure, 1, axis=-1)
    for make, _ in CASES.values():
        right, false = (number(make()(tensor(TRUTH), tensor(p))) for p in (sure, wrong))
        assert right < 1e-5
        assert 0.5 < false < 100
        logits = number(make(from_logits=True)(tensor(TRUTH), tensor(1e4 * wrong)))
        assert np.isfinite(logits)


def test_in_mixed_precision_a_loss_is_float32():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        losses = {name: make(from_logits=True) for name, (make, _) in CASES.items()}
    finally:
        keras.config.set_dtype_policy(before)
    scores = ops.cast(tensor(LOGITS), "bfloat16")
    for name, loss in losses.items():
        found = loss(tensor(TRUTH, "uint8"), scores)
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        assert number(found) == pytest.approx(CASES[name][1], rel=0.01)


@pytest.mark.parametrize("name", CASES)
def test_configuration(name):
    make, expected = CASES[name]
    loss = make(from_logits=True)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    assert number(again(tensor(TRUTH), tensor(LOGITS))) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: PixelCrossEntropy([1, -1]), "each of class_weights must be between 0"),
        (lambda: PixelCrossEntropy([0, 0]), "class_weights must not all be 0"),
        (
            lambda: PixelCrossEntropy([1, 1])(tensor(TRUTH), tensor(LOGITS)),
            "must have a number for each of the 5 classes; got 2",
        ),
        (lambda: FocalLoss(gamma=-1), "FocalLoss: gamma must be between 0 and 20"),
        (lambda: DiceLoss(smooth=-1), "DiceLoss: smooth must be between 0"),
        (lambda: CombinedLoss([]), "CombinedLoss: weights must be a number for each loss"),
        (lambda: CombinedLoss([DiceLoss()], [1, 2]), "got 1 losses and weights="),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
