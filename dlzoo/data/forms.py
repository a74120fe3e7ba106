"""Which form data have, told before they are opened."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlzoo.data.coco_files import IN_SPLIT
from dlzoo.data.folders import SPLIT_NAMES
from dlzoo.data.images import SUFFIXES
from dlzoo.data.mask_examples import MaskDataset
from dlzoo.data.mask_folders import IMAGE_FOLDERS, MASK_FOLDERS, MASK_SUFFIXES
from dlzoo.data.mask_tfds import KNOWN


def has_masks(data: Any) -> bool:
    """Whether `data` look like images with masks (`open_masks`), not like classes.

    Example:
        >>> has_masks([("a.jpg", "a_mask.png")]), has_masks([("a.jpg", "cat")])
        (True, False)
    """
    if isinstance(data, MaskDataset):
        return True
    if isinstance(data, str) and data.startswith("tfds:"):
        return data.removeprefix("tfds:").split("/")[0].split(":")[0] in KNOWN
    if isinstance(data, str | os.PathLike):
        return _path_has_masks(Path(data).expanduser())
    if isinstance(data, Mapping):
        return any(_part_has_masks(part) for part in data.values())
    return _part_has_masks(data)


def _part_has_masks(part):
    """One split, or a list."""
    if isinstance(part, str | os.PathLike):
        return _path_has_masks(Path(part).expanduser())
    if not isinstance(part, list | tuple) or not part:
        return False
    first = part[0]
    if isinstance(first, str | os.PathLike):  # two folders
        return len(part) == 2
    if not isinstance(first, list | tuple) or len(first) != 2:
        return False
    second = first[1]
    if not isinstance(second, str | os.PathLike):
        return False
    return Path(second).suffix.lower() in (*SUFFIXES, *MASK_SUFFIXES)


def _path_has_masks(path):
    if path.suffix.lower() == ".json":
        return True
    if not path.is_dir():
        return False
    folders = {entry.name.lower(): entry for entry in path.iterdir() if entry.is_dir()}
    if _side_by_side(folders) or (path / IN_SPLIT).is_file():
        return True
    splits = [entry for name, entry in folders.items() if name in SPLIT_NAMES]
    return any(_path_has_masks(split) for split in splits)


def _side_by_side(folders):
    return bool(set(folders) & set(IMAGE_FOLDERS)) and bool(set(folders) & set(MASK_FOLDERS))
