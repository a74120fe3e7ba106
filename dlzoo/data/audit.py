"""Looking at every file before training: is it an image, and is it there twice?"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dlzoo._progress import track
from dlzoo.data.folders import Listing
from dlzoo.data.images import check_image, read_image
from dlzoo.data.splits import SPLITS
from dlzoo.errors import DataError


@dataclass(frozen=True)
class FileCheck:
    """The hash of a file's content, and why it cannot be used (empty: it can)."""

    digest: str
    problem: str


def check_files(paths: list[Path]) -> dict[Path, FileCheck]:
    """Hash and decode every file, in parallel."""
    unique = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = pool.map(_check_file, unique)
        return dict(zip(unique, track(checks, "Checking images", len(unique)), strict=True))


def remove_bad(listing: Listing, checks: dict[Path, FileCheck], on_bad: str) -> None:
    """Raise a `DataError` listing the unusable files, or take them out and say so."""
    bad = [check.problem for check in checks.values() if check.problem]
    if not bad:
        return
    if on_bad == "error":
        raise DataError(
            f"{_images(len(bad))} cannot be used:\n{lines(bad)}\n"
            f'Remove or repair them, or pass on_bad_image="skip" to leave them out.'
        )
    for split, pairs in listing.splits.items():
        good = [pair for pair in pairs if not checks[pair[0]].problem]
        lost = {label for _, label in pairs} - {label for _, label in good}
        if lost:
            raise DataError(
                f"no usable image is left in {_of(split)} for "
                f"{', '.join(sorted(lost))}:\n{lines(bad)}"
            )
        listing.splits[split] = good
    listing.notes.append(f"{_images(len(bad))} left out as unusable:\n{lines(bad)}")


def settle_duplicates(
    listing: Listing, checks: dict[Path, FileCheck], on_duplicate: str
) -> None:
    """Deal with files of equal content: across splits, under two labels, or twice.

    A copy in train of a test image makes the test too kind, and two labels on one image
    cannot both be right; a second copy in the same split does little harm.
    """
    copies = _copies(listing, checks)
    across = [c for c in copies if _differ(split for split, _, _ in c)]
    disputed = [c for c in copies if _differ(label for _, _, label in c)]
    harmful = {c[0] for c in across + disputed}
    twice = [c for c in copies if c[0] not in harmful]
    if on_duplicate == "error":
        _refuse(across, "the same image is in two splits")
        _refuse(disputed, "the same image has two labels")
    elif on_duplicate == "drop":
        _drop(listing, across, disputed)
    for found, what in (
        (across, "in two splits"),
        (disputed, "under two labels"),
        (twice, "more than once in the same split"),
    ):
        if found:
            done = "kept" if on_duplicate == "keep" or found is twice else "copies dropped"
            listing.notes.append(
                f"{_images(len(found))} {what} ({done}):\n"
                f"{lines(map(_describe, found), shown=3)}"
            )


def lines(items: Iterable[str], shown: int = 20) -> str:
    """One a line, and how many more there are."""
    items = list(items)
    more = [f"  ... and {len(items) - shown} more"] if len(items) > shown else []
    return "\n".join([f"  {item}" for item in items[:shown]] + more)


def _check_file(path):
    try:
        content = path.read_bytes()
        check_image(content, str(path))
    except DataError as error:
        return FileCheck("", str(error))
    except OSError:
        return FileCheck("", _problem_of(path))
    return FileCheck(hashlib.sha256(content).hexdigest(), "")


def _problem_of(path):
    """`read_image` knows the words for a missing file, a folder, a locked file."""
    try:
        read_image(path)
    except DataError as error:
        return str(error)
    return f"{path}: the file could not be read at first; try again."


def _copies(listing, checks):
    """Lists of (split, path, label) with the same content, of length 2 or more."""
    by_digest = defaultdict(list)
    for split, pairs in listing.splits.items():
        for path, label in pairs:
            by_digest[checks[path].digest].append((split, path, label))
    return [copies for copies in by_digest.values() if len(copies) > 1]


def _refuse(found, what):
    if found:
        raise DataError(
            f"{what}:\n{lines(map(_describe, found))}\nRemove the copies, or pass "
            f'on_duplicate="drop" (the copies on the training side are left out) or '
            f'"keep".'
        )


def _drop(listing, across, disputed):
    """Keep copies only in the split nearest to test, and none if labels differ there."""
    order = {"all": -1} | {split: place for place, split in enumerate(SPLITS)}
    gone = set()
    for copies in across + disputed:
        last = max((split for split, _, _ in copies), key=order.__getitem__)
        kept = [(split, path, label) for split, path, label in copies if split == last]
        if len({label for _, _, label in kept}) > 1:
            kept = []
        gone.update(set(copies) - set(kept))
    for split, pairs in listing.splits.items():
        listing.splits[split] = [pair for pair in pairs if (split, *pair) not in gone]


def _differ(values):
    return len(set(values)) > 1


def _describe(copies):
    return " = ".join(f"{path} ({_of(split)}, {label})" for split, path, label in copies)


def _of(split):
    return "the data" if split == "all" else split


def _images(count):
    return f"{count} image" if count == 1 else f"{count} images"
