"""Making the splits that the data do not bring."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dlzoo.data.audit import FileCheck
from dlzoo.data.folders import Listing
from dlzoo.data.splits import split_indices
from dlzoo.errors import DataError


def divide(
    listing: Listing,
    files: Mapping[Path, FileCheck],
    fractions: Mapping[str, float],
    seed: int,
) -> None:
    """Take the splits that are missing from `train` (or from undivided data).

    Each label has its share in each split; copies of an image stay together.
    """
    source = "all" if "all" in listing.splits else "train"
    present = set(listing.splits) - {source, "train"}
    wanted = {name: f for name, f in fractions.items() if name not in present}
    if len(wanted) == 1:
        listing.splits["train"] = listing.splits.pop(source)
        return
    pairs = listing.splits.pop(source)
    total = sum(wanted.values())
    indices = split_indices(
        [label for _, label in pairs],
        {name: fraction / total for name, fraction in wanted.items()},
        seed,
        groups=[files[path].digest for path, _ in pairs],
    )
    for name, chosen in indices.items():
        listing.splits[name] = [pairs[i] for i in chosen]
    if source == "train":
        taken = ", ".join(f"{n} ({len(i)})" for n, i in indices.items() if n != "train")
        listing.notes.append(f"Taken from the training images: {taken}.")


def divide_by_rarest(
    who: str,
    listing: Listing,
    files: Mapping[Path, FileCheck],
    held: Mapping[Path, np.ndarray],
    fractions: Mapping[str, float],
    seed: int,
) -> None:
    """The same so that rare classes come into each split, as far as they can.

    Args:
        who: For errors.
        listing: What is in it beside the images does not matter.
        files: As in `divide`.
        held: Which classes an image has, bool `(classes,)`.
        fractions, seed: As in `divide`.
    """
    source = "all" if "all" in listing.splits else "train"
    paths = [path for path, _ in listing.splits[source]]
    if not paths:
        raise DataError(f"{who}: no training image is left.")
    images_with = np.sum([held[path] for path in paths], axis=0)
    keys = []
    for path in paths:
        mine = np.flatnonzero(held[path])
        keys.append((int(mine[images_with[mine].argmin()]) if len(mine) else -1,))
    parts = len(set(fractions) - (set(listing.splits) - {"all", "train"}))
    names = strata(keys, [files[path].digest for path in paths], parts)
    listing.splits[source] = list(zip(paths, names, strict=True))
    divide(listing, files, fractions, seed)


def strata(
    keys: Sequence[tuple[Hashable, ...]], groups: Sequence[Hashable], parts: int
) -> list[str]:
    """One stratum an example, to divide by several properties at once.

    Examples whose properties all agree are a stratum, if they can go into every part;
    where they are too few only the first properties must agree, and so on. What is left
    joins the largest stratum.

    Args:
        keys: The properties of each example, the most important first.
        groups: Examples of one group count once.
        parts: How many examples a stratum needs.

    Example:
        >>> strata([("a", 1), ("a", 1), ("a", 2), ("a", 3), ("b", 1)], range(5), parts=2)
        ["('a', 1)", "('a', 1)", "('a',)", "('a',)", "('a', 1)"]
    """
    first: dict[Hashable, int] = {}
    for place, group in enumerate(groups):
        first.setdefault(group, place)
    free = set(first.values())
    names: dict[int, str] = {}
    for depth in range(len(keys[0]), 0, -1):
        counts = Counter(keys[place][:depth] for place in free)
        for place in sorted(free):
            if counts[keys[place][:depth]] >= parts:
                names[place] = repr(keys[place][:depth])
        free -= set(names)
    sizes = Counter(names[place] for place in sorted(names))
    if len(free) >= parts or not sizes:
        rest = "all"
    else:
        rest = sizes.most_common(1)[0][0]
    return [names.get(first[group], rest) for group in groups]
