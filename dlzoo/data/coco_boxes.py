"""COCO's annotation files as boxes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo.data.box_marks import BoxListing, Marks
from dlzoo.data.coco_files import category_names, image_folder, read_coco
from dlzoo.errors import DataError


def list_coco_boxes(files: Mapping[str, Path]) -> BoxListing:
    """Read one annotation file a split; classes are in the order of the categories' ids.

    Crowds (`iscrowd`) are ignored.

    Raises:
        DataError: A file that is not COCO's, or two that name different categories.
    """
    contents = {path: read_coco(path) for path in files.values()}
    names = category_names(contents)
    if len(set(names.values())) < len(names):
        raise DataError(f"{next(iter(contents))}: two categories have one name.")
    listing = BoxListing(classes=tuple(names[key] for key in sorted(names)))
    for split, path in files.items():
        listing.splits[split] = list(_pairs(path, contents[path], names))
    return listing


def _pairs(path, content, names):
    rows: dict[Any, list] = {row["id"]: [] for row in content["images"]}
    for row in content["annotations"]:
        rows[row["image_id"]].append(row)
    folder = image_folder(path, content["images"])
    for image in content["images"]:
        found = rows[image["id"]]
        source = f"{path}, image {image['file_name']}"
        yield (
            folder / image["file_name"],
            Marks(
                source,
                tuple(names[row["category_id"]] for row in found),
                np.array([_corners(source, row) for row in found]).reshape(-1, 4),
                tuple(bool(row.get("iscrowd")) for row in found),
                _size(image),
            ),
        )


def _corners(source, row):
    box = row.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise DataError(f"{source}: annotation {row.get('id')} has no bbox of four numbers.")
    try:
        x, y, width, height = map(float, box)
    except (TypeError, ValueError):
        raise DataError(
            f"{source}: the bbox of annotation {row.get('id')} must be four numbers; got {box}."
        ) from None
    return x, y, x + width, y + height


def _size(image):
    height, width = image.get("height"), image.get("width")
    return (int(height), int(width)) if height and width else None
