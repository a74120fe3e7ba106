"""MobileNetV2 with its real weights on photographs, flat and nested."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.data import read_image
from dlzoo.visualize import grad_cam, top_patches
from dlzoo.visualize.backward import signal_at_image
from dlzoo.visualize.observing import feature_map, observe

DATA = os.environ.get("DLZOO_TEST_DATA")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA, reason="DLZOO_TEST_DATA does not name the folder"),
]

# Where the animal is, in pixels of the 224 x 224 in the middle (x1, y1, x2, y2), by eye.
ANIMALS = {
    "260_n02112137_chow": (60, 30, 180, 205),
    "250_n02110185_Siberian_husky": (85, 95, 224, 175),
    "230_n02105855_Shetland_sheepdog": (45, 60, 148, 190),
}


@pytest.fixture(scope="module")
def flat():
    weights = Path(DATA) / "weights" / "mobilenet_v2_imagenet_keras.h5"
    return dlzoo.models.mobilenet_v2(weights, include_preprocessing=True)


@pytest.fixture(scope="module")
def nested(flat):
    """The body as one layer of another model, the head outside."""
    inner = keras.Model(flat.input, flat.get_layer("top").output, name="body")
    image = keras.Input(flat.input_shape[1:])
    x = keras.layers.GlobalAveragePooling2D()(inner(image))
    return keras.Model(image, flat.get_layer("head")(x))


@pytest.mark.parametrize("name", ANIMALS)
def test_the_heat_is_on_the_animal_not_on_the_lawn(name, flat, nested):
    image = read_image(Path(DATA) / "imagenet_100" / f"{name}.jpg", 224)
    result = grad_cam(flat, image)
    left, top, right, bottom = ANIMALS[name]
    inside = result.heat[top:bottom, left:right]
    area = inside.size / result.heat.size
    assert inside.sum() / result.heat.sum() > 1.6 * area
    row, column = np.unravel_index(result.heat.argmax(), result.heat.shape)
    assert top <= row < bottom
    assert left <= column < right
    other = grad_cam(nested, image)
    np.testing.assert_allclose(other.heat, result.heat, atol=1e-3)
    assert (other.label, other.layer) == (result.label, "body")


def test_a_signal_stays_in_the_receptive_field(flat):
    """Found with other weights than these, which are given here."""
    images = sorted((Path(DATA) / "imagenet_100").glob("*.jpg"))[20:28]
    found = top_patches(flat, images, "stage3_block2/expand", 3, count=2, rule="deconvnet")
    size = found.field.size[0]
    assert size == 27
    for channel, patches in found.patches.items():
        for patch in patches:
            image = read_image(patch.source, 224)[None].astype("float32")
            call = feature_map("test", flat, observe(flat, image)[1], found.layer)
            signal = np.zeros(call.output.shape, "float32")
            signal[0, *patch.place, channel] = patch.value
            arrived = signal_at_image(flat, image, call.number, signal, "deconvnet")[0]
            left, top, right, bottom = patch.box
            inside = arrived[top:bottom, left:right].copy()
            arrived[top:bottom, left:right] = 0
            assert not arrived.any()
            np.testing.assert_allclose(inside, patch.projection, atol=1e-6)
            assert inside.any(axis=(1, 2)).sum() > min(bottom - top, size) - 4
