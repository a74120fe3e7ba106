"""Dividing people, with all their images, into train, dev and test."""

from collections.abc import Mapping

import numpy as np

from dlzoo.data.folders import Listing, natural_order
from dlzoo.data.splits import quotas
from dlzoo.errors import DataError

_LEAST = 2  # people in a split: with one there is nobody to be taken for


def divide_people(listing: Listing, fractions: Mapping[str, float], seed: int) -> None:
    """Take the splits that are missing from `train` (or from undivided data), by person.

    Each split gets its share of the people, to within one person and at least two; how
    many images they have does not matter.

    Raises:
        DataError: There are too few people.
    """
    source = "all" if "all" in listing.splits else "train"
    present = set(listing.splits) - {source, "train"}
    wanted = {name: part for name, part in fractions.items() if name not in present}
    pairs = listing.splits.pop(source)
    names = natural_order({name for _, name in pairs})
    _check_enough(names, wanted)
    shares = np.array(list(wanted.values()))
    sizes = quotas(len(names), shares / shares.sum(), _LEAST)
    order = np.random.default_rng(seed).permutation(len(names))
    parts = dict(zip(wanted, np.split(order, np.cumsum(sizes)[:-1]), strict=True))
    home = {names[i]: split for split, chosen in parts.items() for i in chosen}
    for split in wanted:
        listing.splits[split] = [pair for pair in pairs if home[pair[1]] == split]
    if source == "train" and len(wanted) > 1:
        taken = ", ".join(f"{name} ({len(part)} people)" for name, part in parts.items())
        listing.notes.append(f"The training people were divided: {taken}.")


def check_sizes(listing: Listing) -> None:
    """There must be somebody to be taken for in every split.

    Raises:
        DataError: One has fewer than two people.
    """
    for split, pairs in listing.splits.items():
        names = {name for _, name in pairs}
        if len(names) < _LEAST:
            raise DataError(
                f"open_people: {split} has {len(names)} people, and {_LEAST} are needed to "
                f"tell somebody from somebody else. Give it a larger fraction, or name who "
                f"comes into it by people=."
            )


def _check_enough(names, fractions):
    if len(names) < _LEAST * len(fractions):
        raise DataError(
            f"open_people: there must be {_LEAST} people at least in each of "
            f"{', '.join(fractions)}; got {len(names)} in all. Add people, or pass fractions "
            f"with fewer parts."
        )
