"""Images with several things to learn about each, from a CSV, checked and divided."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo.data.audit import FileCheck, check_files, remove_bad, settle_duplicates
from dlzoo.data.chosen import Chosen, check_known
from dlzoo.data.dividing import divide, strata
from dlzoo.data.folders import Listing
from dlzoo.data.splits import SPLITS
from dlzoo.data.tables import Table
from dlzoo.data.targets import Target
from dlzoo.errors import DataError


@dataclass(frozen=True)
class TargetExamples:
    """The images of one split: `values[name][i]` is what is known about `paths[i]`."""

    paths: tuple[Path, ...]
    values: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class TargetDataset:
    """Images and their targets, divided; like `ImageDataset`, which has one of classes.

    Attributes:
        targets: What is to be learnt.
        splits: Examples by split: `"train"`, `"train_dev"`, `"dev"`, `"test"`.
        notes: What was decided about the columns, files left out, duplicates.
        fingerprint: The same for the same images, values and division, anywhere.
    """

    targets: tuple[Target, ...]
    splits: dict[str, TargetExamples]
    notes: tuple[str, ...]
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the single files."""
        return {
            "targets": [target.to_dict() for target in self.targets],
            "splits": {name: len(examples) for name, examples in self.splits.items()},
            "notes": list(self.notes),
            "fingerprint": self.fingerprint,
        }

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} {len(part)}" for name, part in self.splits.items())
        names = ", ".join(f"{target.name} ({target.kind})" for target in self.targets)
        return "\n".join([f"{names}; images: {sizes}", *self.notes])


def has_one_class_column(chosen: Chosen) -> bool:
    """Whether the table says what folders of classes would say."""
    return [target.kind for target in chosen.targets] == ["multiclass"]


def listing_of(chosen: Chosen, label) -> Listing:
    """The rows as (path, label) by split.

    Args:
        chosen: The table.
        label: From the number of a row to its label.
    """
    listing = Listing(notes=list(chosen.notes))
    rows = zip(chosen.table.images, chosen.table.splits, strict=True)
    for row, (path, split) in enumerate(rows):
        listing.splits.setdefault(split, []).append((path, label(row)))
    return listing


def check_images(table: Table) -> dict[Path, FileCheck]:
    """`check_files` whose complaints name the line of the table."""
    files = check_files(list(table.images))
    for path, line in zip(table.images, table.lines, strict=True):
        if files[path].problem:
            files[path] = FileCheck("", f"line {line}: {files[path].problem}")
    return files


def divide_table(
    chosen: Chosen,
    *,
    fractions: Mapping[str, float],
    seed: int,
    on_bad_image: str,
    on_duplicate: str,
) -> TargetDataset:
    """Check the images of a table and divide it.

    Splits that the table does not name are made so that each has its share of the
    classes, by all columns that have classes or labels as far as there are enough
    images; else at random.
    """
    if not {"all", "train"} & set(chosen.table.splits):
        raise DataError(f"{chosen.table.path}: there are no training images.")
    files = check_images(chosen.table)
    listing = listing_of(chosen, lambda row: "any target")
    remove_bad(listing, files, on_bad_image)
    chosen = _kept(chosen, listing)
    listing = listing_of(chosen, chosen.describe)
    settle_duplicates(listing, files, on_duplicate)
    chosen = _kept(chosen, listing)
    parts = len(set(fractions) - (set(listing.splits) - {"all", "train"}))
    keys = _keys(chosen)
    names = strata(keys, [files[path].digest for path in chosen.table.images], parts)
    listing = listing_of(chosen, names.__getitem__)
    divide(listing, files, fractions, seed)
    return _finish(chosen, listing, files)


def _kept(chosen, listing):
    """The rows that are still in the listing, with its notes."""
    left = {path for pairs in listing.splits.values() for path, _ in pairs}
    rows = [row for row, path in enumerate(chosen.table.images) if path in left]
    return replace(chosen.keep(rows), notes=tuple(listing.notes))


def _keys(chosen):
    """What each row is divided by: its answer to each target that has answers."""
    keys = []
    for target in chosen.targets:
        values = chosen.values[target.name]
        if target.kind in ("binary", "multiclass"):
            keys.append([None if np.isnan(value) else int(value) for value in values])
        elif target.kind == "multilabel":
            keys.append(_rarest(values))
    return list(zip(*keys, strict=True)) if keys else [()] * len(chosen.table.images)


def _rarest(values):
    """The rarest of the labels of each row: to divide by it keeps the others in order."""
    counts = np.nansum(values, axis=0)
    held = np.where(values == 1, counts, np.inf)
    rarest = held.argmin(axis=1)
    none = ~np.isfinite(held.min(axis=1))
    return [None if empty else int(label) for label, empty in zip(rarest, none, strict=True)]


def _finish(chosen, listing, files):
    row_of = {path: row for row, path in enumerate(chosen.table.images)}
    split_of = [""] * len(row_of)
    splits = {}
    digest = hashlib.sha256(repr(chosen.targets).encode())
    for name in SPLITS:
        paths = tuple(path for path, _ in listing.splits.get(name, ()))
        if not paths:
            continue
        rows = [row_of[path] for path in paths]
        values = {key: column[rows] for key, column in chosen.values.items()}
        splits[name] = TargetExamples(paths, values)
        for row in rows:
            split_of[row] = name
        digest.update(f"\n{name}\n{[files[path].digest for path in paths]}".encode())
        for column in values.values():
            digest.update(np.ascontiguousarray(column).tobytes())
    notes = (*listing.notes, *_imbalances(chosen), *check_known(chosen, split_of))
    return TargetDataset(chosen.targets, splits, notes, digest.hexdigest())


def _imbalances(chosen, ratio=5):
    """A word for each column whose answers are very unequal."""
    for target in chosen.targets:
        if target.kind not in ("binary", "multiclass"):
            continue
        values = chosen.values[target.name]
        counts = Counter(int(value) for value in values[~np.isnan(values)])
        (most, many), (least, few) = counts.most_common()[0], counts.most_common()[-1]
        if many >= ratio * few:
            yield (
                f"The answers of {target.name!r} are unequal: {target.labels[most]!r} is "
                f"there {many} times, {target.labels[least]!r} {few}. Accuracy hides errors "
                f"on rare ones: look at recall."
            )
