"""Images with boxes, and how they are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._checks import check_pair
from dlzoo.data.fitting import fit_image, fit_scale
from dlzoo.data.images import read_image


@dataclass(frozen=True)
class BoxExamples:
    """The images of one split.

    Attributes:
        paths: Of the images.
        boxes: Of each image: float32 `(n, 4)`, `x1, y1, x2, y2` in its pixels.
        labels: Of each image: int32 `(n,)`, class numbers.
        ignored: Of each image: bool `(n,)`; such boxes are not learnt, and whoever finds
            one is neither right nor wrong.
        sizes: int `(images, 2)`, heights and widths.
    """

    paths: tuple[Path, ...]
    boxes: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...]
    ignored: tuple[np.ndarray, ...]
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.paths)

    def read(
        self, index: int, size: int | tuple[int, int] | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One image and its boxes, without those that are ignored.

        Args:
            index: Which.
            size: Height and width into which the image is fitted (`fit_image`), its boxes
                alike. None leaves them as they are.

        Returns:
            `uint8 (height, width, 3)`, float32 `(n, 4)` and int32 `(n,)`.

        Raises:
            DataError: The file cannot be read any more.
        """
        kept = ~self.ignored[index]
        boxes, labels = self.boxes[index][kept], self.labels[index][kept]
        if size is None:
            return read_image(self.paths[index]), boxes, labels
        size = check_pair("read", "size", size)
        fitted = (boxes * self._scale(index, size)).astype(np.float32)
        return fit_image(self.paths[index], size), fitted, labels

    def padded(
        self, size: int | tuple[int, int], most: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The boxes of all images fitted into `size`, as losses take them.

        Args:
            size: Height and width.
            most: How many boxes there is room for; None: for the most that an image has.

        Returns:
            float32 `(images, most, 4)` and int32 `(images, most)`; the rest is 0 and -1.
        """
        size = check_pair("padded", "size", size)
        counts = [int((~ignored).sum()) for ignored in self.ignored]
        most = max([*counts, 1]) if most is None else most
        boxes = np.zeros((len(self), most, 4), np.float32)
        labels = np.full((len(self), most), -1, np.int32)
        for place, ignored in enumerate(self.ignored):
            kept = np.flatnonzero(~ignored)[:most]
            boxes[place, : len(kept)] = self.boxes[place][kept] * self._scale(place, size)
            labels[place, : len(kept)] = self.labels[place][kept]
        return boxes, labels

    def counts(self, classes: int) -> np.ndarray:
        """How many boxes of each class each image has, `(images, classes)`."""
        rows = [np.bincount(labels, minlength=classes) for labels in self.labels]
        return np.array(rows, np.int64).reshape(len(self), classes)

    def _scale(self, index, size):
        """What corners on an image are multiplied by when it is fitted into `size`."""
        height, width = self.sizes[index].tolist()
        return np.tile(fit_scale((height, width), size), 2)


@dataclass(frozen=True)
class BoxDataset:
    """Images with boxes, divided.

    Attributes:
        classes: Names; a label is an index into them.
        splits: Examples by split: `"train"`, `"train_dev"`, `"dev"`, `"test"`.
        notes: What a person should know.
        fingerprint: The same for the same images, boxes, classes and division, anywhere.
    """

    classes: tuple[str, ...]
    splits: dict[str, BoxExamples]
    notes: tuple[str, ...]
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the single files."""
        return {
            "classes": list(self.classes),
            "splits": {name: len(examples) for name, examples in self.splits.items()},
            "boxes": self._boxes(),
            "notes": list(self.notes),
            "fingerprint": self.fingerprint,
        }

    def _boxes(self):
        """Split to class to number of boxes."""
        return {
            name: dict(
                zip(
                    self.classes,
                    examples.counts(len(self.classes)).sum(axis=0).tolist(),
                    strict=True,
                )
            )
            for name, examples in self.splits.items()
        }

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} {len(part)}" for name, part in self.splits.items())
        lines = [f"{len(self.classes)} classes of objects; images: {sizes}"]
        for name, counts in self._boxes().items():
            held = ", ".join(f"{label} {count}" for label, count in counts.items())
            lines.append(f"boxes in {name}: {held}")
        return "\n".join([*lines, *self.notes])
