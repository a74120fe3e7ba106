"""What files say about the boxes of an image, before it is checked."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Marks:
    """The boxes of one image as a file has them.

    Attributes:
        source: The file, perhaps with a line, for messages.
        labels: The class of each box: its name, or its number as text.
        boxes: float64 `(n, 4)`: `x1, y1, x2, y2` in pixels, or in parts of the image's sides.
        ignored: Whether a box counts for nothing: VOC's `difficult`, COCO's `iscrowd`.
        size: Height and width of the image, where the file says it.
        relative: Whether `boxes` are parts of the sides.
    """

    source: str
    labels: tuple[str, ...] = ()
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    ignored: tuple[bool, ...] = ()
    size: tuple[int, int] | None = None
    relative: bool = False


@dataclass
class BoxListing:
    """What was found.

    Attributes:
        splits: (image, marks) of each split; `"all"`: not divided yet.
        notes: Remarks.
        problems: File to what is wrong with it.
        classes: Names of the classes in their order, where the data themselves say it.
        numbered: Whether labels are numbers that nothing names.
    """

    splits: dict[str, list[tuple[Path, Marks]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: dict[Path, str] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    numbered: bool = False
