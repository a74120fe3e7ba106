"""Finding images and their boxes, whatever files hold them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._checks import check_choice
from dlzoo.data.box_marks import BoxListing, Marks
from dlzoo.data.box_tables import list_box_table
from dlzoo.data.coco_boxes import list_coco_boxes
from dlzoo.data.coco_files import IN_SPLIT
from dlzoo.data.folders import SPLIT_NAMES, split_folders
from dlzoo.data.tables import is_table
from dlzoo.data.voc import is_voc, list_voc
from dlzoo.data.yolo_text import YAML_FILES, is_yolo, list_yolo
from dlzoo.errors import DataError

FORMS = (
    "a folder as Pascal VOC, COCO or YOLO have it, a COCO .json, a YOLO data.yaml, a .csv, a "
    "list of (image, boxes, labels), a dict of splits, or 'tfds:NAME'"
)


def list_boxes(data: Any, names: Sequence[str] | None = None) -> BoxListing:
    """Any accepted form of data as a `BoxListing`.

    Args:
        data: See `open_boxes`.
        names: Of the classes, for data that have numbers only.
    """
    if isinstance(data, str) and data.startswith("tfds:"):
        from dlzoo._cache import cache_dir
        from dlzoo.data.box_tfds import export_box_tfds

        return _list_path(export_box_tfds(data, cache_dir() / "tfds-boxes"), names)
    if isinstance(data, str | os.PathLike):
        return _list_path(Path(data).expanduser(), names)
    if isinstance(data, Mapping):
        return _list_mapping(data, names)
    return BoxListing({"all": _checked_list(data)})


def _list_path(path, names):
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder.")
    if path.is_file():
        if path.suffix.lower() == ".json":
            return list_coco_boxes({"all": path})
        if is_table(path):
            return list_box_table(path)
        if path.name in YAML_FILES or path.suffix.lower() in (".yaml", ".yml"):
            return list_yolo(path, names)
        raise DataError(f"{path}: boxes are in {FORMS}; this is another file.")
    parts = split_folders(path)
    files = {split: part / IN_SPLIT for split, part in parts.items()}
    files = {split: file for split, file in files.items() if file.is_file()}
    if files:
        return list_coco_boxes(files)
    if (path / IN_SPLIT).is_file():
        return list_coco_boxes({"all": path / IN_SPLIT})
    if is_voc(path):
        return list_voc(path)
    xml = {split: part for split, part in parts.items() if is_voc(part)}
    if xml:
        return _joined({split: list_voc(part) for split, part in xml.items()})
    if is_yolo(path):
        return list_yolo(path, names)
    inside = ", ".join(sorted(p.name for p in path.iterdir())[:10]) or "nothing"
    raise DataError(f"{path}: boxes are in {FORMS}; in this folder there is {inside}.")


def _list_mapping(data, names):
    found = {}
    annotated = {}
    for name, part in data.items():
        check_choice("open_boxes", "each split name", name, SPLIT_NAMES)
        split = SPLIT_NAMES[name]
        if split in found or split in annotated:
            raise DataError(f"open_boxes: the split {split!r} is given twice.")
        if not isinstance(part, str | os.PathLike):
            found[split] = BoxListing({"all": _checked_list(part)})
        elif Path(part).suffix.lower() == ".json":
            annotated[split] = Path(part).expanduser()
        else:
            found[split] = _list_path(Path(part).expanduser(), names)
    if annotated and found:
        raise DataError("open_boxes: give every split as COCO .json, or none of them.")
    return list_coco_boxes(annotated) if annotated else _joined(found)


def _joined(listings):
    """Listings of one split each as one."""
    whole = BoxListing()
    for split, listing in listings.items():
        if set(listing.splits) != {"all"}:
            raise DataError(f"open_boxes: the data of split {split!r} are divided themselves.")
        if whole.classes is not None and listing.classes not in (None, whole.classes):
            raise DataError(f"open_boxes: the classes of split {split!r} are others.")
        whole.classes = whole.classes or listing.classes
        whole.numbered |= listing.numbered
        whole.splits[split] = listing.splits["all"]
        whole.notes += listing.notes
        whole.problems |= listing.problems
    return whole


def _checked_list(data) -> list[tuple[Path, Marks]]:
    """A list of (image, boxes, labels)."""
    if not isinstance(data, list | tuple):
        raise DataError(f"open_boxes: data must be {FORMS}; got {type(data).__name__}.")
    pairs = []
    for item in data:
        if not isinstance(item, list | tuple) or len(item) != 3:
            raise DataError(
                f"open_boxes: each entry of a list is (image, boxes, labels); got {item!r}."
            )
        image = Path(item[0]).expanduser()
        try:
            boxes = np.asarray(item[1], np.float64).reshape(-1, 4)
        except (TypeError, ValueError):
            raise DataError(
                f"{image}: boxes must be numbers (n, 4), x1, y1, x2, y2; got {item[1]!r}."
            ) from None
        labels = tuple(str(label) for label in item[2])
        if len(labels) != len(boxes):
            raise DataError(
                f"{image}: each box must have a label; got {len(boxes)} boxes and "
                f"{len(labels)} labels."
            )
        pairs.append((image, Marks(str(image), labels, boxes, (False,) * len(labels))))
    if not pairs:
        raise DataError("open_boxes: the list of images is empty.")
    return pairs
