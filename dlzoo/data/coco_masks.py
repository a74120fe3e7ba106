"""COCO's annotation files as masks to be drawn."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlzoo.data.mask_codes import MAX_CLASSES, VOID
from dlzoo.data.polygons import Drawing, Shape
from dlzoo.errors import DataError

BACKGROUND = "background"


def list_coco(
    files: Mapping[str, Path],
) -> tuple[dict[str, list], dict[str, int], list[str]]:
    """Read one annotation file a split.

    Class 0 is the background, the categories follow in the order of their ids. Crowds
    (`iscrowd`) are void.

    Returns:
        The (image, drawing) pairs of each split, name to class number, and remarks.

    Raises:
        DataError: A file that is not COCO's, an image that is not there, or two files that
            name different categories.
    """
    splits, notes = {}, []
    names: dict[int, str] = {}
    first = None
    for split, path in files.items():
        content = _read(path)
        found = {row["id"]: row["name"] for row in content["categories"]}
        if first is not None and found != names:
            raise DataError(f"{path}: its categories differ from those of {first}.")
        first, names = path, found
        splits[split], without = _pairs(path, content, _numbers(path, names))
        if without:
            notes.append(f"{path}: {without} images have no object; they are all background.")
    classes = {BACKGROUND: 0}
    classes |= {names[key]: number for key, number in _numbers(first, names).items()}
    return splits, classes, notes


def _read(path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error}).") from error
    lists = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(
        isinstance(content.get(name), list) for name in lists
    ):
        raise DataError(f"{path}: a COCO file has the lists {', '.join(lists)}.")
    return content


def _numbers(path, names):
    """Id of a category to our class number."""
    if len(set(names.values()) | {BACKGROUND}) <= len(names):
        raise DataError(f"{path}: two categories have one name, or one is {BACKGROUND!r}.")
    if not 1 <= len(names) < MAX_CLASSES:
        raise DataError(
            f"{path}: there must be 1 to {MAX_CLASSES - 1} categories; got {len(names)}."
        )
    return {key: number for number, key in enumerate(sorted(names), 1)}


def _pairs(path, content, numbers):
    shapes: dict[Any, list[Shape]] = {row["id"]: [] for row in content["images"]}
    for row in content["annotations"]:
        image, category = row.get("image_id"), row.get("category_id")
        if image not in shapes or category not in numbers:
            raise DataError(
                f"{path}: annotation {row.get('id')} is for image {image!r} and category "
                f"{category!r}; one of them is not in the file."
            )
        number = VOID if row.get("iscrowd") else numbers[category]
        shapes[image].append(Shape(number, row.get("segmentation") or []))
    folder = _folder(path, content["images"])
    pairs = []
    for row in content["images"]:
        image = folder / row["file_name"]
        drawing = Drawing(
            f"{path}, image {row['file_name']}",
            (int(row["height"]), int(row["width"])),
            tuple(shapes[row["id"]]),
        )
        pairs.append((image, drawing))
    if not pairs:
        raise DataError(f"{path}: it lists no images.")
    return pairs, sum(not each for each in shapes.values())


def _folder(path, images):
    """Where the images are: beside the file, or as COCO lays them out."""
    split = path.stem.rpartition("_")[2]  # instances_val2017 -> val2017
    beside = (path.parent, path.parent.parent)
    places = [
        *(parent for parent in beside),
        *(parent / name for parent in beside for name in ("images", split, f"images/{split}")),
    ]
    for place in places:
        if images and (place / images[0]["file_name"]).is_file():
            return place
    return path.parent
