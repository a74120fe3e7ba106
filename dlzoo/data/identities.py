"""Opening a set of photographs of people, divided by person, checked before training.

A network that embeds faces is judged on people that it has never seen: no person is in two
splits, however many images there are of each.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo.data.audit import check_files
from dlzoo.data.dataset import check_opening, gather_labelled
from dlzoo.data.dividing_people import check_sizes, divide_people
from dlzoo.data.folders import natural_order
from dlzoo.data.settling import settle
from dlzoo.data.splits import SPLITS
from dlzoo.errors import DataError

# No "train_dev": people who were not learnt from are another distribution in themselves.
FRACTIONS = {"train": 0.75, "dev": 0.10, "test": 0.15}
_WHO = "open_people"


@dataclass(frozen=True)
class PeopleExamples:
    """The images of one split.

    Attributes:
        people: Names of who is in it.
        paths: Of the images.
        labels: int64 `(images,)`: `people[labels[i]]` is on `paths[i]`.
    """

    people: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class PeopleDataset:
    """Images of people, divided so that nobody is in two splits.

    Attributes:
        splits: Examples by split: `"train"`, `"dev"`, `"test"`.
        notes: What a person should know: files left out, copies, people with one image.
        fingerprint: The same for the same images, people and division, anywhere.
    """

    splits: dict[str, PeopleExamples]
    notes: tuple[str, ...]
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the single files."""
        return {
            "splits": {
                name: {"people": list(part.people), "images": len(part)}
                for name, part in self.splits.items()
            },
            "notes": list(self.notes),
            "fingerprint": self.fingerprint,
        }

    def __str__(self) -> str:
        sizes = ", ".join(
            f"{name} {len(part.people)} people ({len(part)} images)"
            for name, part in self.splits.items()
        )
        return "\n".join([sizes, *self.notes])


def open_people(
    data: Any,
    *,
    people: Mapping[str, Sequence[str]] | None = None,
    fractions: Mapping[str, float] | None = None,
    seed: int = 0,
    on_bad_image: str = "error",
    on_duplicate: str = "error",
) -> PeopleDataset:
    """Find, check and divide images of people.

    Args:
        data: One of
            - a folder with one folder of images for each person (nested folders count to
              the person), in any of the formats of `read_image`, colour or grey;
            - a folder with `train` and any of `dev` (or `val`, `valid`, `validation`) and
              `test`, each with such folders; splits that are missing are taken from
              `train`;
            - a list of `(path, person)`; a dict from split to such a list or folder.
        people: Who comes into which split: split -> names. Those who are not named go to
            `train` if no names are given for it, else they are left out.
        fractions: How to divide people who are not divided: split -> fraction of the people.
            Default: 0.75 train, 0.10 dev, 0.15 test. A split without one is not made.
        seed: The same seed divides the same people in the same way.
        on_bad_image: `"error"` (all unusable files are listed) or `"skip"`.
        on_duplicate: What to do with files of equal content in two splits or of two people:
            `"error"`, `"drop"` or `"keep"`, as in `open_images`.

    Returns:
        A `PeopleDataset`.

    Raises:
        DataError: What is wrong with the data, with the names of files or people: nobody
            with two images to learn from, too few people for the splits, one person in two.
    """
    usual = FRACTIONS if fractions is None else fractions
    fractions = check_opening(_WHO, usual, on_bad_image, on_duplicate)
    listing = gather_labelled(_WHO, data)
    if people is not None:
        _place(listing, people)
    _check_apart(listing)
    files = check_files([path for part in listing.splits.values() for path, _ in part])
    before = _names(listing)
    settle(_WHO, listing, files, on_bad_image, on_duplicate)
    _note_lost(listing, before)
    if people is None:
        divide_people(listing, fractions, seed)
    check_sizes(listing)
    splits = {
        name: _examples(listing.splits[name]) for name in SPLITS if name in listing.splits
    }
    _check_learnable(splits["train"])
    notes = (*listing.notes, *_lonely(splits))
    return PeopleDataset(splits, notes, _fingerprint(splits, files))


def _place(listing, people):
    """Put people into the splits where they are wanted."""
    if set(listing.splits) != {"all"}:
        raise ValueError(
            f"{_WHO}: people must be None, because these data are divided already, into "
            f"{', '.join(listing.splits)}."
        )
    split_of: dict[str, str] = {}
    for split, names in people.items():
        if split not in SPLITS or isinstance(names, str):
            raise ValueError(
                f"{_WHO}: people must be a dict from split ({', '.join(SPLITS)}) to a list "
                f"of names; got {split!r}: {names!r}."
            )
        for name in map(str, names):
            if split_of.setdefault(name, split) != split:
                raise DataError(_in_two(name, split_of[name], split))
    pairs = listing.splits.pop("all")
    present = {name for _, name in pairs}
    strangers = natural_order(set(split_of) - present)
    if strangers:
        raise DataError(
            f"{_WHO}: people names {', '.join(strangers[:10])}, of whom there are no images."
        )
    rest = natural_order(present - set(split_of))
    if "train" not in people:
        split_of |= dict.fromkeys(rest, "train")
    elif rest:
        listing.notes.append(f"In no split: {len(rest)} people ({', '.join(rest[:10])} ...).")
    for path, name in pairs:
        if name in split_of:
            listing.splits.setdefault(split_of[name], []).append((path, name))


def _check_apart(listing):
    home: dict[str, str] = {}
    for split in ("all", *SPLITS):
        for _, name in listing.splits.get(split, ()):
            if home.setdefault(name, split) != split:
                raise DataError(_in_two(name, home[name], split))


def _in_two(name, first, second):
    return (
        f"{_WHO}: the person {name!r} is in {first} and in {second}. Whoever was learnt from "
        f"cannot be a test of recognising strangers: keep each person in one split (and give "
        f"different people different names)."
    )


def _names(listing):
    return {name for part in listing.splits.values() for _, name in part}


def _note_lost(listing, before):
    lost = natural_order(before - _names(listing))
    if lost:
        listing.notes.append(f"No usable image is left of {', '.join(lost)}.")


def _examples(pairs):
    names = natural_order({name for _, name in pairs})
    index = {name: number for number, name in enumerate(names)}
    labels = np.array([index[name] for _, name in pairs], np.int64)
    return PeopleExamples(tuple(names), tuple(path for path, _ in pairs), labels)


def _check_learnable(train):
    counts = np.bincount(train.labels, minlength=len(train.people))
    if len(train.people) < 2 or counts.max() < 2:
        raise DataError(
            f"{_WHO}: there must be two people to learn from, one of them with two images, "
            f"because likeness and difference are learnt; got {len(train.people)} people "
            f"with at most {counts.max()} images. Is the folder given the one that holds a "
            f"folder for each person?"
        )


def _lonely(splits):
    for name, part in splits.items():
        counts = Counter(part.labels.tolist())
        lonely = [part.people[label] for label, count in sorted(counts.items()) if count == 1]
        if lonely:
            yield (
                f"{len(lonely)} people of {name} have one image, e.g. {lonely[0]}: they can "
                f"only be somebody else."
            )
        if name != "train" and len(lonely) == len(part.people):
            raise DataError(
                f"{_WHO}: nobody in {name} has two images, so that nothing can be "
                f"recognised there. Add images, or leave {name} out of fractions."
            )


def _fingerprint(splits, files):
    """A hash of the images' contents, whose they are, their order and division."""
    digest = hashlib.sha256()
    for name, part in splits.items():
        digest.update(f"\n{name}\n".encode())
        for path, label in zip(part.paths, part.labels, strict=True):
            digest.update(f"{files[path].digest} {part.people[label]}\n".encode())
    return digest.hexdigest()
