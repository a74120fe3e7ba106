"""Triplet, contrastive and ArcFace losses against loops, with ties and lonely people."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from dlzoo.layers import CosineScores, PairScores
from dlzoo.losses import ArcFaceLoss, ContrastiveLoss, PairCrossEntropy, TripletLoss
from dlzoo.losses.mining import hardest, semi_hard, squared_distances
from dlzoo.testing import gradient_check, gradients

MININGS = ("batch_hard", "semi_hard", "batch_all")
MARGIN = 2.5  # distances are whole: no triplet has a loss of exactly 0, where slopes jump


def drawn(seed, images=7, people=3, dimensions=2):
    """Small whole numbers, so that distances are exact and many are equal."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, people, images)
    return labels, generator.integers(-2, 3, (images, dimensions)).astype("float32")


def distances_of(x):
    return ((x[:, None].astype(float) - x[None]) ** 2).sum(-1)


def nearest(numbers, values):
    """The number whose value is the smallest, the first of equal ones."""
    return min(numbers, key=lambda number: (values[number], number))


def triplets_by_hand(distances, labels, mining):
    """All (anchor, positive, negative) that a mining takes, by loops."""
    count = len(labels)
    for anchor in range(count):
        row = distances[anchor]
        same = [j for j in range(count) if labels[j] == labels[anchor] and j != anchor]
        other = [j for j in range(count) if labels[j] != labels[anchor]]
        if not same or not other:
            continue
        if mining == "batch_hard":
            yield anchor, nearest(same, -row), nearest(other, row)
            continue
        for positive in same:
            if mining == "batch_all":
                for negative in other:
                    if row[positive] - row[negative] + MARGIN > 0:
                        yield anchor, positive, negative
                continue
            further = [j for j in other if row[j] > row[positive]]
            if further:
                yield anchor, positive, nearest(further, row)
            else:
                yield anchor, positive, nearest(other, -row)


def by_hand(labels, x, mining):
    """The loss, and its slopes for the triplets that were chosen."""
    distances = distances_of(x)
    triplets = list(triplets_by_hand(distances, labels, mining))
    loss, slopes = 0.0, np.zeros(x.shape)
    for a, p, n in triplets:
        one = distances[a, p] - distances[a, n] + MARGIN
        if one > 0:
            loss += one
            slopes[a] += 2 * (x[a] - x[p]) - 2 * (x[a] - x[n])
            slopes[p] -= 2 * (x[a] - x[p])
            slopes[n] += 2 * (x[a] - x[n])
    count = max(len(triplets), 1)
    return loss / count, slopes / count


def of_library(labels, x, loss):
    value = float(loss(ops.convert_to_tensor(labels), ops.convert_to_tensor(x)))
    (slopes,) = gradients(lambda v: loss(ops.convert_to_tensor(labels), v[0]), [x])
    return value, slopes


def check_triplets(seed, mining, **size):
    labels, x = drawn(seed, **size)
    loss = TripletLoss(MARGIN, mining, normalize=False)
    value, slopes = of_library(labels, x, loss)
    expected, expected_slopes = by_hand(labels, x, mining)
    assert value == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(slopes, expected_slopes, rtol=1e-5, atol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("mining", MININGS)
def test_mining_is_that_of_loops(mining):
    """Loss and slopes: a slope shows which of equal ones was chosen."""
    check_triplets(1, mining)


@pytest.mark.parametrize("mining", MININGS)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    images=st.integers(1, 12),
    people=st.integers(1, 12),
    dimensions=st.integers(1, 3),
)
def test_mining_is_that_of_loops_on_any_batch(mining, seed, images, people, dimensions):
    check_triplets(seed, mining, images=images, people=people, dimensions=dimensions)


def test_ties_go_to_the_first_in_the_batch():
    """Four corners of a square, and all in one place."""
    x = np.array([[0, 0], [1, 0], [0, 1], [1, 0], [0, 1]], "float32")
    labels = ops.convert_to_tensor([5, 5, 5, 9, 9])
    distances = squared_distances(ops.convert_to_tensor(x))
    found = hardest(distances, labels)
    assert ops.convert_to_numpy(found.positive)[0] == 1
    assert ops.convert_to_numpy(found.negative)[0] == 3
    found = semi_hard(ops.zeros_like(distances), labels)
    assert ops.convert_to_numpy(found.negative)[0].tolist() == [3] * 5
    assert ops.convert_to_numpy(found.valid).sum() == 3 * 2 + 2


@pytest.mark.parametrize("labels", [[0, 1, 2], [4, 4, 4], [3]])
def test_without_a_triplet_there_is_no_loss_and_no_slope(labels):
    x = np.ones((len(labels), 2), "float32")
    for mining in MININGS:
        value, slopes = of_library(labels, x, TripletLoss(mining=mining))
        assert value == 0
        assert (slopes == 0).all()


def test_one_point_and_nothing_have_finite_slopes():
    """What was mapped on one point, or on 0, whose direction is not known."""
    labels = [0, 0, 1, 1]
    for x in (np.full((4, 3), 0.5, "float32"), np.zeros((4, 3), "float32")):
        for loss in (*(TripletLoss(0.2, m) for m in MININGS), ContrastiveLoss(1.0)):
            value, slopes = of_library(labels, x, loss)
            assert np.isfinite(slopes).all()
            if isinstance(loss, TripletLoss):
                assert value == pytest.approx(0.2, abs=1e-6)  # pinned at the margin


def test_embeddings_are_brought_to_unit_length_if_asked():
    labels, x = drawn(3)
    x += 0.5
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    for kind in (TripletLoss, ContrastiveLoss):
        scaled = float(kind(normalize=True)(labels, x))
        assert scaled == pytest.approx(float(kind(normalize=False)(labels, unit)), rel=1e-5)


@pytest.mark.parametrize("balanced", [True, False])
def test_contrastive_is_hadsells(balanced):
    labels, x = drawn(4, images=8)
    roots = np.sqrt(distances_of(x))
    parts = {True: [], False: []}
    for i in range(8):
        for j in range(i):
            same = bool(labels[i] == labels[j])
            far = max(2.5 - roots[i, j], 0)
            parts[same].append((roots[i, j] if same else far) ** 2 / 2)
    means = [np.mean(part) for part in parts.values()]
    expected = np.mean(means) if balanced else np.mean([*parts[True], *parts[False]])
    loss = ContrastiveLoss(2.5, balanced=balanced, normalize=False)
    assert float(loss(labels, x)) == pytest.approx(expected, rel=1e-5)


def test_pairs_of_one_kind_are_all_of_the_loss():
    x = np.array([[0.0, 0], [3, 4]], "float32")
    loss = ContrastiveLoss(6.0, normalize=False)
    assert float(loss([1, 1], x)) == pytest.approx(12.5)
    assert float(loss([1, 2], x)) == pytest.approx(0.5)
    assert float(loss([1], x[:1])) == 0


@pytest.mark.backend
def test_pair_cross_entropy_is_that_of_each_pair():
    labels, x = np.array([0, 0, 1]), drawn(5, images=3)[1]
    layer = PairScores()
    scores = layer(ops.convert_to_tensor(x))
    layer.kernel.assign([[-0.5], [0.25]])
    layer.bias.assign([0.3])
    apart = np.abs(x[:, None] - x[None])
    expected = apart @ [-0.5, 0.25] + 0.3
    scores = layer(ops.convert_to_tensor(x))
    np.testing.assert_allclose(ops.convert_to_numpy(scores), expected, rtol=1e-5)
    p = 1 / (1 + np.exp(-expected))
    wanted = (-np.log(p[0, 1]) - np.log(1 - p[[0, 1], 2]).mean()) / 2
    found = float(ops.convert_to_numpy(PairCrossEntropy()(labels, scores)))
    assert found == pytest.approx(wanted, rel=1e-5)


def arcface_by_hand(labels, cosines, scale, margin, easy):
    losses = []
    for label, row in zip(labels, cosines.astype(float), strict=True):
        scores = scale * row
        angle = np.arccos(row[label])
        if easy:
            moved = np.cos(angle + margin) if row[label] > 0 else row[label]
        else:
            beyond = row[label] - margin * np.sin(margin)
            moved = np.cos(angle + margin) if angle + margin < np.pi else beyond
        scores[label] = scale * moved
        top = scores.max()
        losses.append(top + np.log(np.exp(scores - top).sum()) - scores[label])
    return losses


@pytest.mark.parametrize(
    "easy", [True, pytest.param(False, marks=pytest.mark.backend)], ids=["easy", "paper"]
)
def test_arcface_is_the_papers(easy):
    generator = np.random.default_rng(0)
    cosines = generator.uniform(-0.999, 0.999, (12, 4)).astype("float32")
    labels = generator.integers(0, 4, 12)
    cosines[0, labels[0]] = -0.95  # the margin would go past 180 degrees
    loss = ArcFaceLoss(easy_margin=easy)
    expected = arcface_by_hand(labels, cosines, 64.0, 0.5, easy)
    got = loss.call(ops.convert_to_tensor(labels), ops.convert_to_tensor(cosines))
    np.testing.assert_allclose(ops.convert_to_numpy(got), expected, rtol=1e-4, atol=1e-4)


def test_arcface_falls_as_the_angle_does_and_stays_finite():
    angles = np.linspace(0, np.pi, 200)
    cosines = np.stack([np.cos(angles), np.zeros(200)], -1).astype("float32")
    loss = ArcFaceLoss(scale=8.0)
    values = ops.convert_to_numpy(loss.call(np.zeros(200, "int32"), cosines))
    assert (np.diff(values) > -1e-5).all()
    _, slopes = of_library(np.zeros(200, "int32"), cosines, loss)
    assert np.isfinite(slopes).all()


def test_cosine_scores():
    layer = CosineScores(3)
    x = drawn(6)[1] + 0.5
    got = ops.convert_to_numpy(layer(x))
    kernel = ops.convert_to_numpy(layer.directions)
    lengths = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(kernel, axis=0)
    np.testing.assert_allclose(got, x @ kernel / lengths, rtol=1e-5)
    assert layer.compute_output_shape((None, 2)) == (None, 3)
    assert gradient_check(layer, (3, 4)).passed
    assert gradient_check(PairScores(), (3, 4)).passed


@pytest.mark.parametrize(
    "loss", [*(TripletLoss(0.5, mining) for mining in MININGS), ContrastiveLoss(1.5)]
)
def test_gradient_check(loss):
    check = gradient_check(loss, (6, 4), target=np.array([0, 0, 1, 1, 2, 2]))
    assert check.passed, str(check)


@pytest.mark.parametrize("loss", [ArcFaceLoss(scale=4.0), PairCrossEntropy()])
def test_gradient_check_of_scores(loss):
    # cosines beyond 1 would be cut off: steps of a tenth
    scaled = _Scaled(loss)
    check = gradient_check(scaled, (4, 4), target=np.array([0, 0, 1, 3]))
    assert check.passed, str(check)


class _Scaled(keras.losses.Loss):
    """A loss of a tenth of what comes in."""

    def __init__(self, loss, **kwargs):
        super().__init__(**kwargs)
        self.loss = loss

    def call(self, y_true, y_pred):
        return self.loss.call(y_true, y_pred / 10)

    def get_config(self):
        return super().get_config() | {"loss": self.loss}


def test_they_are_saved_by_name():
    for loss in (
        TripletLoss(0.3, "batch_all", normalize=False),
        ContrastiveLoss(0.7, balanced=False),
        ArcFaceLoss(30.0, 0.3, easy_margin=True),
        PairCrossEntropy(balanced=False),
    ):
        config = keras.saving.serialize_keras_object(loss)
        again = keras.saving.deserialize_keras_object(config)
        assert again.get_config() == loss.get_config()


def test_labels_in_a_column_and_half_precision():
    labels, x = drawn(7)
    loss = TripletLoss()
    wanted = float(loss(labels, x))
    assert float(loss(labels[:, None].astype("float32"), x)) == pytest.approx(wanted)
    half = float(loss(labels, ops.cast(x, "bfloat16")))  # small whole numbers are exact
    assert half == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: TripletLoss(-0.1), "TripletLoss: margin must be between 0 and"),
        (lambda: TripletLoss(mining="hard"), "TripletLoss: mining must be one of"),
        (lambda: ContrastiveLoss("1"), "ContrastiveLoss: margin must be a number"),
        (lambda: ArcFaceLoss(margin=2), r"margin must be between .* \(radians\); got 2"),
        (lambda: ArcFaceLoss(scale=0), "ArcFaceLoss: scale must be between"),
        (lambda: CosineScores(0), "CosineScores: classes must be a whole number"),
    ],
)
def test_refuses(make, words):
    with pytest.raises(ValueError, match=words):
        make()
