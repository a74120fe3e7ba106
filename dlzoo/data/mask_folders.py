"""Finding images and their masks: folders side by side, lists of pairs, COCO files."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlzoo._checks import check_choice
from dlzoo.data.coco_files import IN_SPLIT
from dlzoo.data.folders import (
    SPLIT_NAMES,
    check_folder,
    files_by_stem,
    natural_order,
    split_folders,
)
from dlzoo.data.images import SUFFIXES
from dlzoo.data.polygons import Drawing
from dlzoo.errors import DataError

IMAGE_FOLDERS = ("images", "image", "imgs", "jpegimages")
MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "segmentationclass")
MASK_SUFFIXES = (*SUFFIXES, ".tif", ".tiff")
# What data sets write after the name of the image.
_ENDINGS = ("", "_mask", "_masks", "_label", "_labels", "_gt", "_seg", "_L")

MaskSource = Path | Drawing


@dataclass
class PairListing:
    """What was found.

    Attributes:
        splits: (image, mask) of each split; `"all"`: not divided yet.
        notes: Remarks.
        problems: File to what is wrong with it: an image without a mask or the reverse.
        root: The folder where files of class names are looked for, if there is one.
        classes: Name to value, where the data themselves name them.
    """

    splits: dict[str, list[tuple[Path, MaskSource]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: dict[Path, str] = field(default_factory=dict)
    root: Path | None = None
    classes: dict[str, int] | None = None


def list_pairs(data: Any) -> PairListing:
    """Any accepted form of data as a `PairListing`."""
    if isinstance(data, str) and data.startswith("tfds:"):
        from dlzoo._cache import cache_dir
        from dlzoo.data.mask_tfds import export_mask_tfds

        return _list_root(export_mask_tfds(data, cache_dir() / "tfds-masks"))
    if isinstance(data, str | os.PathLike):
        path = Path(data).expanduser()
        if path.suffix.lower() == ".json":
            return _coco({"all": path})
        return _list_root(path)
    if isinstance(data, Mapping):
        return _list_mapping(data)
    return PairListing({"all": _checked_pairs(data)})


def _list_root(root):
    if not root.exists():
        raise DataError(f"{root}: there is no such folder.")
    if not root.is_dir():
        raise DataError(
            f"{root}: this is a file. Give a folder with images/ and masks/, a COCO .json, "
            f"a list of (image, mask), or 'tfds:NAME'."
        )
    listing = PairListing(root=root)
    files = {s: f / IN_SPLIT for s, f in split_folders(root).items()}
    files = {split: path for split, path in files.items() if path.is_file()}
    if files:
        return _coco(files, root)
    images, masks = _beside(root)
    if images and masks:
        folders = split_folders(images)
        if not folders:
            _add(listing, "all", images, masks)
        for split, folder in folders.items():
            _add(listing, split, folder, masks / folder.name)
        return listing
    for split, folder in split_folders(root).items():
        images, masks = _beside(folder)
        if not (images and masks):
            raise DataError(_not_beside(folder))
        _add(listing, split, images, masks)
    if not listing.splits:
        raise DataError(_not_beside(root))
    return listing


def _list_mapping(data):
    listing = PairListing()
    annotated = {}
    for name, part in data.items():
        check_choice("open_masks", "each split name", name, SPLIT_NAMES)
        split = SPLIT_NAMES[name]
        if split in listing.splits or split in annotated:
            raise DataError(f"open_masks: the split {split!r} is given twice.")
        if isinstance(part, str | os.PathLike):
            path = Path(part).expanduser()
            if path.suffix.lower() == ".json":
                annotated[split] = path
                continue
            images, masks = _beside(path)
            if not (images and masks):
                raise DataError(_not_beside(path))
            _add(listing, split, images, masks)
        elif _is_two_folders(part):
            _add(listing, split, *(Path(folder).expanduser() for folder in part))
        else:
            listing.splits[split] = _checked_pairs(part)
    if annotated and listing.splits:
        raise DataError("open_masks: give every split as COCO .json, or none of them.")
    return _coco(annotated) if annotated else listing


def _coco(files, root=None):
    from dlzoo.data.coco_masks import list_coco

    splits, classes, notes = list_coco(files)
    return PairListing(splits, notes, {}, root, classes)


def _beside(folder):
    """The folders of images and of masks in a folder, or None for each."""
    check_folder(folder)
    inside = {p.name.lower(): p for p in folder.iterdir() if p.is_dir()}
    return (
        next((inside[name] for name in IMAGE_FOLDERS if name in inside), None),
        next((inside[name] for name in MASK_FOLDERS if name in inside), None),
    )


def _add(listing, split, images, masks):
    """Pair the files of two folders by their names."""
    pictures = files_by_stem(images, SUFFIXES)
    targets = files_by_stem(masks, MASK_SUFFIXES)
    pairs, left = [], dict(targets)
    for key, image in pictures.items():
        mask_key = next((key + e for e in _ENDINGS if key + e in targets), None)
        if mask_key is None:
            listing.problems[image] = f"{image}: there is no mask {masks / key}.png."
        else:
            pairs.append((image, targets[mask_key]))
            left.pop(mask_key, None)
    if not pairs:
        example = next(iter(pictures.values()), images / "a.jpg")
        raise DataError(
            f"{images}: none of its {len(pictures)} images has a mask in {masks}, which "
            f"holds {len(targets)} files. A mask has the name of its image: "
            f"{example.name} needs {example.stem}.png."
        )
    for mask in left.values():
        listing.problems[mask] = f"{mask}: there is no image for this mask in {images}."
    listing.splits[split] = pairs


def _is_two_folders(part):
    return (
        isinstance(part, tuple)
        and len(part) == 2
        and all(
            isinstance(p, str | os.PathLike) and Path(p).expanduser().is_dir() for p in part
        )
    )


def _checked_pairs(data: Iterable) -> list[tuple[Path, MaskSource]]:
    """A list of (image, mask) as paths."""
    if not isinstance(data, list | tuple):
        raise DataError(
            f"open_masks: data must be a folder with images/ and masks/, a COCO .json, a "
            f"list of (image, mask), a dict of splits, or 'tfds:NAME'; got "
            f"{type(data).__name__}."
        )
    pairs: list[tuple[Path, MaskSource]] = []
    for item in data:
        if not isinstance(item, list | tuple) or len(item) != 2:
            raise DataError(f"open_masks: each entry of a list is (image, mask); got {item!r}.")
        pairs.append((Path(item[0]).expanduser(), Path(item[1]).expanduser()))
    if not pairs:
        raise DataError("open_masks: the list of images is empty.")
    if len({image for image, _ in pairs}) < len(pairs):
        raise DataError("open_masks: an image is in the list twice.")
    return pairs


def _not_beside(folder):
    inside = ", ".join(natural_order(p.name for p in folder.iterdir())[:10]) or "nothing"
    return (
        f"{folder}: expected images/ and masks/ in it (or train/images/ and train/masks/ "
        f"...); there is {inside}."
    )
