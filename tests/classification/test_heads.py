"""Loss, metrics and scores of each kind of head, and what a hole does to them: nothing."""

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score

from dlzoo.classification.heads import HEADS, HeadsLoss, PackedTargets
from dlzoo.classification.heads.loss import columns_of
from dlzoo.classification.heads.multilabel import sigmoid
from dlzoo.classification.heads.scores import BinaryScore, MultilabelScore, RegressionScore
from dlzoo.data import Target

NAN = np.nan
RNG = np.random.default_rng(0)
TARGETS = (
    Target("wet", "binary", ("no", "yes")),
    Target("kind", "multiclass", ("ant", "bee", "cat")),
    Target("tags", "multilabel", ("a", "b")),
    Target("age", "regression"),
)
VALUES = {
    "wet": np.array([1, 0, NAN, 1, 0]),
    "kind": np.array([NAN, 1, 2, 0, NAN]),
    "tags": np.array([[1, 0], [NAN, NAN], [0, 0], [1, NAN], [1, 1]]),
    "age": np.array([100.0, NAN, 300.0, 250.0, NAN]),
}
SCORES = RNG.normal(size=(5, 7)).astype("float32")


def made(smoothing=0.0):
    heads = [HEADS[t.kind](t, VALUES[t.name], smoothing) for t in TARGETS]
    return heads, PackedTargets(heads, [VALUES[t.name] for t in TARGETS])


def numpy_loss(scores, packed):
    """The formula of `HeadsLoss`, written for people."""

    def entropy(true, score):
        p = sigmoid(score.astype("float64"))
        return -(true * np.log(p) + (1 - true) * np.log(1 - p))

    wet = np.nanmean(entropy(packed[:, 0], scores[:, 0]))
    powers = np.exp(scores[:, 1:4].astype("float64"))
    log_p = np.log(powers / powers.sum(axis=1, keepdims=True))
    kind = np.nanmean(-np.sum(packed[:, 1:4] * log_p, axis=1))
    tags = np.nanmean(entropy(packed[:, 4:6], scores[:, 4:6]))
    age = np.nanmean((packed[:, 6] - scores[:, 6]) ** 2)
    return np.mean([wet, kind, tags, age])


def test_targets_are_packed_side_by_side():
    heads, packed = made()
    assert packed.shape == (5, 7)
    assert columns_of(heads) == [slice(0, 1), slice(1, 4), slice(4, 6), slice(6, 7)]
    rows = packed[np.array([2, 0])]
    np.testing.assert_array_equal(rows[0, :6], [NAN, 0, 0, 1, 0, 0])
    np.testing.assert_array_equal(rows[1, :6], [1, NAN, NAN, NAN, 1, 0])
    standard = (VALUES["age"] - np.nanmean(VALUES["age"])) / np.nanstd(VALUES["age"])
    np.testing.assert_allclose(packed[np.arange(5)][:, 6], standard, rtol=1e-6)


@pytest.mark.backend
def test_the_loss_is_its_formula_and_survives_extreme_scores():
    heads, packed = made()
    true = packed[np.arange(5)]
    loss = float(HeadsLoss(heads)(true, SCORES))
    assert loss == pytest.approx(numpy_loss(SCORES, true), rel=1e-5)
    assert np.isfinite(float(HeadsLoss(heads)(true, 1e4 * SCORES)))


@pytest.mark.backend
def test_a_hole_has_no_gradient_at_all():
    heads, packed = made()
    true = packed[np.arange(5)]
    layer = keras.layers.Dense(7, use_bias=False)
    model = keras.Sequential([keras.Input((5,)), layer])
    layer.kernel.assign(SCORES)
    # each example answers a row of the kernel, whose step is the gradient of its scores
    model.compile(keras.optimizers.SGD(1.0), HeadsLoss(heads))
    model.train_on_batch(np.eye(5, dtype="float32"), true)
    after = keras.ops.convert_to_numpy(layer.kernel)
    moved = after != SCORES
    np.testing.assert_array_equal(moved, ~np.isnan(true))
    assert np.isfinite(after).all()


def test_what_is_said_at_a_hole_changes_neither_loss_nor_metrics():
    heads, packed = made()
    true = packed[np.arange(5)]
    other = np.where(np.isnan(true), 77.0, SCORES).astype("float32")
    assert float(HeadsLoss(heads)(true, SCORES)) == float(HeadsLoss(heads)(true, other))
    for head, columns in zip(heads, columns_of(heads), strict=True):
        metrics = [head.metric(columns, "m") for _ in range(2)]
        for metric, scores in zip(metrics, (SCORES, other), strict=True):
            metric.update_state(true, scores)
        assert float(metrics[0].result()) == float(metrics[1].result())
        answers = [head.answers(scores[:, columns]) for scores in (SCORES, other)]
        values = VALUES[head.target.name]
        assert head.evaluate(values, answers[0]) == head.evaluate(values, answers[1])


def test_a_head_of_which_a_batch_knows_nothing_does_not_move():
    heads, packed = made()
    true = packed[np.array([1, 4])]  # no age
    other = SCORES[:2].copy()
    other[:, 6] += 5
    loss = HeadsLoss(heads)
    assert float(loss(true, SCORES[:2])) == float(loss(true, other))


def test_label_smoothing_reaches_the_classes_and_labels():
    heads, packed = made(smoothing=0.2)
    true = packed[np.arange(5)]
    smooth = true.copy()
    smooth[:, [0, 4, 5]] = true[:, [0, 4, 5]] * 0.8 + 0.1
    smooth[:, 1:4] = true[:, 1:4] * 0.8 + 0.2 / 3
    loss = float(HeadsLoss(heads)(true, SCORES))
    assert loss == pytest.approx(numpy_loss(SCORES, smooth), rel=1e-5)


@pytest.mark.backend
def test_metrics_of_batches_are_the_scores_of_the_whole():
    rng = np.random.default_rng(1)
    values = {
        "wet": rng.integers(0, 2, 50).astype(float),
        "kind": rng.integers(0, 3, 50).astype(float),
        "tags": rng.integers(0, 2, (50, 2)).astype(float),
        "age": rng.normal(200, 30, 50),
    }
    for column in values.values():
        column[rng.random(column.shape[0]) < 0.3] = NAN
    heads = [HEADS[t.kind](t, values[t.name]) for t in TARGETS]
    packed = PackedTargets(heads, [values[t.name] for t in TARGETS])
    scores = rng.normal(size=(50, 7)).astype("float32")
    wanted = ("accuracy", "accuracy", "macro_f1", "rmse")
    for head, columns, name in zip(heads, columns_of(heads), wanted, strict=True):
        metric = head.metric(columns, "m")
        for start in range(0, 50, 20):
            rows = np.arange(start, min(start + 20, 50))
            metric.update_state(packed[rows], scores[rows])
        score = head.evaluate(values[head.target.name], head.answers(scores[:, columns]))
        assert float(metric.result()) == pytest.approx(getattr(score, name), rel=1e-5)
        metric.reset_state()
        assert float(metric.result()) == 0


def test_merits_say_higher_is_better():
    heads, _ = made()
    wet, _, _, age = heads
    assert wet.merit(0.9) == 0.9
    assert age.merit(age.std) == -1
    assert age.merit(0.0) == 0


def test_decisions_and_severities():
    (wet, kind, tags, age), _ = made()
    p = np.array([[0.9], [0.8], [0.1], [0.2], [0.5]])
    np.testing.assert_array_equal(wet.decide(p), [1, 1, 0, 0, 0])
    np.testing.assert_allclose(wet.severity(VALUES["wet"], p), [0, 0.8, 0, 0.8, 0])
    classes = np.eye(3)[[0, 0, 2, 1, 1]] * 0.6 + 0.1
    np.testing.assert_allclose(kind.severity(VALUES["kind"], classes), [0, 0.7, 0, 0.7, 0])
    labels = np.array([[0.9, 0.1], [0.9, 0.9], [0.9, 0.2], [0.6, 0.9], [0.6, 0.6]])
    worse = tags.severity(VALUES["tags"], labels)
    np.testing.assert_array_equal(worse > 0, [False, False, True, False, False])
    off = age.severity(VALUES["age"], np.full((5, 1), 250.0))
    assert off[0] == pytest.approx(150 / age.std)
    assert (off[[1, 3, 4]] == 0).all()


def test_binary_scores_by_hand():
    score = BinaryScore.of(np.array([1, 1, 0, 0]), np.array([0.9, 0.4, 0.6, 0.1]))
    assert (score.accuracy, score.precision, score.recall) == (0.5, 0.5, 0.5)
    assert score.confusion == ((1, 1), (1, 1))
    assert score.roc_auc == 0.75
    assert score.average_precision == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert score.loss == pytest.approx(-np.log([0.9, 0.4, 0.4, 0.9]).mean())
    alone = BinaryScore.of(np.array([1, 1]), np.array([0.9, 0.4]))
    assert (alone.roc_auc, alone.average_precision) == (None, None)


def test_multilabel_scores_by_hand():
    true = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [NAN, NAN, NAN], [1, NAN, 0]])
    p = np.array([[0.9, 0.1, 0.2], [0.8, 0.2, 0.2], [0.7, 0.9, 0.2], [1, 1, 1], [0.6, 1, 0.2]])
    score = MultilabelScore.of(true, p, ("a", "b", "c"))
    assert score.examples == 4
    assert score.exact_match == 0.5
    assert score.label_accuracy == score.accuracy == pytest.approx(9 / 11)
    a, b, c = score.labels
    assert (a.precision, a.recall, a.support) == (0.75, 1, 3)
    assert (b.precision, b.recall, b.support) == (1, 0.5, 2)
    assert (c.f1, c.average_precision, c.support) == (0, None, 0)
    assert score.macro_f1 == pytest.approx(np.mean([6 / 7, 2 / 3, 0]))
    known = ~np.isnan(true)
    assert score.micro_f1 == pytest.approx(f1_score(true[known], p[known] > 0.5))


def test_regression_scores_by_hand():
    score = RegressionScore.of(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    assert (score.mae, score.rmse, score.bias, score.r2) == (1, 1, 0, 0)
    assert RegressionScore.of(np.array([1.0]), np.array([2.0])).r2 is None
