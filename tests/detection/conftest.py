"""Small pictures with boxes, and a network that learns them in seconds."""

import keras
import numpy as np
import pytest
from PIL import Image

from dlzoo.layers import ImagePreprocessing, YOLOCandidates
from dlzoo.training import seeded

SIZE = (48, 64)
CLASSES = ("cross", "square")  # in the order of their names
COLOURS = {"cross": (210, 60, 50), "square": (50, 80, 210)}


def draw(folder, count, size=SIZE, seed=0):
    """Noisy pictures of bluish squares and flat reddish "crosses"; each fifth has none."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    rows = ["path,x1,y1,x2,y2,class"]
    for number in range(count):
        image = generator.normal(110, 10, (*size, 3))
        name = f"{number:03d}.png"
        if number % 5 == 4:
            rows.append(f"{name},,,,,")
        for place in range(0 if number % 5 == 4 else 2):
            label = CLASSES[(number + place) % 2]
            width, height = (20, 10) if label == "cross" else (14, 14)
            left = place * size[1] // 2
            x = left + int(generator.integers(0, size[1] // 2 - width))
            y = int(generator.integers(0, size[0] - height))
            image[y : y + height, x : x + width] = COLOURS[label]
            rows.append(f"{name},{x},{y},{x + width},{y + height},{label}")
        Image.fromarray(image.clip(0, 255).astype("uint8")).save(folder / name)
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n")
    return folder / "boxes.csv"


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """40 pictures with boxes."""
    return draw(tmp_path_factory.mktemp("data") / "shapes", 40)


def tiny_network(classes=2, size=SIZE, seed=0):
    """Three convolutions to cells of 8 pixels, with two anchors each."""
    with seeded(seed):
        image = keras.Input((*size, 3), name="image")
        x = ImagePreprocessing(1 / 127.5, (1, 1, 1), (1, 1, 1))(image)
        for stage, filters in enumerate((16, 24, 32), 1):
            name = f"stage{stage}"
            x = keras.layers.Conv2D(filters, 3, 2, padding="same", name=f"{name}_conv")(x)
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
            x = keras.layers.ReLU(name=f"{name}_relu")(x)
        x = keras.layers.Conv2D(32, 3, padding="same", activation="relu", name="neck")(x)
        x = keras.layers.Conv2D(2 * (5 + classes), 1, name="head_stride8")(x)
        anchors = [[(14.0, 14.0), (20.0, 10.0)]]
        answers = YOLOCandidates(classes, anchors, [8], name="candidates")([x])
        return keras.Model(image, answers, name="tiny")
