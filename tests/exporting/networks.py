"""Small networks with weights whose answers differ from image to image."""

import keras
import numpy as np

from dlzoo.layers import ClassLabels, ImagePreprocessing

SIDE = 24


def classifier(classes=5, side=SIDE, seed=0):
    """Raw RGB to probabilities of named classes, with batch normalisation inside."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((side, side, 3), name="image")
    x = ImagePreprocessing(1 / 127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))(image)
    for width in (8, 12):
        x = keras.layers.Conv2D(width, 3, strides=2, use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(classes, activation="softmax")(x)
    model = keras.Model(image, ClassLabels([f"class {n}" for n in range(classes)])(x))
    shaken(model, seed)
    return model


def shaken(model, seed=0):
    """Random statistics of batch normalisation, so that nothing is the identity."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        name = weight.path.rpartition("/")[2]
        if name in ("moving_variance", "gamma"):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        elif name in ("moving_mean", "beta", "bias"):
            weight.assign(rng.normal(0, 0.2, weight.shape))


def photographs(count, seed=0, smallest=20, largest=90):
    """`uint8` images of many sizes, smooth as photographs are."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        height, width = rng.integers(smallest, largest, 2)
        coarse = rng.integers(0, 256, (4, 4, 3), np.uint8)
        rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
        found.append(np.ascontiguousarray(coarse[rows][:, columns]))
    return found
