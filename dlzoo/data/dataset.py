"""Opening a set of labelled images, whatever form it has, checked before training."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._checks import check_choice
from dlzoo.data.audit import check_files, remove_bad, settle_duplicates
from dlzoo.data.chosen import check_known, choose_targets
from dlzoo.data.dividing import divide
from dlzoo.data.folders import (
    SPLIT_NAMES,
    Listing,
    list_classes,
    list_folder,
    natural_order,
)
from dlzoo.data.splits import FRACTIONS, SPLITS, check_fractions
from dlzoo.data.tables import is_table, read_table
from dlzoo.data.target_dataset import (
    TargetDataset,
    check_images,
    divide_table,
    has_one_class_column,
    listing_of,
)
from dlzoo.errors import DataError

_IMBALANCE = 5  # largest class / smallest class from which a note is written


@dataclass(frozen=True)
class Examples:
    """The images of one split: `labels[i]` (int64) is the class index of `paths[i]`."""

    paths: tuple[Path, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class ImageDataset:
    """Labelled images, divided.

    Attributes:
        classes: Names; a label is an index into them.
        splits: Examples by split: `"train"`, `"train_dev"`, `"dev"`, `"test"`.
        notes: What a person should know: files left out, duplicates, imbalance.
        fingerprint: The same for the same images, labels and division, anywhere.
    """

    classes: tuple[str, ...]
    splits: dict[str, Examples]
    notes: tuple[str, ...]
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the single files."""
        return {
            "classes": list(self.classes),
            "splits": {name: len(examples) for name, examples in self.splits.items()},
            "notes": list(self.notes),
            "fingerprint": self.fingerprint,
        }

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} {len(part)}" for name, part in self.splits.items())
        lines = [f"{len(self.classes)} classes; images: {sizes}", *self.notes]
        return "\n".join(lines)


def open_images(
    data: Any,
    *,
    targets: Any = None,
    fractions: Mapping[str, float] | None = None,
    seed: int = 0,
    on_bad_image: str = "error",
    on_duplicate: str = "error",
) -> ImageDataset | TargetDataset:
    """Find, check and divide labelled images.

    Args:
        data: One of
            - a folder with one folder of images for each class (nested folders count
              to the class);
            - a folder with `train` and any of `train_dev`, `dev` (or `val`, `valid`,
              `validation`) and `test`, each with class folders; the splits that are
              missing are taken from `train`;
            - a list of `(path, label)`;
            - a dict from split to such a list or to a folder of class folders;
            - `"tfds:NAME"`, `"tfds:NAME/CONFIG:VERSION"`: TensorFlow Datasets;
            - a `.csv` (or `.tsv`) with a header: a column `path`, `file`, `image` or
              `filename`, relative to the file; perhaps a column `split`; the others say
              what is known about each image (`dlzoo.data.read_table`).
        targets: Of a CSV: which columns, and as what (`dlzoo.data.choose_targets`).
        fractions: How to divide what is not divided: split -> fraction. Default: 0.70
            train, 0.05 train_dev, 0.10 dev, 0.15 test. Missing splits are taken from
            train in the same proportions; a split without a fraction is not made.
        seed: The same seed divides the same images in the same way.
        on_bad_image: `"error"` (all unusable files are listed) or `"skip"`.
        on_duplicate: What to do with files of equal content in two splits or under two
            labels: `"error"`, `"drop"` (the copy on the training side goes; all go if
            the labels disagree within a split) or `"keep"`. Copies within data that
            is still to be divided always go into the same split.

    Returns:
        An `ImageDataset`: one class an image. For a CSV that says other things, a
        `TargetDataset`.

    Raises:
        DataError: What is wrong with the data, with the names of files or classes.
    """
    fractions = check_opening("open_images", fractions, on_bad_image, on_duplicate)
    if is_table(data):
        chosen = choose_targets(read_table(data), targets)
        if not has_one_class_column(chosen):
            return divide_table(
                chosen,
                fractions=fractions,
                seed=seed,
                on_bad_image=on_bad_image,
                on_duplicate=on_duplicate,
            )
        check_known(chosen, chosen.table.splits)
        listing = listing_of(chosen, chosen.answer)
        files = check_images(chosen.table)
    elif targets is not None:
        raise ValueError(f"open_images: targets are for a .csv file; got data={data!r}.")
    else:
        listing = gather_labelled("open_images", data)
        files = check_files([path for part in listing.splits.values() for path, _ in part])
    remove_bad(listing, files, on_bad_image)
    settle_duplicates(listing, files, on_duplicate)
    classes = _check_classes(listing)
    divide(listing, files, fractions, seed)
    index = {name: number for number, name in enumerate(classes)}
    splits = {
        name: Examples(
            tuple(path for path, _ in listing.splits[name]),
            np.array([index[label] for _, label in listing.splits[name]], dtype=np.int64),
        )
        for name in SPLITS
        if name in listing.splits
    }
    fingerprint = _fingerprint(classes, splits, files)
    return ImageDataset(tuple(classes), splits, tuple(listing.notes), fingerprint)


def check_opening(
    who: str, fractions: Mapping[str, float] | None, on_bad_image: str, on_duplicate: str
) -> dict[str, float]:
    """The choices that all kinds of data have; split to fraction, as given or the usual."""
    check_choice(who, "on_bad_image", on_bad_image, ("error", "skip"))
    check_choice(who, "on_duplicate", on_duplicate, ("error", "drop", "keep"))
    if fractions is None:
        return dict(FRACTIONS)
    for name in fractions:
        check_choice(who, "each key of fractions", name, SPLITS)
    check_fractions(fractions)
    if "train" not in fractions:
        raise ValueError(f"fractions must have 'train'; got {dict(fractions)}.")
    return dict(fractions)


def gather_labelled(who: str, data: Any) -> Listing:
    """Any form of data that `open_images` takes, except tables, as it is; errors of `who`."""
    if isinstance(data, str) and data.startswith("tfds:"):
        from dlzoo._cache import cache_dir
        from dlzoo.data.tfds import export_tfds

        return list_folder(export_tfds(data, cache_dir() / "tfds"))
    if isinstance(data, str | os.PathLike):
        return list_folder(Path(data).expanduser())
    if isinstance(data, Mapping):
        return _gather_mapping(who, data)
    return Listing({"all": _check_pairs(who, data)})


def _gather_mapping(who, data):
    listing = Listing()
    for name, part in data.items():
        check_choice(who, "each split name", name, SPLIT_NAMES)
        split = SPLIT_NAMES[name]
        if split in listing.splits:
            raise DataError(f"{who}: the split {split!r} is given twice.")
        if isinstance(part, str | os.PathLike):
            folder = Path(part).expanduser()
            if not folder.is_dir():
                raise DataError(f"{folder}: there is no such folder (split {name!r}).")
            listing.splits[split], notes = list_classes(folder)
            listing.notes.extend(notes)
        else:
            listing.splits[split] = _check_pairs(who, part)
    return listing


def _check_pairs(who, data):
    """A list of (path, label) as (Path, str) pairs."""
    if not isinstance(data, list | tuple):
        raise DataError(
            f"{who}: data must be a folder, a list of (path, label), a dict of "
            f"splits, or 'tfds:NAME'; got {type(data).__name__}."
        )
    pairs = []
    for item in data:
        if not isinstance(item, list | tuple) or len(item) != 2:
            raise DataError(f"{who}: each entry of a list is (path, label); got {item!r}.")
        pairs.append((Path(item[0]).expanduser(), str(item[1])))
    if not pairs:
        raise DataError(f"{who}: the list of images is empty.")
    return pairs


def _check_classes(listing):
    """Names of the classes in order; the same in every split, and at least two."""
    by_split = {s: {label for _, label in part} for s, part in listing.splits.items()}
    if "all" not in by_split and "train" not in by_split:
        raise DataError(
            f"open_images: there are no training images, only {', '.join(by_split)}."
        )
    first = "all" if "all" in by_split else "train"
    for split, names in by_split.items():
        if names != by_split[first]:
            raise DataError(_different_classes(first, by_split[first], split, names))
    classes = natural_order(by_split[first])
    if len(classes) < 2:
        raise DataError(
            f"open_images: there is only one class, {classes[0]!r}; a classifier needs "
            f"at least two. Is the folder given the one that holds the class folders?"
        )
    counts = dict.fromkeys(classes, 0)
    for _, label in listing.splits[first]:
        counts[label] += 1
    least, most = (
        min(counts, key=counts.__getitem__),
        max(counts, key=counts.__getitem__),
    )
    if counts[most] >= _IMBALANCE * counts[least]:
        listing.notes.append(
            f"The classes are unequal: {most!r} has {counts[most]} images, {least!r} "
            f"{counts[least]}. Accuracy hides errors on rare classes: look at each "
            f"class's recall, or train with class weights."
        )
    return classes


def _different_classes(first, expected, split, names):
    parts = [f"the classes of {first} and {split} differ."]
    if expected - names:
        parts.append(f"Only in {first}: {', '.join(natural_order(expected - names))}.")
    if names - expected:
        parts.append(f"Only in {split}: {', '.join(natural_order(names - expected))}.")
    return " ".join(parts)


def _fingerprint(classes, splits, files):
    """A hash of the images' contents, their labels, order and division."""
    digest = hashlib.sha256(repr(classes).encode())
    for name, examples in splits.items():
        digest.update(f"\n{name}\n".encode())
        for path, label in zip(examples.paths, examples.labels, strict=True):
            digest.update(f"{files[path].digest} {label}\n".encode())
    return digest.hexdigest()
