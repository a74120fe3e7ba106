"""Seeds for what is built, without touching the caller's random numbers."""

import random
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, layers that are built without a seed get one that follows from `seed`.

    Keras draws such seeds from Python's `random`, whose state is put back afterwards.

    Example:
        >>> def draw():
        ...     with seeded(3):
        ...         return random.random()
        >>> draw() == draw()
        True
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
