"""Batches of P people with K images each: what triplets and pairs are made of.

Source: Hermans et al. 2017, https://arxiv.org/abs/1703.07737, section 2: in a batch of images
drawn at random hardly anybody would meet himself.
"""

from typing import Any

import numpy as np

from dlzoo._checks import check_positive_int
from dlzoo.errors import DataError


def deal_people(
    labels: Any, people: int, images: int, *, seed: tuple[int, ...] = (0,), epoch: int = 0
) -> list[np.ndarray]:
    """The batches of an epoch: which images, `images` of each of `people` people.

    An epoch has as many rounds as it takes to show about as many images as there are. In each
    round everybody comes once, in another order; a last batch that is not full is filled with
    others. Nobody's image comes again before his others have; who has fewer than `images`
    comes with copies.

    Args:
        labels: Who is on each image, whole numbers `(n,)`.
        people: In a batch, P; all, if there are fewer.
        images: Of each of them, K.
        seed, epoch: Whole numbers; the batches follow from them alone.

    Returns:
        Indices, an array `(people * images,)` a batch, a person's images side by side.

    Raises:
        DataError: There are fewer than two people.

    Example:
        >>> labels = [0, 0, 0, 1, 1, 2]
        >>> batches = deal_people(labels, people=2, images=2)
        >>> [[labels[i] for i in batch] for batch in batches]
        [[0, 0, 2, 2], [1, 1, 2, 2]]
    """
    check_positive_int("deal_people", "people", people, minimum=2)
    check_positive_int("deal_people", "images", images)
    labels = np.asarray(labels)
    names = np.unique(labels)
    if len(names) < 2:
        raise DataError(
            f"deal_people: there must be two people at least, because a batch of one person "
            f"teaches no difference; got {len(names)}."
        )
    people = min(people, len(names))
    generator = np.random.default_rng((*seed, epoch))
    decks = {name: _Deck(np.flatnonzero(labels == name), generator) for name in names}
    rounds = max(1, round(len(labels) / (len(names) * images)))
    return [
        np.concatenate([decks[name].dealt(images) for name in group])
        for _ in range(rounds)
        for group in _groups(generator.permutation(names), people, generator)
    ]


def _groups(order, size, generator):
    """The people of each batch of a round; who fills up the last one has come before."""
    for start in range(0, len(order), size):
        group = order[start : start + size]
        missing = size - len(group)
        if missing:
            group = np.concatenate([group, generator.permutation(order[:start])[:missing]])
        yield group


class _Deck:
    """A person's images, dealt out one after the other and shuffled when they are through."""

    def __init__(self, numbers, generator):
        self.numbers = numbers
        self.generator = generator
        self.left = generator.permutation(numbers)

    def dealt(self, count):
        """The next `count`: different ones if there are so many, else all and copies."""
        if len(self.numbers) <= count:
            return np.resize(self.generator.permutation(self.numbers), count)
        taken, self.left = self.left[:count], self.left[count:]
        missing = count - len(taken)
        if missing:
            fresh = self.generator.permutation(self.numbers)
            again = np.isin(fresh, taken)
            fresh = np.concatenate([fresh[~again], fresh[again]])
            taken, self.left = np.concatenate([taken, fresh[:missing]]), fresh[missing:]
        return taken
