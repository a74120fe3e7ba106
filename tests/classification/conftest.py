"""Small real data and a network that learns it in seconds."""

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from dlzoo.layers import ImagePreprocessing
from dlzoo.training import seeded

SIZE = 16  # pixels
CLASSES = ("0", "1", "4")


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """Three of scikit-learn's digits, 40 images each, as class folders."""
    folder = tmp_path_factory.mktemp("digits")
    data = load_digits()
    for name in CLASSES:
        (folder / name).mkdir()
        chosen = data.images[data.target == int(name)][:40]
        for number, image in enumerate(chosen):
            pixels = np.round(image * (255 / 16)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:03d}.png")
    return folder


def tiny_network(classes=None, preprocessing=True, seed=0):
    """Two convolutions with batch normalisation, whose statistics are not the initial ones.

    `classes=None`: it ends in the feature map.
    """
    with seeded(seed):
        x = image = keras.Input((SIZE, SIZE, 3), name="image")
        if preprocessing:
            x = ImagePreprocessing(1 / 127.5, (1, 1, 1), (1, 1, 1))(x)
        for number, filters in enumerate((8, 24), start=1):
            x = keras.layers.Conv2D(
                filters, 3, strides=2, padding="same", name=f"stage{number}_conv"
            )(x)
            x = keras.layers.BatchNormalization(name=f"stage{number}_bn")(x)
            x = keras.layers.ReLU(name=f"stage{number}_relu")(x)
        if classes is not None:
            x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
            x = keras.layers.Dense(classes, activation="softmax", name="head")(x)
        model = keras.Model(image, x, name="tiny")
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(layer.moving_mean + 0.1)
            layer.moving_variance.assign(layer.moving_variance * 0.5)
    return model


def numbers(variables):
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
