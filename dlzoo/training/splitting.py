"""How much for train, dev and test, and from which data: the rules of the course."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlzoo._checks import check_between
from dlzoo._text import columns
from dlzoo.data.splits import check_fractions, split_indices
from dlzoo.errors import DataError

LARGEST = 10_000  # examples that dev and test need at most: 1 % of a million ...
SHARE = 0.2  # ... and 20 % each of a small set
TARGET = 0.25  # of the target, each
TRAIN_DEV = 0.1  # of the training side, at most


@dataclass(frozen=True)
class Split:
    """Which example is used for what.

    Attributes:
        parts: `"train"`, `"train_dev"` (if there is one), `"dev"`, `"test"` -> sorted
            indices. They count the examples of `labels` first, then those of `target`.
        labels: The class of every example, in that order.
        sources: How many examples `labels` and `target` have.
    """

    parts: dict[str, np.ndarray]
    labels: np.ndarray
    sources: tuple[int, int]

    def __getitem__(self, part: str) -> np.ndarray:
        return self.parts[part]

    def to_dict(self) -> dict[str, Any]:
        """Plain values: the indices of each part."""
        return {part: indices.tolist() for part, indices in self.parts.items()}

    def __str__(self) -> str:
        total = len(self.labels)
        rows = [["part", "examples", "share", "classes (smallest to largest)"]]
        if self.sources[1]:
            rows[0].insert(3, "from target")
        for part, indices in self.parts.items():
            counts = sorted(Counter(self.labels[indices].tolist()).values())
            sizes = f"{len(counts)} ({counts[0]} to {counts[-1]})"
            row = [part, str(len(indices)), f"{len(indices) / total:.1%}", sizes]
            if self.sources[1]:
                row.insert(3, str(np.count_nonzero(indices >= self.sources[0])))
            rows.append(row)
        return columns(rows, right=range(1, len(rows[0]) - 1))


def split(
    labels: Any,
    *,
    target: Any = None,
    groups: Any = None,
    target_groups: Any = None,
    fractions: Mapping[str, float] | None = None,
    train_dev: float | None = None,
    seed: int = 0,
) -> Split:
    """Divide examples into train, dev and test, class by class.

    **One distribution.** 60 / 20 / 20 for small sets. Dev and test need no more than
    10,000 examples each to tell two networks apart, so beyond 50,000 examples the rest is
    for training: 98 / 1 / 1 of a million.

    **Two distributions.** There are many examples of another kind (`labels`: pictures from
    the web) and few of the kind that matters (`target`: photographs by the users). Dev and
    test are a quarter of the target each (10,000 at most): they are the aim. All that
    remains of both is trained on, and a part of it becomes *train-dev*: as large as dev,
    at most a tenth. It has the distribution of the training set and is not learnt from,
    so that `diagnose` can tell variance from data mismatch.

    Args:
        labels: The class of each example, `(n,)`.
        target: The class of each example from the distribution that matters, or None if
            there is only one.
        groups: A name for each example of `labels`; examples with the same one (a person,
            a video) never come into two parts. A group counts to the class of its first
            example.
        target_groups: The same for `target`. Groups that both have go to the training
            side.
        fractions: Of `"train"`, `"dev"`, `"test"` in the data that dev and test come from,
            instead of the rules above; 1 together.
        train_dev: The fraction of the training side that becomes train-dev; default: as
            above with `target`, 0 without.
        seed: The same seed gives the same parts.

    Returns:
        A `Split`: every example in exactly one part.

    Raises:
        ValueError: An argument that does not fit.
            `dlzoo.errors.DataError`: A class has too few examples or groups.

    Example:
        >>> parts = split(["cat", "dog"] * 50)
        >>> print(parts)
        part   examples  share  classes (smallest to largest)
        train        60  60.0%  2 (30 to 30)
        dev          20  20.0%  2 (10 to 10)
        test         20  20.0%  2 (10 to 10)
        >>> web, phone = ["cat", "dog"] * 1000, ["cat", "dog"] * 100
        >>> print(split(web, target=phone))
        part       examples  share  from target  classes (smallest to largest)
        train          2050  93.2%           95  2 (1025 to 1025)
        train_dev        50   2.3%            5  2 (25 to 25)
        dev              50   2.3%           50  2 (25 to 25)
        test             50   2.3%           50  2 (25 to 25)
    """
    labels = _check("labels", labels, groups)
    first = len(labels)
    if target is None:
        if target_groups is not None:
            raise ValueError("split: target_groups must not be given without target.")
        groups = _numbered(groups, first)
        parts = _divide(labels, fractions or _fractions(first, SHARE), seed, groups)
        share = 0.0
    else:
        target = _check("target", target, target_groups)
        labels = np.concatenate([labels, target])
        groups = _numbered_together(groups, target_groups, first, len(target))
        parts = _divide_target(labels, groups, first, fractions, seed)
        share = min(len(parts["dev"]) / len(parts["train"]), TRAIN_DEV)
    if train_dev is not None:
        check_between("split", "train_dev", train_dev, 0, 0.5)
        share = train_dev
    if share:
        parts = _take_train_dev(parts, labels, groups, share, seed)
    return Split(parts, labels, (first, len(labels) - first))


def _check(name, labels, groups):
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels):
        raise ValueError(
            f"split: {name} must be one class an example; got the shape {labels.shape}."
        )
    if groups is not None and len(groups) != len(labels):
        raise ValueError(
            f"split: there must be a group for each of the {len(labels)} examples of "
            f"{name}; got {len(groups)}."
        )
    return labels


def _numbered(groups, count):
    """Groups as whole numbers from 0; without groups every example is its own."""
    if groups is None:
        return np.arange(count)
    return np.unique(np.asarray(groups).astype(str), return_inverse=True)[1]


def _numbered_together(groups, target_groups, count, target_count):
    """The same for two sources: equal names are equal numbers."""
    if groups is not None and target_groups is not None:
        both = np.asarray(groups).astype(str), np.asarray(target_groups).astype(str)
        return _numbered(np.concatenate(both), count + target_count)
    return np.concatenate(
        [_numbered(groups, count), count + _numbered(target_groups, target_count)]
    )


def _fractions(count, share):
    """Train, dev and test by the rule of the course."""
    part = min(share, LARGEST / count)
    return {"train": 1 - 2 * part, "dev": part, "test": part}


def _divide(labels, fractions, seed, groups):
    names, _ = check_fractions(fractions)
    if set(names) != {"train", "dev", "test"}:
        raise ValueError(
            f"split: fractions must have the keys 'train', 'dev' and 'test'; got {names}. "
            f"For train-dev there is train_dev=."
        )
    return split_indices(labels, fractions, seed, groups)


def _divide_target(labels, groups, first, fractions, seed):
    """All of the first source and a part of the second to train; dev and test of it."""
    place = np.arange(len(labels))
    free = place[first:][~np.isin(groups[first:], groups[:first])]
    if not len(free):
        raise DataError(
            "split: every group of the target is among the training examples too, so that "
            "nothing is left for dev and test. Take some groups out of the training data."
        )
    wanted = fractions or _fractions(len(labels) - first, TARGET)
    parts = _divide(labels[free], wanted, seed, groups[free])
    parts = {name: free[indices] for name, indices in parts.items()}
    aside = np.concatenate([parts["dev"], parts["test"]])
    return {**parts, "train": np.setdiff1d(place, aside)}


def _take_train_dev(parts, labels, groups, share, seed):
    train = parts["train"]
    both = {"train": 1 - share, "train_dev": share}
    cut = split_indices(labels[train], both, seed + 1, groups[train])
    return {name: train[indices] for name, indices in cut.items()} | {
        name: parts[name] for name in ("dev", "test")
    }
