"""What a segmenter says about one image."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dlzoo._files import atomic_path
from dlzoo.segmentation.pictures import overlaid

LARGEST_OVERLAY = 4096  # pixels of a side; overlays are to be looked at


@dataclass(frozen=True, eq=False)
class Segmentation:
    """The class of each pixel of one image.

    Attributes:
        source: Path of the image, or `"image 3"` for the third array.
        mask: Class numbers, `uint8 (height, width)`.
        labels: Names of the classes.
        palette: Their colours.
        scale: Side of a pixel in `unit`, or None.
        unit: Of length.

    Example:
        >>> mask = np.array([[0, 1], [1, 1]], "uint8")
        >>> colours = ((0, 0, 0), (128, 0, 0))
        >>> found = Segmentation("a.png", mask, ("glass", "cell"), colours, 0.5, "mm")
        >>> print(found)
        a.png: cell 75.0% (3 px, 0.75 mm2), glass 25.0% (1 px, 0.25 mm2)
    """

    source: str
    mask: np.ndarray
    labels: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    scale: float | None = None
    unit: str = "px"

    @cached_property
    def pixels(self) -> tuple[int, ...]:
        """Number of pixels of each class."""
        counts = np.zeros(len(self.labels), np.int64)
        for row in self.mask:  # a row at a time: `bincount` makes 64-bit copies
            counts += np.bincount(row, minlength=len(counts))
        return tuple(counts.tolist())

    @property
    def areas(self) -> dict[str, float]:
        """Name of a class to its area in square units, or in pixels without a scale."""
        square = 1.0 if self.scale is None else self.scale**2
        return {n: c * square for n, c in zip(self.labels, self.pixels, strict=True)}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the mask."""
        total = self.mask.size
        return {
            "source": self.source,
            "height": self.mask.shape[0],
            "width": self.mask.shape[1],
            "unit": f"{self.unit}2" if self.scale is not None else "px",
            "classes": [
                {"label": name, "pixels": count, "fraction": count / total, "area": area}
                for (name, area), count in zip(self.areas.items(), self.pixels, strict=True)
            ],
        }

    def save_mask(self, path: str | os.PathLike) -> None:
        """Write the mask as an indexed PNG: its values are class numbers, with colours."""
        image = Image.fromarray(self.mask, mode="L").convert("P")
        image.putpalette([part for colour in self.palette for part in colour])
        with atomic_path(Path(path)) as temporary:
            image.save(temporary, format="PNG")

    def save_overlay(
        self, path: str | os.PathLike, image: np.ndarray, opacity: float = 0.5
    ) -> None:
        """Write the image with the classes' colours over it, as a PNG.

        Pictures larger than 4096 pixels are made smaller by leaving pixels out.

        Args:
            path: Of the file.
            image: `uint8 (height, width, channels)`, what was segmented.
            opacity: Of the colours.
        """
        step = -(-max(self.mask.shape) // LARGEST_OVERLAY)
        small = image[::step, ::step], self.mask[::step, ::step]
        with atomic_path(Path(path)) as temporary:
            picture = overlaid(*small, self.palette, opacity)
            Image.fromarray(picture).save(temporary, format="PNG")

    def __str__(self) -> str:
        parts = []
        for number in np.argsort(-np.array(self.pixels), kind="stable"):
            count, name = self.pixels[number], self.labels[number]
            if count:
                area = "" if self.scale is None else f", {self.areas[name]:.4g} {self.unit}2"
                parts.append(f"{name} {count / self.mask.size:.1%} ({count:,} px{area})")
        return f"{self.source}: {', '.join(parts)}"
