"""Images wherever they are: files, folders, patterns and arrays become one list."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo.data.images import SUFFIXES
from dlzoo.errors import DataError


def image_sources(who: str, images: Any) -> tuple[list[str], list[Any]]:
    """Names of images, and what `read_image` takes for each.

    Args:
        who: For the error.
        images: A path, a folder (with all below it), a pattern such as `"new/*.jpg"`, an
            array (one image or a batch of them), or a list of such things.

    Returns:
        Paths or `"image 3"` for the third array; paths and arrays. Folders and patterns are
        sorted.

    Raises:
        DataError: A folder or a pattern has none, or there is none at all.

    Example:
        >>> image_sources("example", np.zeros((2, 8, 8, 3), "uint8"))[0]
        ['image 1', 'image 2']
    """
    found = list(_expand(images))
    if not found:
        raise DataError(f"{who}: there are no images to look at.")
    arrays = 0
    names = []
    for source in found:
        if isinstance(source, Path):
            names.append(str(source))
        else:
            arrays += 1
            names.append(f"image {arrays}")
    return names, found


def _expand(images) -> Iterator:
    if isinstance(images, np.ndarray):
        yield from images if images.ndim == 4 else [images]
    elif isinstance(images, (str, os.PathLike)):
        yield from _expand_path(Path(images).expanduser())
    elif isinstance(images, Iterable) and not hasattr(images, "read"):
        for item in images:
            yield from _expand(item)
    else:
        yield images


def _expand_path(path):
    if path.is_dir():
        files = (p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
        found = sorted(file for file in files if file.is_file())
        if not found:
            raise DataError(f"{path}: there are no images in this folder or below it.")
    elif not path.exists() and glob.has_magic(str(path)):
        found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
        if not found:
            raise DataError(f"{path}: no file matches this pattern.")
    else:
        found = [path]
    return found
