"""Which form data have, told before they are opened."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlzoo.data import box_tfds, mask_tfds
from dlzoo.data.box_examples import BoxDataset
from dlzoo.data.box_tables import has_box_columns
from dlzoo.data.coco_files import IN_SPLIT
from dlzoo.data.folders import SPLIT_NAMES, split_folders
from dlzoo.data.images import SUFFIXES
from dlzoo.data.mask_examples import MaskDataset
from dlzoo.data.mask_folders import IMAGE_FOLDERS, MASK_FOLDERS, MASK_SUFFIXES
from dlzoo.data.tables import is_table
from dlzoo.data.voc import is_voc
from dlzoo.data.yolo_text import is_yolo

_VOC_MASKS = "segmentationclass"  # VOC has both


def has_masks(data: Any) -> bool:
    """Whether `data` look like images with masks (`open_masks`), not like classes.

    Example:
        >>> has_masks([("a.jpg", "a_mask.png")]), has_masks([("a.jpg", "cat")])
        (True, False)
    """
    return _looks(data, MaskDataset, mask_tfds.KNOWN, _path_has_masks, _part_has_masks)


def has_boxes(data: Any) -> bool:
    """Whether `data` look like images with boxes (`open_boxes`).

    COCO's `.json` may be meant as either.

    Example:
        >>> has_boxes([("a.jpg", [(1, 2, 30, 40)], ["cell"])]), has_boxes([("a.jpg", "cell")])
        (True, False)
    """
    return _looks(data, BoxDataset, box_tfds.KNOWN, _path_has_boxes, _part_has_boxes)


def _looks(data, kind, known, path_has, part_has):
    """Whether data of any form are of a kind: a data set, a name, a path, splits, a list."""
    if isinstance(data, kind):
        return True
    if isinstance(data, str) and data.startswith("tfds:"):
        return data.removeprefix("tfds:").split("/")[0].split(":")[0] in known
    if isinstance(data, str | os.PathLike):
        return path_has(Path(data).expanduser())
    if isinstance(data, Mapping):
        return any(part_has(part) for part in data.values())
    return part_has(data)


def _part_has_boxes(part):
    """One split, or a list."""
    if isinstance(part, str | os.PathLike):
        return _path_has_boxes(Path(part).expanduser())
    if not isinstance(part, list | tuple) or not part:
        return False
    return isinstance(part[0], list | tuple) and len(part[0]) == 3


def _path_has_boxes(path):
    if path.suffix.lower() in (".json", ".yaml", ".yml"):
        return True
    if is_table(path):
        return has_box_columns(path)
    if not path.is_dir():
        return False
    if (path / IN_SPLIT).is_file() or is_voc(path) or is_yolo(path):
        return True
    return any(_path_has_boxes(part) for part in split_folders(path).values())


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
    if (is_voc(path) or is_yolo(path)) and _VOC_MASKS not in folders:
        return False  # what is beside the images are boxes
    if _side_by_side(folders) or (path / IN_SPLIT).is_file():
        return True
    splits = [entry for name, entry in folders.items() if name in SPLIT_NAMES]
    return any(_path_has_masks(split) for split in splits)


def _side_by_side(folders):
    return bool(set(folders) & set(IMAGE_FOLDERS)) and bool(set(folders) & set(MASK_FOLDERS))
