"""Dividing labelled examples into train, train-dev, dev and test.

The course's four parts: the network learns from *train*; *train_dev* has the same
distribution but is not learnt from, so that the step from it to *dev* shows data
mismatch; choices are made on *dev*; *test* is looked at once.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dlzoo.errors import DataError

SPLITS = ("train", "train_dev", "dev", "test")

# For the amounts of data that come in folders (up to some ten thousand images).
FRACTIONS = {"train": 0.70, "train_dev": 0.05, "dev": 0.10, "test": 0.15}


def split_indices(
    labels: Sequence | np.ndarray,
    fractions: Mapping[str, float],
    seed: int = 0,
    groups: Sequence | np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Divide examples into disjoint parts, class by class.

    In every part each class has its share of the images, to within one image, and at
    least one. (scikit-learn's stratified splitters do not promise the latter: a rare
    class can be missing from a small part.)

    Args:
        labels: The class of each example.
        fractions: Name of the part -> its fraction; all are positive, their sum is 1.
        seed: The same seed gives the same parts.
        groups: Examples with the same group stay together (copies of one image, photos
            of one patient). A group counts to the class of its first example, and the
            shares are then as near as the sizes of the groups allow.

    Returns:
        Name of the part -> sorted indices into `labels`.

    Raises:
        DataError: A class has fewer examples (or groups) than there are parts.

    Example:
        >>> parts = split_indices(["a", "b"] * 10, {"train": 0.8, "test": 0.2})
        >>> {name: len(indices) for name, indices in parts.items()}
        {'train': 16, 'test': 4}
    """
    labels = np.asarray(labels)
    groups = np.arange(len(labels)) if groups is None else np.asarray(groups)
    if len(groups) != len(labels):
        raise ValueError(
            f"split_indices: labels and groups must have the same length; "
            f"got {len(labels)} and {len(groups)}."
        )
    names, shares = check_fractions(fractions)
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    sizes = np.bincount(group_of, minlength=len(first))
    part_of = np.empty(len(first), dtype=np.int64)
    rng = np.random.default_rng(seed)
    for label in np.unique(labels[first]):
        members = rng.permutation(np.flatnonzero(labels[first] == label))
        if len(members) < len(names):
            raise DataError(_too_few(label, len(members), names))
        part_of[members] = _deal(sizes[members], shares)
    parts = part_of[group_of]
    return {name: np.flatnonzero(parts == part) for part, name in enumerate(names)}


def check_fractions(fractions: Mapping[str, float]) -> tuple[list[str], np.ndarray]:
    """Names and values; every value must be positive and their sum 1."""
    names, shares = list(fractions), np.array(list(fractions.values()), dtype=float)
    if not names or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(
            f"fractions must be positive and add up to 1, "
            f"e.g. {FRACTIONS}; got {dict(fractions)}."
        )
    return names, shares


def _deal(sizes, shares):
    """A part for each group: largest groups first, each to the part that lacks most."""
    lacking = quotas(int(sizes.sum()), shares)
    given = np.zeros(len(shares), dtype=int)
    part_of = np.empty(len(sizes), dtype=np.int64)
    order = np.argsort(-sizes, kind="stable")
    for position, group in enumerate(order):
        empty = np.flatnonzero(given == 0)
        if len(empty) == len(order) - position:  # the last groups fill the empty parts
            part = empty[np.argmax(lacking[empty])]
        else:
            part = np.argmax(lacking)
        part_of[group] = part
        given[part] += 1
        lacking[part] -= sizes[group]
    return part_of


def quotas(count: int, shares: np.ndarray, least: int = 1) -> np.ndarray:
    """Whole numbers near `count * shares` that add up to `count`, each at least `least`.

    Example:
        >>> quotas(12, np.array([0.75, 0.1, 0.15]), least=2)
        array([8, 2, 2])
    """
    ideal = count * shares
    found = np.maximum(np.floor(ideal + 1e-9), least).astype(int)
    while found.sum() < count:
        found[np.argmax(ideal - found)] += 1
    while found.sum() > count:
        surplus = np.where(found > least, found - ideal, -np.inf)
        found[np.argmax(surplus)] -= 1
    return found


def _too_few(label, count, names):
    images = "1 different image" if count == 1 else f"{count} different images"
    return (
        f"class {str(label)!r} has {images}, and {len(names)} are needed to have one "
        f"in each of {', '.join(names)}. Add images, or pass fractions with fewer "
        f"parts."
    )
