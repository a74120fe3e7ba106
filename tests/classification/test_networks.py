"""Any network as body and head."""

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.classification import networks
from dlzoo.layers import ImagePreprocessing
from dlzoo.layers.raw_pixels import INCLUDED
from dlzoo.training.image_models import input_size
from dlzoo.weights import INCEPTION
from tests.classification.conftest import SIZE, numbers, tiny_network

IMAGES = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3)).astype("uint8")


def taken(model, classes=3, preprocessing=None):
    return networks.from_model(model, classes, (SIZE, SIZE), preprocessing, seed=0)


def answers(model):
    return keras.ops.convert_to_numpy(model(IMAGES.astype("float32"), training=False))


def nested(classes=5, training=None):
    image = keras.Input((SIZE, SIZE, 3))
    base = tiny_network(preprocessing=False)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(image)
    x = base(x, training=training)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(image, keras.layers.Dense(classes, activation="softmax")(x))


def wrapped():
    image = keras.Input((SIZE, SIZE, 3))
    return keras.Model(image, tiny_network(5)(image))


def sequential():
    layers = [
        tiny_network(),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5),
        keras.layers.Softmax(),
    ]
    return keras.Sequential([keras.Input((SIZE, SIZE, 3)), *layers])


@pytest.mark.parametrize("build", [tiny_network, nested, wrapped, sequential])
def test_every_form_becomes_a_body_that_answers_features(build):
    model = build()
    before = numbers(model.weights)
    flags = [layer.trainable for layer in model.layers]
    classifier = taken(model)
    assert classifier.body.output.shape == (None, 24)
    assert (classifier.head.units, classifier.head.dtype) == (3, "float32")
    finished = classifier.finished(["a", "b", "c"])
    np.testing.assert_allclose(answers(finished), 1 / 3, rtol=1e-6)
    classifier.body.trainable = False
    classifier.body.weights[0].assign(classifier.body.weights[0] + 1)
    for old, new in zip(before, numbers(model.weights), strict=True):
        np.testing.assert_array_equal(old, new)
    assert flags == [layer.trainable for layer in model.layers]


@pytest.mark.parametrize("build", [tiny_network, nested])
def test_a_head_of_the_right_size_is_kept(build):
    model = build(classes=4)
    classifier = taken(model, classes=4)
    finished = classifier.finished(["a", "b", "c", "d"])
    np.testing.assert_allclose(answers(finished), answers(model), rtol=1e-5, atol=1e-6)


def test_missing_preprocessing_is_asked_for():
    model = tiny_network(4, preprocessing=False)
    with pytest.raises(ValueError, match="tiny: preprocessing must be given"):
        taken(model)
    by_hand = keras.ops.convert_to_numpy(model(IMAGES / 127.5 - 1, training=False))
    layer = ImagePreprocessing(1 / 127.5, (1, 1, 1), (1, 1, 1))
    for preprocessing in (INCEPTION, layer):
        finished = taken(model, 4, preprocessing).finished("abcd")
        np.testing.assert_allclose(answers(finished), by_hand, rtol=1e-4, atol=1e-5)
    raw = keras.ops.convert_to_numpy(model(IMAGES.astype("float32"), training=False))
    finished = taken(model, 4, INCLUDED).finished("abcd")
    np.testing.assert_allclose(answers(finished), raw, rtol=1e-4, atol=1e-5)


def test_networks_of_the_zoo_keep_their_names():
    classifier = networks.from_zoo("resnet18", None, 3, (32, 32), seed=0)
    again = networks.from_zoo("resnet18", None, 3, (32, 32), seed=0)
    for ours, theirs in zip(
        numbers(classifier.body.weights), numbers(again.body.weights), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    finished = classifier.finished(["a", "b", "c"])
    stages = dlzoo.models.stages(finished)
    assert list(stages) == ["stage1", "stage2", "stage3", "stage4"]
    assert not classifier.pretrained


def test_the_augmentation_is_in_the_training_model_only():
    classifier = taken(tiny_network())
    layer = keras.layers.RandomFlip(seed=1)
    training = classifier.whole_model(layer, dropout=0.5, seed=0)
    assert layer in training.layers
    kinds = {type(x).__name__ for x in classifier.finished("abc").layers}
    assert not kinds & {"RandomFlip", "Dropout"}


@pytest.mark.parametrize(
    "build, match",
    [
        (lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]), "images"),
        (
            lambda: keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)]),
            r"input shape is \(None, 8, 8, 1\)",
        ),
    ],
)
def test_networks_that_take_no_rgb_images_are_refused(build, match):
    with pytest.raises(ValueError, match=match):
        input_size(build())


def test_several_outputs_and_sequences_are_refused():
    image = keras.Input((SIZE, SIZE, 3))
    x = ImagePreprocessing(1, (0, 0, 0), (1, 1, 1))(image)
    with pytest.raises(ValueError, match="one output"):
        taken(keras.Model(image, [x, x]))
    rows = keras.layers.Reshape((SIZE, SIZE * 3))(x)
    rows = keras.layers.LayerNormalization()(rows)
    with pytest.raises(ValueError, match="must end in scores"):
        taken(keras.Model(image, rows))


def test_one_score_from_a_network_of_the_zoo():
    classifier = networks.from_zoo("resnet18", None, 1, (32, 32), seed=0)
    assert classifier.head.units == 1
    assert classifier.head_model(0.0, 0).output_shape == (None, 1)
