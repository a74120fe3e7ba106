"""Small pictures of people who differ in a pattern, whatever the light, and a network."""

import keras
import numpy as np
from PIL import Image

from dlzoo.layers import ImagePreprocessing
from dlzoo.training import seeded

SIZE = (16, 12)


def draw_people(folder, people=20, images=6, seed=0):
    """A folder a person: a coarse pattern of his own in changing light, with noise."""
    generator = np.random.default_rng(seed)
    for person in range(people):
        place = folder / f"p{person:02d}"
        place.mkdir(parents=True)
        pattern = np.kron(generator.uniform(-1, 1, (4, 3)), np.ones((4, 4)))
        for number in range(images):
            light, gain = generator.uniform(80, 170), generator.uniform(15, 60)
            pixels = light + gain * pattern + generator.normal(0, 8, SIZE)
            image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            image.save(place / f"{number}.png")
    return folder


def tiny_network(dimensions=16, seed=0):
    """Two convolutions and a fully connected layer."""
    with seeded(seed):
        image = keras.Input((*SIZE, 3), name="image")
        x = ImagePreprocessing(1 / 127.5, (1, 1, 1), (1, 1, 1))(image)
        for number, filters in enumerate((8, 16), start=1):
            conv = {"strides": 2, "padding": "same", "use_bias": False}
            x = keras.layers.Conv2D(filters, 3, name=f"stage{number}_conv", **conv)(x)
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"stage{number}_bn")(x)
            x = keras.layers.ReLU(name=f"stage{number}_relu")(x)
        x = keras.layers.Flatten(name="flatten")(x)
        x = keras.layers.Dense(dimensions, name="embed")(x)
        return keras.Model(image, x, name="tiny")
