"""Images with a class for each pixel, and how they are read."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dlzoo._checks import check_pair
from dlzoo._progress import track
from dlzoo.data.images import read_image
from dlzoo.data.mask_audit import read_raw_mask
from dlzoo.data.mask_codes import UNKNOWN, MaskCode
from dlzoo.data.mask_folders import MaskSource
from dlzoo.errors import DataError


@dataclass(frozen=True)
class MaskExamples:
    """The images of one split.

    Attributes:
        paths: Of the images.
        masks: Of the masks, or `Drawing`s.
        code: What the masks' values mean.
        pixels: How many pixels of each class each image has, `(n, classes + 1)`; the last
            column is void.
    """

    paths: tuple[Path, ...]
    masks: tuple[MaskSource, ...]
    code: MaskCode
    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.paths)

    def read(
        self, index: int, size: int | tuple[int, int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """One image and its mask.

        Args:
            index: Which.
            size: Height and width that both are brought to, whatever their aspect: the
                image smoothly, the mask by its nearest pixels. None leaves them as they are.

        Returns:
            `uint8 (height, width, 3)` and `uint8 (height, width)`: class numbers, and 255
            for void.

        Raises:
            DataError: A file cannot be read any more, or was changed.
        """
        image = read_image(self.paths[index])
        mask = read_mask(self.masks[index], self.code)
        if image.shape[:2] != mask.shape:
            raise DataError(f"{self.paths[index]}: the image or its mask was changed.")
        if size is None:
            return image, mask
        height, width = check_pair("read", "size", size)
        return (
            _resized(image, (height, width), Image.Resampling.BILINEAR),
            _resized(mask, (height, width), Image.Resampling.NEAREST),
        )


@dataclass(frozen=True)
class MaskDataset:
    """Images with a class for each pixel, divided.

    Attributes:
        classes: Names; a label is an index into them.
        void: The label of pixels that count for nothing: 255.
        splits: Examples by split: `"train"`, `"train_dev"`, `"dev"`, `"test"`.
        notes: What a person should know.
        fingerprint: The same for the same images, masks, classes and division, anywhere.
    """

    classes: tuple[str, ...]
    void: int
    splits: dict[str, MaskExamples]
    notes: tuple[str, ...]
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the single files."""
        return {
            "classes": list(self.classes),
            "void": self.void,
            "splits": {name: len(examples) for name, examples in self.splits.items()},
            "notes": list(self.notes),
            "fingerprint": self.fingerprint,
        }

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} {len(part)}" for name, part in self.splits.items())
        lines = [f"{len(self.classes)} classes of pixels; images: {sizes}", *self.notes]
        return "\n".join(lines)


def read_mask(source: MaskSource, code: MaskCode) -> np.ndarray:
    """A mask as class numbers, `uint8 (height, width)`, void 255.

    Raises:
        DataError: It cannot be read, or has a value that `code` does not know.
    """
    numbers = code.numbers(read_raw_mask(source, code.colours))
    if (numbers == UNKNOWN).any():
        raise DataError(f"{source}: the mask has labels that are no class.")
    return numbers


class LazyPairs:
    """Pairs that are read when indexed: `pairs[indices]` is `(images, masks)`."""

    def __init__(self, examples: MaskExamples, size: tuple[int, int], workers: int):
        self.size = size
        self._examples = examples
        self._pool = ThreadPoolExecutor(workers)

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index) -> tuple[np.ndarray, np.ndarray]:
        chosen = np.arange(len(self))[index]
        if chosen.ndim == 0:
            return self._examples.read(int(chosen), self.size)
        images = np.empty((len(chosen), *self.size, 3), np.uint8)
        masks = np.empty((len(chosen), *self.size), np.uint8)
        read = self._pool.map(lambda i: self._examples.read(int(i), self.size), chosen)
        for place, (image, mask) in enumerate(read):
            images[place], masks[place] = image, mask
        return images, masks


class StackedPairs:
    """Pairs that are in memory: as `LazyPairs`, and with `images` and `masks` as arrays."""

    def __init__(self, images: np.ndarray, masks: np.ndarray):
        self.size = images.shape[1:3]
        self.images = images
        self.masks = masks

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index) -> tuple[np.ndarray, np.ndarray]:
        return self.images[index], self.masks[index]


def decode_pairs(
    examples: MaskExamples,
    size: int | tuple[int, int],
    *,
    memory_limit: int = 2**31,
    workers: int | None = None,
) -> LazyPairs | StackedPairs:
    """Read a split's images and masks at one size.

    Args:
        examples: A split of a `MaskDataset`.
        size: Height and width, as in `MaskExamples.read`.
        memory_limit: Bytes. What fits is read now, in parallel, and kept.
        workers: Threads; default one for each core.

    Returns:
        `pairs[indices_or_slice]`: `uint8` arrays `(k, height, width, 3)` and
        `(k, height, width)`.
    """
    height, width = check_pair("decode_pairs", "size", size)
    lazy = LazyPairs(examples, (height, width), workers or os.cpu_count() or 1)
    if len(examples) * height * width * 4 > memory_limit:
        return lazy
    images = np.empty((len(examples), height, width, 3), np.uint8)
    masks = np.empty((len(examples), height, width), np.uint8)
    for place in track(range(0, len(examples), 32), "Reading images and masks"):
        images[place : place + 32], masks[place : place + 32] = lazy[place : place + 32]
    return StackedPairs(images, masks)


def median_frequency_weights(pixels: np.ndarray | Sequence) -> np.ndarray:
    """A weight for each class that lets rare ones count: `median(f) / f`.

    `f` is a class's share of the pixels of the images that have it (Eigen and Fergus 2015,
    https://arxiv.org/abs/1411.4734, section 6.3.2). A class without pixels gets 0.

    Args:
        pixels: `MaskExamples.pixels`: a row an image, the last column void.

    Example:
        >>> median_frequency_weights([[90, 10, 0], [90, 10, 5]])
        array([0.55555556, 5.        ])
    """
    counts = np.asarray(pixels, np.float64)[:, :-1]
    there = (counts > 0) * counts.sum(axis=1, keepdims=True)
    total = there.sum(axis=0)
    held = total > 0
    share = np.divide(counts.sum(axis=0), total, out=np.zeros(len(total)), where=held)
    weights = np.zeros(len(total))
    weights[held] = np.median(share[held]) / share[held]
    return weights


def _resized(array, size, resampling):
    if array.shape[:2] == size:
        return array
    return np.array(Image.fromarray(array).resize(size[::-1], resampling))
