"""How a predictor sees images: the same pixels as `dlzoo.predict`, boxes where they were."""

import keras
import numpy as np
import pytest
from PIL import Image

import dlzoo
from dlzoo.data import fit_image
from dlzoo.exporting import Description, Predictor, Reading
from dlzoo.exporting.describing import describe
from dlzoo.layers import BoxLabels, ClassLabels, L2Normalize
from dlzoo.models.purpose import purpose
from dlzoo.weights import CAFFE, IMAGENET
from tests.exporting.networks import classifier


def predictor(run, shape, reading, task="classification", outputs=None, batch_size=2):
    about = Description("n", "onnx", "float32", task, shape, outputs, reading)
    return Predictor(run, about, batch_size)


def means(images):
    return [images.mean(axis=(1, 2))]


def whole_image(images):
    """A detector that finds each image as it sees it."""
    height, width = images.shape[1:3]
    box = np.tile(np.float32([0, 0, width, height]), (len(images), 1, 1))
    one = np.ones((len(images), 1), np.float32)
    return [box, one, one[:, 0], one]


def finding(reading, shape=(None, None, 3)):
    names = ("boxes", "classes", "count", "scores")
    return predictor(whole_image, shape, reading, "detection", names)


@pytest.mark.parametrize("reading", [Reading("fit", (32, 64)), Reading("fit", multiple=32)])
def test_boxes_are_in_pixels_of_an_image_that_its_file_turns(reading, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((40, 100, 3), "uint8")).save(tmp_path / "turned.jpg", exif=exif)
    found = finding(reading)([tmp_path / "turned.jpg", np.zeros((100, 40, 3), "uint8")])
    np.testing.assert_allclose(found["boxes"][:, 0], [[0, 0, 40, 100]] * 2)


def test_detectors_of_any_size_see_images_as_predict_shows_them():
    image = np.random.default_rng(0).integers(0, 256, (50, 90, 3), np.uint8)
    seen = Reading("fit", multiple=32)(image)
    np.testing.assert_array_equal(seen, fit_image(image, (64, 96)))
    pixels = keras.Input((None, None, 3), name="image")
    found = {name: keras.Input((4,), name=name) for name in ("boxes", "scores", "classes")}
    found = {name: keras.layers.GlobalMaxPooling2D()(pixels) for name in found}
    model = keras.Model(pixels, BoxLabels(["a"])(found | {"count": found["scores"]}))
    assert describe(model, "onnx", "float32").reading == Reading("fit", multiple=32)


def test_grey_networks_see_the_luminance():
    red = np.zeros((9, 9, 3), np.uint8)
    red[..., 0] = 255
    answers = predictor(means, (8, 8, 1), Reading("crop", (8, 8)))([red, red[:8, :8, :1]])
    np.testing.assert_array_equal(answers, [[76], [255]])


def test_an_array_of_the_right_size_is_taken_as_it_is_alone_and_in_company():
    image = np.zeros((8, 8, 3), np.uint8)
    image[1:-1, 1:-1] = 160
    fast = predictor(means, (8, 8, 3), Reading("crop", (8, 8), crop_fraction=0.5))
    for given in (image, image[None], [image, image]):
        assert set(fast(given).ravel()) == {90.0}


def test_black_is_no_image_that_was_scaled():
    fast = predictor(means, (8, 8, 3), Reading("crop", (8, 8)))
    assert not fast(np.zeros((2, 8, 8, 3), "float32")).any()


def test_networks_are_shown_what_their_weights_were_tested_with_unless_trained_here():
    options = {"input_shape": (64, 64, 3), "include_preprocessing": True}
    bare = dlzoo.models.vgg_small(**options)  # its weights were tested on whole images
    trained = keras.Model(bare.input, ClassLabels(map(str, range(200)))(bare.output))
    image = (np.mgrid[:64, :64].sum(axis=0) * 2).astype(np.uint8)
    for model, given, fraction in (
        (bare, None, 1.0),
        (bare, CAFFE, 0.875),
        (trained, None, 1.0),
        (classifier(), None, 1.0),
        (keras.Model(bare.input, keras.layers.Flatten()(bare.input)), None, 0.875),
    ):
        found = describe(model, "onnx", "float32", given).reading
        assert (found.crop_fraction, found.interpolation) == (fraction, "bilinear")
    whole = model_answers(bare, image)
    assert dlzoo.predict(bare, image, top=1)[0].probability == pytest.approx(whole, rel=1e-3)


def model_answers(model, image):
    pixels = np.repeat(image[None, ..., None], 3, axis=-1)
    return float(model.predict_on_batch(pixels).max())


def test_of_faces_nothing_is_cut_off():
    image = keras.Input((8, 8, 3))
    body = keras.Model(image, L2Normalize()(keras.layers.Flatten()(image)))
    model = keras.Model(image, body(keras.layers.Rescaling(1 / 255)(image)))
    assert purpose(model) == "faces"  # however deep it is
    assert describe(model, "onnx", "float32", IMAGENET).reading == Reading("crop", (8, 8))


def test_all_of_several_outputs_have_names():
    image = keras.Input((8, 8, 3))
    low, high = (layer()(image) for layer in (keras.layers.Flatten, keras.layers.ReLU))
    for outputs, names in (
        (low, None),
        ([low], None),
        ([low, high], ("output_0", "output_1")),
        ({"b": low, "a": high}, ("a", "b")),
    ):
        assert describe(keras.Model(image, outputs), "onnx", "float32").outputs == names
