"""A network and pictures that are small enough to be optimised in a test."""

import keras
import numpy as np

RNG = np.random.default_rng(5)


def network(activation="relu"):
    """Two stages on raw RGB, with weights that do not depend on the backend."""
    rng = np.random.default_rng(3)
    x = picture = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 64, offset=-2)(x)
    for stage, width in enumerate((6, 8), 1):
        if stage > 1:
            x = keras.layers.AveragePooling2D(2)(x)
        x = keras.layers.Conv2D(
            width, 3, padding="same", activation=activation, name=f"stage{stage}_conv1"
        )(x)
    model = keras.Model(picture, x, name="tiny")
    for variable in model.weights:
        fan_in = np.prod(variable.shape[:-1])
        variable.assign(rng.normal(0, (2 / fan_in) ** 0.5, variable.shape))
    return model


def picture(height, width, seed=0):
    """Stripes and noise, `uint8`."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    waves = np.sin(rows * (0.3 + seed) + columns * 0.5)[..., None] * rng.uniform(40, 100, 3)
    return np.clip(128 + waves + rng.normal(0, 10, (height, width, 3)), 0, 255).astype("uint8")


PHOTO, PAINTING = picture(24, 32, seed=1), picture(28, 20, seed=2)
QUICK = {"size": 32, "steps": 6, "scales": 1}
