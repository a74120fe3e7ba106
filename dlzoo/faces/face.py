"""A face that was found."""

from dataclasses import dataclass
from typing import Any

import numpy as np

POINTS = ("left eye", "right eye", "nose", "left corner of the mouth", "right corner")


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a photograph.

    Attributes:
        box: float32 `(4,)`: `x1, y1, x2, y2` in pixels of the photograph, corners on the grid
            lines. Where the face reaches beyond the photograph, so may its box.
        score: Probability that it is one, 0 to 1.
        landmarks: float32 `(5, 2)`: x and y, in the same pixels, of both eyes, the nose and
            both corners of the mouth. Left and right are those of the photograph: the left
            eye is the person's right one.

    Example:
        >>> points = np.array([[30, 52], [66, 52], [48, 72], [34, 92], [63, 92]], "float32")
        >>> face = Face(np.array([5, 10, 85, 110], "float32"), 0.9987, points)
        >>> print(face)
        face of 80 x 100 pixels at (5, 10), 99.9%
        >>> face.area, face.to_dict()["landmarks"][2]
        (8000.0, [48.0, 72.0])
    """

    box: np.ndarray
    score: float
    landmarks: np.ndarray

    @property
    def area(self) -> float:
        """Of the box, in square pixels: the largest face is often the one that is meant."""
        x1, y1, x2, y2 = self.box.tolist()
        return (x2 - x1) * (y2 - y1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded to hundredths of a pixel."""
        return {
            "box": [round(corner, 2) for corner in self.box.tolist()],
            "score": round(self.score, 4),
            "landmarks": [
                [round(part, 2) for part in point] for point in self.landmarks.tolist()
            ],
        }

    def __str__(self) -> str:
        x1, y1, x2, y2 = self.box.tolist()
        return (
            f"face of {x2 - x1:.0f} x {y2 - y1:.0f} pixels at ({x1:.0f}, {y1:.0f}), "
            f"{self.score:.1%}"
        )
