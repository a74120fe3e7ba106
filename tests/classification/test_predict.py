"""`predict`: any source of images, any kind of model."""

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.classification import networks
from dlzoo.data import read_image
from dlzoo.errors import DataError
from dlzoo.weights import INCEPTION
from tests.classification.conftest import CLASSES, SIZE, tiny_network

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def model():
    """A classifier with labels inside whose answers differ from image to image."""
    network = tiny_network(3)
    kernel = network.layers[-1].kernel
    kernel.assign(10 * RNG.normal(size=kernel.shape))
    classifier = networks.from_model(network, 3, (SIZE, SIZE), None, seed=0)
    return classifier.finished(CLASSES)


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    model.save(folder / "model.keras")
    return folder


def expected(model, path):
    image = read_image(path, SIZE).astype("float32")
    return keras.ops.convert_to_numpy(model(image[None], training=False))[0]


def test_probabilities_labels_and_order(model, digits):
    path = digits / "4" / "003.png"
    (got,) = dlzoo.predict(model, path, top=3)
    scores = expected(model, path)
    order = np.argsort(-scores)
    assert got.source == str(path)
    assert got.labels == tuple(CLASSES[i] for i in order)
    np.testing.assert_allclose(got.probabilities, scores[order], atol=1e-5)
    assert (got.label, got.probability) == (got.labels[0], got.probabilities[0])
    assert str(got).startswith(f"{path}: {got.label} ")
    assert got.to_dict()["labels"] == list(got.labels)


def test_folder_file_and_model_answer_the_same(model, saved, digits):
    paths = sorted((digits / "1").glob("*.png"))[:5]
    by_model = dlzoo.predict(model, paths, batch_size=2)
    for source in (saved, str(saved), saved / "model.keras"):
        assert dlzoo.predict(source, paths, batch_size=2) == by_model


def test_sources(model, digits):
    folder = digits / "0"
    files = sorted(folder.glob("*.png"))
    assert [p.source for p in dlzoo.predict(model, folder)] == [str(f) for f in files]
    pattern = dlzoo.predict(model, str(digits / "*" / "000.png"), top=1)
    assert [p.source[-9:] for p in pattern] == ["0/000.png", "1/000.png", "4/000.png"]
    arrays = RNG.integers(0, 256, (3, 20, 30, 3)).astype("uint8")
    several = dlzoo.predict(model, arrays)
    assert [p.source for p in several] == ["image 1", "image 2", "image 3"]
    (one,) = dlzoo.predict(model, arrays[1])
    np.testing.assert_allclose(one.probabilities, several[1].probabilities, atol=1e-5)
    mixed = dlzoo.predict(model, [files[0], arrays[0], digits / "1" / "001.png"])
    assert [p.source for p in mixed][1] == "image 1"


def test_scores_become_probabilities_and_classes_get_numbers():
    image = keras.Input((SIZE, SIZE, 3))
    body = tiny_network()
    x = keras.layers.GlobalAveragePooling2D()(body(image))
    logits = keras.Model(image, keras.layers.Dense(4)(x))
    (got,) = dlzoo.predict(logits, RNG.integers(0, 256, (9, 9, 3)).astype("uint8"))
    assert sum(got.probabilities) == pytest.approx(1, abs=1e-5)
    assert set(got.labels) == {"0", "1", "2", "3"}
    (named,) = dlzoo.predict(logits, np.zeros((9, 9, 3), "uint8"), labels="abcd")
    assert set(named.labels) == set("abcd")


def test_a_thousand_classes_are_imagenets():
    model = tiny_network(1000)
    (got,) = dlzoo.predict(model, np.zeros((9, 9, 3), "uint8"), top=2)
    assert set(got.labels) <= set(dlzoo.weights.labels("imagenet"))


def test_preprocessing_of_a_model_without_it():
    model = tiny_network(3, preprocessing=False)
    image = RNG.integers(0, 256, (SIZE, SIZE, 3)).astype("uint8")
    with pytest.raises(ValueError, match="preprocessing must be given"):
        dlzoo.predict(model, image)
    geometry = INCEPTION.at(crop_fraction=1.0)
    (got,) = dlzoo.predict(model, image, preprocessing=geometry)
    by_hand = keras.ops.convert_to_numpy(model(image[None] / 127.5 - 1))[0]
    assert got.probability == pytest.approx(by_hand.max(), abs=1e-5)


@pytest.mark.parametrize(
    "images, match",
    [
        ([], "no images"),
        ("nothing/*.png", "no file matches"),
        ("nothing.png", "no such file"),
    ],
)
def test_missing_images_are_told(model, images, match):
    with pytest.raises(DataError, match=match):
        dlzoo.predict(model, images)


def test_other_errors(model, tmp_path):
    image = np.zeros((9, 9, 3), "uint8")
    with pytest.raises(DataError, match="no images in this folder"):
        dlzoo.predict(model, tmp_path)
    with pytest.raises(DataError, match="no such model"):
        dlzoo.predict(tmp_path, image)
    with pytest.raises(ValueError, match="one label for each of the model's 3 classes"):
        dlzoo.predict(model, image, labels=["a"])
    with pytest.raises(ValueError, match="top must be"):
        dlzoo.predict(model, image, top=0)
