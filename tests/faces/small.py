"""A network so small that one can see what it answers: a picture's colour, as a vector."""

import keras
import numpy as np
from PIL import Image

from dlzoo.faces import Face

SIDE = 8
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 60), "blue": (20, 40, 230)}


def colour_network(side=SIDE):
    image = keras.Input((side, side, 3), name="image")
    x = keras.layers.Rescaling(1 / 255)(image)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(x), name="colour")


def picture(colour, side=SIDE, seed=0):
    """A noisy picture of one colour."""
    noise = np.random.default_rng(seed).integers(-20, 20, (side, side, 3))
    return np.clip(np.array(COLOURS[colour]) + noise, 0, 255).astype("uint8")


def folder_of_people(folder, images=3):
    """`folder/red/0.png` ..."""
    for number, colour in enumerate(COLOURS):
        (folder / colour).mkdir(parents=True)
        for index in range(images):
            pixels = picture(colour, seed=10 * number + index)
            Image.fromarray(pixels).save(folder / colour / f"{index}.png")
    return folder


def faces_at(*boxes):
    """What `find_faces` would answer: faces in boxes, their points as in the template."""
    found = []
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
        points = points * [x2 - x1, y2 - y1] + [x1, y1]
        box = np.array([x1, y1, x2, y2], "float32")
        found.append(Face(box, 0.99 - number / 100, points.astype("float32")))
    return tuple(found)
