"""Targets, augmentation, settings, scores, the report."""

import json

import keras
import numpy as np
import pytest

from dlzoo.classification.evaluation import (
    diagnose_splits,
    score_split,
    softmax,
    worst_mistakes,
)
from dlzoo.classification.settings import ClassSettings
from dlzoo.classification.targets import OneHot, class_weight_table
from dlzoo.data import Examples
from dlzoo.training import augmenting
from dlzoo.training.image_augmentation import AUGMENTATIONS, augmentation

LABELS = np.array([0, 0, 0, 1, 1, 2])
CLASSES = ("ant", "bee", "cat")


def test_one_hot_rows_are_made_when_indexed():
    rows = OneHot(LABELS, 3)
    assert rows.shape == (6, 3)
    np.testing.assert_array_equal(rows[np.array([5, 0])], [[0, 0, 1], [1, 0, 0]])


def test_class_weights():
    assert class_weight_table(None, LABELS, CLASSES) is None
    balanced = class_weight_table("balanced", LABELS, CLASSES)
    np.testing.assert_allclose(balanced, [6 / 9, 1, 2], rtol=1e-6)
    assert balanced[LABELS].mean() == pytest.approx(1)
    given = class_weight_table({"cat": 3}, LABELS, CLASSES)
    np.testing.assert_array_equal(given, [1, 1, 3])


@pytest.mark.parametrize(
    "choice, match",
    [
        ("even", "class_weights must be None, 'balanced' or a dict"),
        ({"dog": 1}, r"\['dog'\] are not among \['ant', 'bee', 'cat'\]"),
        ({"cat": -1}, "at least 0"),
        ({"cat": float("nan")}, "at least 0"),
    ],
)
def test_class_weights_are_checked(choice, match):
    with pytest.raises(ValueError, match=match):
        class_weight_table(choice, LABELS, CLASSES)


def test_augmentation_changes_images_within_their_range_and_by_its_seed():
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3))
    images = images.astype("float32")

    def augmented(seed):
        layer = augmentation(True, seed)
        return keras.ops.convert_to_numpy(layer(images, training=True))

    first = augmented(1)
    assert first.shape == images.shape
    assert first.min() >= -1e-3
    assert first.max() <= 255.001
    assert (first != images).any()
    np.testing.assert_array_equal(first, augmented(1))
    assert (first != augmented(2)).any()
    layer = augmentation(True, 1)
    quiet = keras.ops.convert_to_numpy(layer(images, training=False))
    np.testing.assert_array_equal(quiet, images)


def describe(choice):
    return augmenting.describe(choice, AUGMENTATIONS)


def test_augmentation_choices():
    assert augmentation(False, 0) is None
    assert augmentation([], 0) is None
    assert len(augmentation(["zoom", "shift"], 0).layers) == 2
    assert describe(True) == list(AUGMENTATIONS)
    own = keras.layers.RandomFlip("vertical", seed=3)
    copy = augmentation(own, 0)
    assert copy is not own
    assert copy.get_config() == own.get_config()
    assert json.dumps(describe(own)) == json.dumps(describe(copy))
    again = keras.layers.RandomFlip("vertical", seed=3)
    assert describe(again) == describe(own)
    with pytest.raises(ValueError, match="each name in augment must be one of"):
        augmentation(["upside-down"], 0)
    with pytest.raises(ValueError, match="augment must be True, False, a list"):
        augmentation("flip", 0)


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"unfreeze": "some"}, "unfreeze .* must be one of"),
        ({"unfreeze": -1}, "unfreeze must be a whole number of at least 0"),
        ({"epochs": 0}, "epochs must be a whole number"),
        ({"epochs": (1, 2, 3)}, "one number or a pair"),
        ({"learning_rate": "high"}, "learning_rate must be a number"),
        ({"label_smoothing": 1.0}, "label_smoothing must be between"),
        ({"batch_size": 0}, "batch_size"),
        ({"patience": 0}, "patience"),
        ({"dropout": 1.0}, "dropout"),
        ({"seed": 1.5}, "seed"),
        ({"optimizer": "adam"}, "optimizer must be one of"),
    ],
)
def test_settings_are_checked(arguments, match):
    with pytest.raises(ValueError, match=match):
        ClassSettings(**arguments)


def test_how_much_is_unfrozen():
    assert [ClassSettings().tuned_stages(n, 5) for n in (100, 500, 5000)] == [0, 3, 5]
    counts = [ClassSettings(unfreeze=x).tuned_stages(9, 5) for x in ("head", "last", 2, "all")]
    assert counts == [0, 3, 2, 5]
    with pytest.raises(ValueError, match="number of stages of this network, 5; got 6"):
        ClassSettings(unfreeze=6).tuned_stages(9, 5)


def test_epochs_and_rates_for_head_and_later_stages():
    pair = ClassSettings(epochs=(3, 4), learning_rate=(0.1, 0.01))
    assert (pair.head_schedule().epochs, pair.tuning_schedule().epochs) == (3, 4)
    assert pair.tuning_schedule().learning_rate == 0.01
    one = ClassSettings(epochs=7, learning_rate=0.2)
    assert (one.head_schedule().epochs, one.tuning_schedule().epochs) == (7, 7)
    assert one.head_schedule().learning_rate == 0.2
    assert ClassSettings().head_schedule().learning_rate > (
        ClassSettings().tuning_schedule().learning_rate
    )


# Predicted: ant ant bee | bee ant | cat
PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.6, 0.2, 0.2],
        [0.1, 0.7, 0.2],
        [0.2, 0.6, 0.2],
        [0.9, 0.1, 0.0],
        [0.1, 0.2, 0.7],
    ]
)


def test_scores_by_hand():
    score = score_split(PROBABILITIES, LABELS, CLASSES)
    assert score.accuracy == pytest.approx(4 / 6)
    assert score.confusion == ((2, 1, 0), (1, 1, 0), (0, 0, 1))
    ant, bee, cat = score.classes
    assert (ant.precision, ant.recall, ant.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (bee.precision, bee.recall, bee.support) == pytest.approx((0.5, 0.5, 2))
    assert cat.f1 == 1
    right = [0.8, 0.6, 0.1, 0.6, 0.1, 0.7]
    assert score.loss == pytest.approx(-np.log(right).mean())


def test_a_probability_of_zero_gives_a_finite_loss():
    score = score_split(np.array([[0.0, 1.0]]), np.array([0]), ("a", "b"))
    assert np.isfinite(score.loss)


def test_the_surest_mistakes_come_first():
    examples = Examples(tuple("uvwxyz"), LABELS)
    worst = worst_mistakes("dev", examples, PROBABILITIES, CLASSES, 5)
    assert [mistake.path for mistake in worst] == ["y", "w"]
    assert str(worst[0]) == "bee taken for ant (90%): y"
    assert worst[0].probability_of_true == pytest.approx(0.1)
    assert len(worst_mistakes("dev", examples, PROBABILITIES, CLASSES, 1)) == 1


def test_without_dev_the_test_set_takes_its_place():
    score = score_split(PROBABILITIES, LABELS, CLASSES)
    diagnosis = diagnose_splits({"train": score, "test": score}, human_error=0.0)
    assert list(diagnosis.errors) == ["human", "train", "dev"]


def test_softmax_of_large_scores():
    np.testing.assert_allclose(softmax(np.array([[1e4, 0.0]])), [[1, 0]])
