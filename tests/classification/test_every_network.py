"""`fine_tune` works with every network of the zoo as it is."""

import re

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.data import read_image

# The same code as another of its family, or slow to trace: a step of the head is enough
# (`test_zoo.test_every_weight_learns` asks for the slopes of all).
LIKE_ANOTHER = re.compile("vgg19|resnet(34|50|101|152)|mobilenet|googlenet|efficientnet_b[0-7]")
# Of those, one of each kind of block, and the smallest.
OF_EACH_KIND = ("resnet34", "resnet50", "mobilenet", "googlenet", "efficientnet_b0")
QUICK = ("lenet5", "mlp")
ALL = dlzoo.list_models(task="classification")
NAMES = [
    pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
    for name in ALL
    if not LIKE_ANOTHER.fullmatch(name)
]


@pytest.mark.parametrize("name", NAMES)
def test_one_step(name, digits):
    card = dlzoo.card(name)
    size = max(card.minimum_size, 16)
    weights = None if card.weights else "auto"  # nothing is published: from scratch
    result = dlzoo.fine_tune(
        name, digits, weights=weights, image_size=size, epochs=1, batch_size=128, augment=False
    )
    assert result.model.input_shape == (None, size, size, 3)
    assert [record["stage"] for record in result.history] == ["all layers"]
    image = read_image(next(digits.glob("0/*.png")), size)[None].astype("float32")
    found = keras.ops.convert_to_numpy(result.model(image, training=False))
    assert found.shape == (1, 3)
    np.testing.assert_allclose(found.sum(), 1, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_one_step_of_the_head(name, digits):
    size = dlzoo.card(name).minimum_size
    model = dlzoo.create_model(
        name, classes=0, pooling="avg", input_shape=(size, size, 3), include_preprocessing=True
    )
    result = dlzoo.fine_tune(model, digits, unfreeze="head", epochs=1, batch_size=128)
    assert [record["stage"] for record in result.history] == ["head"]
    assert np.isfinite(result.history[0]["loss"])
    assert result.model.output_shape == (None, 3)


@pytest.mark.slow
def test_lenet5_learns_grey_digits_from_a_folder(digits):
    result = dlzoo.fine_tune(
        "lenet5", digits, epochs=25, learning_rate=5e-3, batch_size=16, augment=["shift"]
    )
    assert result.model.input_shape == (None, 32, 32, 3)
    assert result.report.accuracy >= 0.9
