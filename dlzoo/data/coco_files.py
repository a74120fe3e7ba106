"""COCO's annotation files: what those of masks and those of boxes have in common."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlzoo.errors import DataError

IN_SPLIT = "_annotations.coco.json"  # where Roboflow puts it in the folder of a split


def read_coco(path: Path) -> dict[str, Any]:
    """The content of a file.

    Raises:
        DataError: It is not COCO's, or annotations are for images or categories that it
            does not name.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error}).") from error
    lists = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(
        isinstance(content.get(name), list) for name in lists
    ):
        raise DataError(f"{path}: a COCO file has the lists {', '.join(lists)}.")
    if not content["images"]:
        raise DataError(f"{path}: it lists no images.")
    _check_rows(path, content)
    images = {row["id"] for row in content["images"]}
    categories = {row["id"] for row in content["categories"]}
    for row in content["annotations"]:
        image, category = row.get("image_id"), row.get("category_id")
        if image not in images or category not in categories:
            raise DataError(
                f"{path}: annotation {row.get('id')} is for image {image!r} and category "
                f"{category!r}; one of them is not in the file."
            )
    return content


def category_names(files: Mapping[Path, Mapping[str, Any]]) -> dict[Any, str]:
    """Id to name, which must be the same in all of the files."""
    names: dict[Any, str] = {}
    first = None
    for path, content in files.items():
        found = {row["id"]: row["name"] for row in content["categories"]}
        if first is not None and found != names:
            raise DataError(f"{path}: its categories differ from those of {first}.")
        first, names = path, found
    return names


def image_folder(path: Path, images: Sequence[Mapping[str, Any]]) -> Path:
    """Where the images are: beside the file, or as COCO lays them out."""
    split = path.stem.rpartition("_")[2]  # instances_val2017 -> val2017
    beside = (path.parent, path.parent.parent)
    places = [
        *(parent for parent in beside),
        *(parent / name for parent in beside for name in ("images", split, f"images/{split}")),
    ]
    for place in places:
        if (place / images[0]["file_name"]).is_file():
            return place
    return path.parent


def _check_rows(path, content):
    """What every row needs is there."""
    needed = {"images": ("id", "file_name"), "categories": ("id", "name"), "annotations": ()}
    for kind, names in needed.items():
        for place, row in enumerate(content[kind]):
            missing = [name for name in names if name not in row] if _is_dict(row) else names
            if missing or not _is_dict(row):
                raise DataError(
                    f"{path}: entry {place} of {kind} has no {' and no '.join(missing)}."
                    if missing
                    else f"{path}: entry {place} of {kind} is no object."
                )


def _is_dict(row):
    return isinstance(row, dict)
