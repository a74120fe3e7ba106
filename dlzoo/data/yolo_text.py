"""YOLO's text files: a line `class x y width height` an object, in parts of the image."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dlzoo.data.box_marks import BoxListing, Marks
from dlzoo.data.folders import check_folder, files_by_stem, split_folders
from dlzoo.data.images import SUFFIXES
from dlzoo.data.plain_yaml import read_plain_yaml
from dlzoo.errors import DataError

NAME_FILES = ("classes.txt", "obj.names", "_darknet.labels")
YAML_FILES = ("data.yaml", "data.yml", "dataset.yaml")
_SPLIT_KEYS = {"train": "train", "val": "dev", "valid": "dev", "test": "test"}


def read_yolo(path: Path, names: Sequence[str] | None = None) -> Marks:
    """Read the objects of one image; a file that is not there or is empty means none.

    A line of more numbers is an outline, `class x1 y1 x2 y2 ...`: the box around it is taken.

    Args:
        path: Of the text file.
        names: Of the classes; None leaves their numbers.

    Raises:
        DataError: A line is none, or its class has no name; the message has the line.
    """
    if not path.is_file():
        return Marks(str(path), relative=True)
    labels, boxes = [], []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a text file ({error}).") from error
    for place, line in enumerate(lines, 1):
        if not line.strip():
            continue
        number, box = _parsed(f"{path}, line {place}", line)
        if names is not None and number >= len(names):
            raise DataError(
                f"{path}, line {place}: class {number} has no name; there are {len(names)}: "
                f"{', '.join(names[:20])}."
            )
        labels.append(str(number) if names is None else names[number])
        boxes.append(box)
    corners = np.array(boxes, np.float64).reshape(-1, 4)
    return Marks(str(path), tuple(labels), corners, (False,) * len(labels), relative=True)


def yolo_file(root: Path) -> Path | None:
    """The `data.yaml` of a folder, if it has one."""
    return next((root / name for name in YAML_FILES if (root / name).is_file()), None)


def is_yolo(root: Path) -> bool:
    """Whether a folder holds images and such text files."""
    if yolo_file(root):
        return True
    places = [root / "labels", *(part / "labels" for part in split_folders(root).values())]
    if any(_has_boxes(place) for place in places):
        return True
    return any((root / name).is_file() for name in NAME_FILES) and _has_boxes(root)


def list_yolo(root: Path, names: Sequence[str] | None = None) -> BoxListing:
    """A folder, or its `data.yaml`.

    The text file of `images/train/a.jpg` is `labels/train/a.txt`, that of another image is
    beside it.

    Args:
        root: The folder or the file.
        names: Of the classes, where the data do not say them.
    """
    file = root if root.is_file() else yolo_file(root)
    if file is not None:
        content = read_plain_yaml(file)
        names = _names(file, content) if "names" in content else names
        places = _stated(file, content)
        root = file.parent
    else:
        names = _read_names(root) or names
        places = _splits(root)
    listing = BoxListing(classes=tuple(names) if names else None, numbered=names is None)
    without = 0
    for split, place in places.items():
        images = _images(place)
        if not images:
            raise DataError(f"{place}: there are no images (split {split!r}).")
        listing.splits[split] = []
        for image in images:
            text = _text_of(image)
            without += not text.is_file()
            try:
                listing.splits[split].append((image, read_yolo(text, names)))
            except DataError as error:
                listing.problems[text] = str(error)
    if without:
        listing.notes.append(f"{root}: {without} images have no text file: no object on them.")
    return listing


def _parsed(where, line):
    """Class number and corners of one line."""
    try:
        number, *values = (float(part) for part in line.split())
    except ValueError:
        number, values = -1.0, []
    if number < 0 or number % 1 or len(values) < 4 or (len(values) > 4 and len(values) % 2):
        raise DataError(
            f"{where}: a line is 'class x y width height', the class a whole number from 0; "
            f"got {line.strip()[:60]!r}."
        )
    if len(values) > 4:
        return int(number), (*_ends(min, values), *_ends(max, values))
    x, y, width, height = values
    return int(number), (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _ends(which, values):
    return which(values[::2]), which(values[1::2])


def _has_boxes(folder):
    """Whether there is a text file whose first line is an object."""
    for path in sorted(folder.rglob("*.txt"))[:20] if folder.is_dir() else ():
        if path.name in NAME_FILES:
            continue
        first = path.read_text(encoding="utf-8", errors="replace").strip().split("\n")[0]
        if re.fullmatch(r"\d+(\s+[-+.\deE]+){4,}\s*", first):
            return True
    return False


def _read_names(root):
    path = next((root / name for name in NAME_FILES if (root / name).is_file()), None)
    if path is None:
        return None
    names = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    names = [name for name in names if name]
    _check_names(path, names)
    return names


def _names(file, content):
    names = content["names"]
    if isinstance(names, Mapping):
        try:
            numbers = {int(key): name for key, name in names.items()}
        except ValueError:
            numbers = {}
        if sorted(numbers) != list(range(len(names))):
            raise DataError(f"{file}: names must be numbered from 0; got {list(names)[:20]}.")
        names = [numbers[number] for number in range(len(numbers))]
    if not isinstance(names, list):
        raise DataError(f"{file}: names must be a list of the classes; got {names!r}.")
    _check_names(file, names)
    return names


def _check_names(path, names):
    if not names or len(set(names)) < len(names):
        raise DataError(f"{path}: it must name each class once; got {names[:20]}.")


def _stated(file, content):
    """Split to its place, as `data.yaml` has it."""
    base = file.parent / str(content.get("path") or "")
    places = {}
    for key, split in _SPLIT_KEYS.items():
        value = content.get(key)
        if not value:
            continue
        if not isinstance(value, str):
            raise DataError(f"{file}: {key} must be one folder or list; got {value!r}.")
        # many were written for a folder beside that of the file
        inside = value.removeprefix("../")
        tried = [base / value, base / inside, file.parent / value, file.parent / inside]
        found = next((place for place in tried if place.exists()), None)
        if found is None:
            raise DataError(f"{file}: there is no {tried[0]} for {key!r}.")
        places[split] = found
    if not places:
        raise DataError(f"{file}: it names no train, val or test.")
    return places


def _splits(root):
    """Split to its folder of images, by the names of folders."""
    for images in (root / "images", root):
        if images.is_dir() and (parts := split_folders(images)):
            inside = {split: part / "images" for split, part in parts.items()}
            return {s: i if i.is_dir() else parts[s] for s, i in inside.items()}
    return {"all": root / "images" if (root / "images").is_dir() else root}


def _images(place):
    """A folder's images, or those that a list names."""
    if place.is_file():
        lines = place.read_text(encoding="utf-8-sig").splitlines()
        names = [line.strip() for line in lines if line.strip()]
        return [_listed(place, name) for name in names]
    check_folder(place)
    return list(files_by_stem(place, SUFFIXES).values())


def _listed(place, name):
    """A path in a list is relative to the list, or to a folder above it."""
    tried = [folder / name for folder in (place.parent, *place.parents)]
    return next((path for path in tried if path.is_file()), tried[0])


def _text_of(image):
    parts = list(image.parts)
    if "images" in parts[:-1]:
        place = len(parts) - 2 - parts[:-1][::-1].index("images")
        parts[place] = "labels"
        return Path(*parts).with_suffix(".txt")
    return image.with_suffix(".txt")
