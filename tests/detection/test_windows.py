"""Objects by a classifier of crops that slides."""

import keras
import numpy as np
import pytest
from keras import layers

from dlzoo.detection import sliding_window
from dlzoo.models import dense_to_conv

SIDE = 8


@pytest.fixture(scope="module")
def model():
    """Says "bright" where a crop is bright all over, else "dark": made by hand."""
    image = keras.Input((SIDE, SIDE, 1))
    x = layers.MaxPooling2D(2)(image)
    scores = layers.Dense(2, activation="softmax", name="scores")(layers.Flatten()(x))
    made = keras.Model(image, scores)
    places = (SIDE // 2) ** 2
    kernel = np.tile([[0.0, 20.0 / places]], (places, 1))
    made.get_layer("scores").set_weights([kernel, np.array([0.0, -17.0])])
    return made


@pytest.fixture(scope="module")
def image():
    """A bright square of 8 pixels at (12, 4) and one of 16 at (0, 16)."""
    pixels = np.zeros((32, 40, 1), "float32")
    pixels[4:12, 12:20] = 1
    pixels[16:32, 0:16] = 1
    return pixels


def test_an_object_of_the_windows_size(model, image):
    found = sliding_window(model, image[:14], background=0)
    assert found["boxes"].tolist() == [[12, 4, 20, 12]]
    assert found["classes"].tolist() == [1]
    assert found["scores"][0] == pytest.approx(1 / (1 + np.exp(-3)), rel=1e-4)


def test_larger_objects_at_smaller_scales(model, image):
    converted = dense_to_conv(model)
    found = sliding_window(converted, image, background=0, scales=(0.5,))
    assert [0, 16, 16, 32] in found["boxes"].tolist()
    both = sliding_window(converted, image, background=0, scales=(0.5, 1.0))
    assert [12, 4, 20, 12] in both["boxes"].tolist()
    assert (np.diff(both["scores"]) <= 0).all()


def test_nothing_there(model):
    found = sliding_window(model, np.zeros((20, 20, 1)), background=0)
    assert {name: part.shape for name, part in found.items()} == {
        "boxes": (0, 4),
        "scores": (0,),
        "classes": (0,),
    }


def test_without_background_every_window_is_something(model):
    found = sliding_window(model, np.zeros((8, 12, 1)), iou_threshold=1.0, most=2)
    assert found["classes"].tolist() == [0, 0]


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"image": np.zeros((20, 20, 3))}, r"image must be \(height, width, 1\)"),
        ({"image": np.zeros((20, 20))}, r"got shape \(20, 20\)"),
        ({"image": np.zeros((6, 20, 1))}, r"as large as a window, \(8, 8\) pixels"),
        ({"scales": (0.0,)}, "each of scales must be between"),
        ({"background": 2}, "background must be between 0 and 1"),
        ({"most": 0}, "most must be a whole number"),
        ({"iou_threshold": 2}, "iou_threshold must be between 0 and 1"),
    ],
)
def test_refuses(model, arguments, words):
    arguments = {"image": np.zeros((20, 20, 1))} | arguments
    with pytest.raises(ValueError, match=f"sliding_window: .*{words}"):
        sliding_window(model, **arguments)
