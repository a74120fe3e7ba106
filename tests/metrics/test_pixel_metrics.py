"""Metrics of labelled pixels against scikit-learn, brute force and each other."""

import keras
import numpy as np
import pytest
from keras import ops
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score

from dlzoo import metrics
from dlzoo.losses import PixelCrossEntropy

RNG = np.random.default_rng(2)
TRUTH = RNG.integers(0, 4, (5, 6, 7))
TRUTH[RNG.random(TRUTH.shape) < 0.1] = 255
SCORES = RNG.random((5, 6, 7, 4)) + 0.7 * np.eye(4)[TRUTH % 5 % 4]
FOUND = SCORES.argmax(axis=-1)
COUNTS = TRUTH != 255
ALL = {
    "mean_iou": metrics.MeanIoU(4),
    "mean_dice": metrics.MeanDice(4),
    "pixel_accuracy": metrics.PixelAccuracy(4),
    "class_iou": metrics.ClassIoU(2, 4),
    "class_dice": metrics.ClassDice(2, 4),
}


def expected():
    matrix = metrics.pixel_confusion(TRUTH, FOUND, 4)
    return {
        "mean_iou": metrics.mean_iou(matrix),
        "mean_dice": metrics.class_dice(matrix).mean(),
        "pixel_accuracy": metrics.pixel_accuracy(matrix),
        "class_iou": metrics.class_iou(matrix)[2],
        "class_dice": metrics.class_dice(matrix)[2],
    }


def test_scikit_learn_agrees():
    truth, found = TRUTH[COUNTS], FOUND[COUNTS]
    matrix = metrics.pixel_confusion(TRUTH, FOUND, 4)
    np.testing.assert_array_equal(matrix, confusion_matrix(truth, found))
    np.testing.assert_allclose(
        metrics.class_iou(matrix), jaccard_score(truth, found, average=None)
    )
    np.testing.assert_allclose(metrics.class_dice(matrix), f1_score(truth, found, average=None))
    assert metrics.pixel_accuracy(matrix) == pytest.approx((truth == found).mean())


def test_batches_of_any_size_give_the_same_as_the_whole():
    for name, metric in ALL.items():
        for part in (slice(0, 3), slice(3, 4), slice(4, 5)):
            truth = ops.convert_to_tensor(TRUTH[part].astype("uint8"))
            scores = ops.convert_to_tensor(SCORES[part].astype("float32"))
            metric.update_state(truth, scores, sample_weight=None)
        found = float(ops.convert_to_numpy(metric.result()))
        assert found == pytest.approx(expected()[name], rel=1e-5), name
        np.testing.assert_array_equal(metric.matrix(), metrics.pixel_confusion(TRUTH, FOUND, 4))
        metric.reset_state()
        assert metric.matrix().sum() == 0


def test_they_count_past_what_float32_can():
    metric = metrics.PixelAccuracy(2)
    ones = np.ones((1, 1024, 1024), "uint8")
    for _ in range(40):  # 42 million; float32 stops at 16.8 where pixels come one by one
        metric.update_state(ones, ones[..., None].astype("float32"))
    metric.update_state(ones[:, :1, :1] * 0, ones[:, :1, :1, None].astype("float32"))
    np.testing.assert_array_equal(metric.matrix(), [[0, 1], [0, 40 * 2**20]])


@pytest.mark.backend
def test_in_compile():
    """`fit` and `evaluate`: the whole data set, not the mean of batches."""
    image = keras.Input((6, 7, 4))
    model = keras.Model(image, keras.layers.Activation("linear")(image))
    chosen = [metrics.MeanIoU(4), metrics.ClassIoU(2, 4, name="iou_of_cars")]
    model.compile(loss=PixelCrossEntropy(), metrics=chosen)
    x, y = SCORES.astype("float32"), TRUTH.astype("uint8")
    logs = model.evaluate(x, y, batch_size=2, verbose=0, return_dict=True)
    assert logs["mean_iou"] == pytest.approx(expected()["mean_iou"], rel=1e-5)
    assert logs["iou_of_cars"] == pytest.approx(expected()["class_iou"], rel=1e-5)


def test_classes_that_are_nowhere_are_left_out():
    truth, found = np.array([[0, 0, 1]]), np.array([[0, 1, 1]])
    matrix = metrics.pixel_confusion(truth, found, 3)
    np.testing.assert_allclose(metrics.class_iou(matrix), [0.5, 0.5, np.nan])
    assert metrics.mean_iou(matrix) == 0.5
    metric = metrics.MeanIoU(3)
    metric.update_state(truth[None], np.eye(3)[found][None])
    assert float(metric.result()) == 0.5
    nothing = metrics.pixel_confusion([255], [0], 2)
    assert np.isnan(metrics.mean_iou(nothing))
    assert np.isnan(metrics.pixel_accuracy(nothing))


@pytest.mark.parametrize("threshold, share", [(0.5, 0.5), (0.2, 0.75)])
def test_one_score_a_pixel(threshold, share):
    metric = metrics.PixelAccuracy(2, threshold=threshold)
    scores = np.array([[[0.3, 0.6, 0.1, 0.9]]])[..., None]
    metric.update_state(np.array([[[1, 1, 0, 0]]]), scores)
    assert float(metric.result()) == share


def test_configuration():
    for metric in ALL.values():
        again = keras.metrics.deserialize(keras.metrics.serialize(metric))
        assert again.get_config() == metric.get_config()


def by_brute_force(truth, found, tolerance):
    """Outlines and distances pixel by pixel."""

    def outline(labels, number):
        points = []
        for (row, column), label in np.ndenumerate(labels):
            around = (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            )
            inside = [p for p in around if min(p) >= 0 and p[0] < len(labels)]
            inside = [p for p in inside if p[1] < labels.shape[1] and truth[p] != 255]
            differs = any(labels[p] != label for p in inside)
            if label == number and truth[row, column] != 255 and differs:
                points.append((row, column))
        return np.array(points, float).reshape(-1, 2)

    def near(points, others):
        gaps = np.linalg.norm(points[:, None] - others[None], axis=-1)
        return int((gaps.min(axis=1, initial=np.inf) <= tolerance).sum())

    rows = []
    for number in range(3):
        true, predicted = outline(truth, number), outline(found, number)
        rows.append([len(true), near(true, predicted), len(predicted), near(predicted, true)])
    return rows


@pytest.mark.parametrize("tolerance", [0.0, 1.0, 2.3])
def test_boundaries_by_brute_force(tolerance):
    truth = np.kron(RNG.integers(0, 3, (4, 3)), np.ones((4, 4), int))
    truth[5:8, 3:6] = 255
    found = np.roll(truth, 1, axis=1) % 255
    counts = metrics.boundary_counts(truth, found, 3, tolerance)
    assert counts.tolist() == by_brute_force(truth, found, tolerance)


def test_boundary_f1_by_hand():
    truth = np.zeros((8, 8), int)
    truth[:, 4:] = 1
    shifted = np.roll(truth, 1, axis=1)
    shifted[:, 0] = 0
    score = metrics.BoundaryF1(3, tolerance=1.0)
    score.update(truth, shifted)  # one pixel off is near enough
    far = np.roll(truth, 3, axis=1)
    far[:, :3] = 0
    score.update(truth, far)  # three are not
    np.testing.assert_allclose(score.result(), [0.5, 0.5, np.nan])
    assert score.mean() == 0.5


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: metrics.pixel_confusion([0], [0, 1], 2), "must have the same shape"),
        (lambda: metrics.pixel_confusion([0], [3], 2), "predicted must hold class numbers"),
        (lambda: metrics.pixel_confusion([7], [1], 2), "truth must hold class numbers below 2"),
        (lambda: metrics.MeanIoU(1), "MeanIoU: classes must be a whole number of at least 2"),
        (lambda: metrics.ClassIoU(4, 4), "ClassIoU: index must be below classes=4; got 4"),
        (lambda: metrics.boundary_counts([0], [0], 2), r"must both be \(height, width\)"),
        (lambda: metrics.boundary_counts([[0]], [[0]], 2, -1), "tolerance must be between 0"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
