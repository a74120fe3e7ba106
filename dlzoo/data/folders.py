"""Finding images: `<folder>/<class>/...` or `<folder>/<split>/<class>/...`."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlzoo.data.images import SUFFIXES
from dlzoo.errors import DataError

SPLIT_NAMES = {  # folder name in lower case -> split
    "train": "train",
    "train_dev": "train_dev",
    "dev": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "test": "test",
}
_SYSTEM_FILES = ("thumbs.db", "desktop.ini")


@dataclass
class Listing:
    """What was found: (path, class) pairs of each split, and remarks.

    The key `"all"` stands for images that are not divided yet.
    """

    splits: dict[str, list[tuple[Path, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort as people do: numbers by value.

    Example:
        >>> natural_order(["10", "9", "b", "a2", "a10"])
        ['9', '10', 'a2', 'a10', 'b']
    """
    return sorted(names, key=_natural_key)


def list_folder(folder: Path) -> Listing:
    """List a folder of class folders, or of split folders with class folders inside."""
    if not folder.exists():
        raise DataError(f"{folder}: there is no such folder.")
    if not folder.is_dir():
        raise DataError(
            f"{folder}: this is a file. Give a folder with one folder of images for "
            f"each class, a list of (path, label), or 'tfds:NAME'."
        )
    inside = _subfolders(folder)
    if not _has_splits(inside):
        pairs, notes = list_classes(folder)
        return Listing({"all": pairs}, notes)
    listing = Listing()
    for child in inside:
        split = SPLIT_NAMES.get(child.name.lower())
        if split is None:
            listing.notes.append(f"{child} is not one of the split folders: left out.")
            continue
        if split in listing.splits:
            raise DataError(_two_mean(folder, split))
        listing.splits[split], notes = list_classes(child)
        listing.notes.extend(notes)
    return listing


def list_classes(folder: Path) -> tuple[list[tuple[Path, str]], list[str]]:
    """All images of a folder of class folders as (path, class), and remarks."""
    pairs: list[tuple[Path, str]] = []
    others: dict[str, int] = {}
    empty = []
    for child in _subfolders(folder):
        images = _images_below(child, others)
        pairs += [(path, child.name) for path in images]
        if not images:
            empty.append(child.name)
    loose = [p for p in folder.iterdir() if p.is_file() and _is_image(p.name)]
    if not pairs:
        raise DataError(_no_images(folder, loose, others))
    if empty:
        raise DataError(
            f"{folder}: no images in the class folders {', '.join(empty)}. "
            f"Put images there or delete the folders."
        )
    notes = [f"{folder}: {_others(others)}: left out, not images."] if others else []
    if loose:
        notes.append(f"{folder}: {len(loose)} images are in no class folder: left out.")
    return pairs, notes


def check_folder(folder: Path) -> None:
    """`folder` must be one."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder.")


def split_folders(folder: Path) -> dict[str, Path]:
    """Split to the folder in `folder` that is named as it, each split once."""
    found: dict[str, Path] = {}
    for name in natural_order(p.name for p in folder.iterdir() if p.is_dir()):
        split = SPLIT_NAMES.get(name.lower())
        if split is None:
            continue
        if split in found:
            raise DataError(_two_mean(folder, split))
        found[split] = folder / name
    return found


def files_by_stem(folder: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    """Name without suffix, relative to the folder, to path; in natural order."""
    check_folder(folder)
    found: dict[str, Path] = {}
    paths = (p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in suffixes)
    by_name = {path.relative_to(folder).as_posix(): path for path in paths}
    for name in natural_order(by_name):
        if any(part.startswith(".") for part in name.split("/")):
            continue
        key = name[: -len(by_name[name].suffix)]
        if key in found:
            raise DataError(
                f"{by_name[name]}: {found[key].name} has the same name, so it is not clear "
                f"what belongs together. Rename one of them."
            )
        found[key] = by_name[name]
    return found


def _two_mean(folder, split):
    return (
        f"{folder}: two folders mean the split {split!r} (dev, val, valid and validation are "
        f"the same). Keep one of them."
    )


def _natural_key(name):
    parts = re.split(r"(\d+)", name)
    numbers = [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p]
    return numbers, name  # the name itself decides between "1" and "01"


def _subfolders(folder):
    names = natural_order(p.name for p in folder.iterdir() if p.is_dir())
    return [folder / name for name in names if not name.startswith(".")]


def _has_splits(folders):
    """Whether there is a `train` folder with class folders in it.

    A class may be called "train": its folder has images and no folders.
    """
    return any(
        SPLIT_NAMES.get(folder.name.lower()) == "train"
        and _subfolders(folder)
        and not any(_is_image(p.name) for p in folder.iterdir() if p.is_file())
        for folder in folders
    )


def _images_below(folder, others):
    """The images in a class folder and its subfolders; count other files by suffix."""
    found, seen = [], set()
    for place, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in seen:  # a link back up: do not go round
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = natural_order(f for f in folders if not f.startswith("."))
        for name in natural_order(files):
            if _is_image(name):
                found.append(Path(place, name))
            elif not name.startswith(".") and name.lower() not in _SYSTEM_FILES:
                suffix = Path(name).suffix.lower() or "without suffix"
                others[suffix] = others.get(suffix, 0) + 1
    return found


def _is_image(name):
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _others(others):
    return ", ".join(f"{count} files {suffix}" for suffix, count in others.items())


def _no_images(folder, loose, others):
    if loose:
        return (
            f"{folder}: {len(loose)} images, but no class folders. Make one folder for "
            f"each class and move its images there."
        )
    found = f" There are {_others(others)}." if others else ""
    return (
        f"{folder}: no images found. Expected one folder for each class, with images "
        f"({', '.join(SUFFIXES)}) inside.{found}"
    )
