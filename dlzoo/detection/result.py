"""What a detector says about one image."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dlzoo._files import atomic_path
from dlzoo.visualize import class_colours, draw_boxes


@dataclass(frozen=True, eq=False)
class Detections:
    """The objects on one image, the surest first.

    Attributes:
        source: Path of the image, `"image 3"` for the third array, `"a.mp4, frame 7"`.
        boxes: float32 `(n, 4)`: `x1, y1, x2, y2` in pixels of the image as it is.
        scores: float32 `(n,)`, 0 to 1.
        classes: int32 `(n,)`: indices into `labels`.
        labels: Names of the classes.
        size: Height and width of the image.

    Example:
        >>> found = Detections(
        ...     "a.jpg", np.array([[1, 2, 30, 40]], "float32"), np.array([0.9], "float32"),
        ...     np.array([1], "int32"), ("red cell", "platelet"), (48, 64))
        >>> print(found)
        a.jpg: 1 object: platelet 1 (90%)
        >>> found.to_dict()["objects"]
        [{'label': 'platelet', 'score': 0.9, 'box': [1.0, 2.0, 30.0, 40.0]}]
    """

    source: str
    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    labels: tuple[str, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def names(self) -> list[str]:
        """The label of each object."""
        return [self.labels[number] for number in self.classes]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        rows = zip(self.names, self.scores.tolist(), self.boxes.tolist(), strict=True)
        return {
            "source": self.source,
            "height": self.size[0],
            "width": self.size[1],
            "objects": [
                {"label": name, "score": round(score, 4), "box": [round(c, 2) for c in box]}
                for name, score, box in rows
            ],
        }

    def drawn(self, image: np.ndarray) -> np.ndarray:
        """The boxes with their labels on `image`, `uint8 (height, width, 3)`."""
        colours = class_colours(len(self.labels))
        captions = [f"{n} {s:.0%}" for n, s in zip(self.names, self.scores, strict=True)]
        # the surest last, so that they are on top
        order = np.arange(len(self))[::-1]
        return draw_boxes(
            image,
            self.boxes[order],
            [captions[place] for place in order],
            [colours[self.classes[place]] for place in order],
        )

    def save_picture(self, path: str | os.PathLike, image: np.ndarray) -> None:
        """Write `drawn(image)`, whole or not at all; the suffix says in which format."""
        with atomic_path(Path(path)) as temporary:
            Image.fromarray(self.drawn(image)).save(temporary)

    def __str__(self) -> str:
        count = f"{len(self)} object" if len(self) == 1 else f"{len(self)} objects"
        found = Counter(self.names)
        parts = []
        for name in self.labels:
            if not found[name]:
                continue
            scores = self.scores[np.array([n == name for n in self.names])]
            low, high = float(scores.min()), float(scores.max())
            sure = f"{high:.0%}" if low == high else f"{low:.0%} to {high:.0%}"
            parts.append(f"{name} {found[name]} ({sure})")
        return f"{self.source}: {count}" + (f": {', '.join(parts)}" if parts else "")


def to_coco(results: list[Detections]) -> dict[str, Any]:
    """Detections of several images as COCO has them, with `score`; `open_boxes` reads it.

    Example:
        >>> to_coco([])
        {'images': [], 'annotations': [], 'categories': []}
    """
    labels = results[0].labels if results else ()
    annotations: list[dict[str, Any]] = []
    for image, found in enumerate(results):
        for box, score, number in zip(found.boxes, found.scores, found.classes, strict=True):
            x1, y1, x2, y2 = (round(float(corner), 2) for corner in box)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(number),
                    "bbox": [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)],
                    "area": round((x2 - x1) * (y2 - y1), 2),
                    "iscrowd": 0,
                    "score": round(float(score), 4),
                }
            )
    return {
        "images": [
            {"id": n, "file_name": f.source, "height": f.size[0], "width": f.size[1]}
            for n, f in enumerate(results)
        ],
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in enumerate(labels)],
    }
