"""Faces on photographs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from dlzoo.data import read_image
from dlzoo.faces.face import Face
from dlzoo.visualize import class_colours, draw_boxes


def draw_faces(
    image: Any, faces: Sequence[Face], captions: Sequence[str] | None = None
) -> np.ndarray:
    """Draw the boxes of faces, a caption at each, and their five points.

    Args:
        image: A path, a Pillow image, or a `uint8` array, as in `dlzoo.data.read_image`.
        faces: What `find_faces` found on it.
        captions: One a face; None for the scores.

    Returns:
        Another image, `uint8 (height, width, 3)`.

    Example:
        >>> face = Face(np.array([2, 2, 30, 36]), 0.97, np.full((5, 2), 16.0))
        >>> drawn = draw_faces(np.zeros((40, 40, 3), "uint8"), [face])
        >>> drawn[16, 16].tolist() == list(class_colours(2)[1])
        True
    """
    words = [f"{face.score:.1%}" for face in faces] if captions is None else captions
    boxes = np.array([face.box for face in faces]).reshape(-1, 4)
    picture = Image.fromarray(draw_boxes(read_image(image), boxes, words))
    draw = ImageDraw.Draw(picture)
    colour = class_colours(2)[1]
    for face in faces:
        x1, y1, x2, y2 = face.box.tolist()
        radius = max(1.0, max(x2 - x1, y2 - y1) / 50)
        for x, y in face.landmarks.tolist():
            draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)
    return np.array(picture)
