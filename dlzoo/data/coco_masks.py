"""COCO's annotation files as masks to be drawn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlzoo.data.coco_files import category_names, image_folder, read_coco
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
    contents = {path: read_coco(path) for path in files.values()}
    names = category_names(contents)
    first = next(iter(contents))
    numbers = _numbers(first, names)
    for split, path in files.items():
        splits[split], without = _pairs(path, contents[path], numbers)
        if without:
            notes.append(f"{path}: {without} images have no object; they are all background.")
    classes = {BACKGROUND: 0}
    classes |= {names[key]: number for key, number in numbers.items()}
    return splits, classes, notes


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
        number = VOID if row.get("iscrowd") else numbers[row["category_id"]]
        shapes[row["image_id"]].append(Shape(number, row.get("segmentation") or []))
    folder = image_folder(path, content["images"])
    pairs = []
    for row in content["images"]:
        image = folder / row["file_name"]
        drawing = Drawing(
            f"{path}, image {row['file_name']}",
            (int(row["height"]), int(row["width"])),
            tuple(shapes[row["id"]]),
        )
        pairs.append((image, drawing))
    return pairs, sum(not each for each in shapes.values())
