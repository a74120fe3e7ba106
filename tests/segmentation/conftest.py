"""Small pictures with masks, and a network that learns them in seconds."""

import keras
import numpy as np
import pytest
from PIL import Image

from dlzoo.layers import ImagePreprocessing
from dlzoo.training import seeded

SIZE = (24, 32)
CLASSES = ("ground", "disc", "bar")


def draw(folder, count, size=SIZE, seed=0):
    """Noisy pictures of a reddish disc and a bluish bar, and their masks; 255 is void."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]]
    for number in range(count):
        mask = np.zeros(size, np.uint8)
        y, x = generator.integers(6, size[0] - 6), generator.integers(6, size[1] - 6)
        mask[(rows - y) ** 2 + (columns - x) ** 2 < 25] = 1
        left = generator.integers(0, size[1] - 4)
        mask[:, left : left + 4] = 2
        colours = np.array([[90, 120, 90], [200, 60, 60], [60, 60, 200]])
        image = colours[mask] + generator.normal(0, 12, (*size, 3))
        mask[:1] = 255
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(
            folder / "images" / f"{number:03d}.png"
        )
        Image.fromarray(mask).save(folder / "masks" / f"{number:03d}.png")
    (folder / "classes.txt").write_text("\n".join(CLASSES))
    return folder


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """40 pictures with masks."""
    return draw(tmp_path_factory.mktemp("data") / "shapes", 40)


def tiny_network(classes=3, size=(None, None), channels=3, seed=0):
    """Two scales with a skip connection; the receptive field is 19 pixels."""
    with seeded(seed):
        image = keras.Input((*size, channels), name="image")
        part = (1,) * channels
        x = ImagePreprocessing(1 / 127.5, part, part)(image)
        skip = conv(x, 8, "stage1")
        x = conv(keras.layers.MaxPooling2D(name="stage2_pool")(skip), 16, "stage2")
        x = keras.layers.UpSampling2D(name="decoder_up")(x)
        x = keras.layers.Concatenate(name="decoder_join")([skip, x])
        x = conv(x, 8, "decoder")
        if classes:
            x = keras.layers.Conv2D(classes, 1, activation="softmax", name="scores")(x)
        return keras.Model(image, x, name="tiny")


def conv(x, filters, name):
    x = keras.layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv")(x)
    x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
