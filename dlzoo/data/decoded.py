"""A split's images as one array: in memory if they fit, else decoded when indexed."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from dlzoo._checks import check_pair
from dlzoo._progress import track
from dlzoo.data.dataset import Examples
from dlzoo.data.fitting import fit_image
from dlzoo.data.images import read_image
from dlzoo.data.target_dataset import TargetExamples


class LazyImages:
    """Looks like a `uint8` array `(n, height, width, 3)`; decodes what is indexed."""

    dtype = np.dtype(np.uint8)

    def __init__(self, paths: Sequence[Path], size: tuple[int, int], read, workers: int):
        self.shape = (len(paths), *size, 3)
        self._paths = paths
        self._read = read
        self._pool = ThreadPoolExecutor(workers)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index) -> np.ndarray:
        chosen = np.arange(len(self))[index]
        if chosen.ndim == 0:
            return self._read(self._paths[chosen])
        images = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        paths = [self._paths[i] for i in chosen]
        for place, image in enumerate(self._pool.map(self._read, paths)):
            images[place] = image
        return images


def decode(
    examples: Examples | TargetExamples | Sequence[Path],
    size: int | tuple[int, int],
    *,
    crop_fraction: float = 1.0,
    interpolation: str = "bilinear",
    whole: bool = False,
    memory_limit: int = 2**31,
    workers: int | None = None,
) -> np.ndarray | LazyImages:
    """Decode images to one size, in parallel.

    Args:
        examples: A split of an `ImageDataset` or `TargetDataset`, or paths.
        size, crop_fraction, interpolation: As in `read_image`.
        whole: Fit whole images into `size` (`fit_image`) instead of cutting off what is too
            much.
        memory_limit: Bytes. If the images fit, the result is a plain array, decoded
            now; otherwise an object that decodes what is indexed.
        workers: Threads; default one for each core.

    Returns:
        `images` with `len(images)`, `images.shape == (n, height, width, 3)`, and
        `images[indices_or_slice]`: a `uint8` array `(k, height, width, 3)`.

    Raises:
        DataError: A file cannot be read; the message names it.
    """
    if isinstance(examples, Examples | TargetExamples):
        examples = examples.paths
    paths = tuple(examples)
    height, width = check_pair("decode", "size", size)
    workers = workers or os.cpu_count() or 1
    read = (
        partial(fit_image, size=(height, width))
        if whole
        else partial(
            read_image,
            size=(height, width),
            crop_fraction=crop_fraction,
            interpolation=interpolation,
        )
    )
    if len(paths) * height * width * 3 > memory_limit:
        return LazyImages(paths, (height, width), read, workers)
    images = np.empty((len(paths), height, width, 3), np.uint8)

    def fill(place):
        images[place] = read(paths[place])

    with ThreadPoolExecutor(workers) as pool:
        done = pool.map(fill, range(len(paths)))
        for _ in track(done, "Decoding images", len(paths)):
            pass
    return images
