"""One object an image: sizes, weights of the backbone, learning, errors."""

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.detection import object_vectors
from dlzoo.losses import LocalizationLoss
from tests.models.zoo import count, images

SMALL = {"backbone": "vgg_small", "input_shape": (32, 32, 3)}


def test_the_card():
    card = dlzoo.card("localizer")
    assert (card.task, card.origins) == ("detection", ("keras", "torch"))
    model = dlzoo.create_model("localizer")
    assert model.output_shape == (None, 8)  # the course's
    found = dlzoo.profile(model)
    assert found.trainable_parameters == card.parameters["keras"] == count(model)
    assert found.multiply_adds / 1e9 == pytest.approx(card.gmacs, rel=0.005)


@pytest.mark.parametrize(
    "options, shape",
    [
        ({}, (None, 8)),
        ({"landmarks": 2, "classes": 1}, (None, 10)),
        ({"pooling": "avg", "input_shape": (None, 40, 3)}, (None, 8)),
        ({"classes": 0, "pooling": "max"}, (None, 256)),
        ({"classes": 0}, (None, 1, 1, 256)),
    ],
)
def test_outputs(options, shape):
    assert dlzoo.models.localizer(**SMALL | options).output_shape == shape


def test_numbers_by_their_meaning():
    model = dlzoo.models.localizer(landmarks=1, **SMALL)
    logits = dlzoo.models.localizer(landmarks=1, classifier_activation=None, **SMALL)
    logits.set_weights(model.get_weights())
    x = images(2, 32, 32, 3)
    found, raw = (keras.ops.convert_to_numpy(m(x, training=False)) for m in (model, logits))
    np.testing.assert_allclose(found[:, 0], 1 / (1 + np.exp(-raw[:, 0])), rtol=1e-5)
    np.testing.assert_allclose(found[:, 5:8].sum(axis=-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(found[:, 1:5], raw[:, 1:5])
    np.testing.assert_array_equal(found[:, 8:], raw[:, 8:])


def test_the_weights_of_the_backbone(tmp_path):
    """Of the backbone's own file, the body; of the localiser's, everything."""
    whole = dlzoo.models.vgg_small(input_shape=(32, 32, 3), classes=7)
    whole.save_weights(tmp_path / "backbone.weights.h5")
    model = dlzoo.models.localizer(tmp_path / "backbone.weights.h5", **SMALL)
    assert set(model.load_report.random) == {"head/kernel", "head/bias"}
    x = images(1, 32, 32, 3)
    ends = [dlzoo.features(m, ["top_pool"])(x)["top_pool"] for m in (whole, model)]
    np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, ends))
    model.save_weights(tmp_path / "mine.weights.h5")
    again = dlzoo.models.localizer(tmp_path / "mine.weights.h5", **SMALL)
    assert again.load_report.random == ()
    for one, two in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", sorted({"lenet5", "googlenet", "mobilenet", "efficientnet_b0", "vgg16", "alexnet"})
)
def test_any_backbone(name):
    shape = (64, 64, 1 if name == "lenet5" else 3)
    model = dlzoo.models.localizer(classes=2, input_shape=shape, backbone=name)
    assert model.output_shape == (None, 7)


def squares(number, side=32, seed=0):
    """Dark images, most with a bright square of red or blue."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(0, 0.1, (number, side, side, 3)).astype("float32")
    boxes, classes = np.zeros((number, 1, 4), "float32"), np.full((number, 1), -1)
    for index in range(number):
        if index % 5 == 4:
            continue
        size, label = rng.integers(8, 20), rng.integers(2)
        x, y = rng.integers(0, side - size, 2)
        pixels[index, y : y + size, x : x + size, 2 * label] += 2
        boxes[index, 0], classes[index] = (x, y, x + size, y + size), label
    return pixels, boxes, classes


@pytest.mark.backend
def test_one_step():
    keras.utils.set_random_seed(0)
    pixels, boxes, classes = squares(10)
    targets = object_vectors(boxes, classes, 32, 2)
    shape = (32, 32, 1)
    model = dlzoo.models.localizer(None, 2, shape, backbone="lenet5")
    model.compile(keras.optimizers.Adam(1e-3), LocalizationLoss())
    before = model.get_weights()
    losses = [float(model.train_on_batch(pixels[..., :1], targets)) for _ in range(3)]
    assert losses[2] < losses[0]
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"backbone": "mlp"}, "localizer: backbone must be one of"),
        ({"backbone": "unet"}, "localizer: backbone must be one of"),
        ({"input_shape": (None, 64, 3)}, "height and width must be given, because the head"),
        ({"input_shape": (16, 64, 3)}, "localizer: height must be at least 32 pixels"),
        ({"landmarks": -1}, "landmarks must be a whole number of at least 0"),
        ({"pooling": "sum"}, "pooling must be one of"),
        ({"classifier_activation": "relu"}, "classifier_activation must be one of"),
        ({"origin": "paper"}, "origin must be one of"),
    ],
)
def test_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        dlzoo.models.localizer(**{"input_shape": (64, 64, 3)} | arguments)
