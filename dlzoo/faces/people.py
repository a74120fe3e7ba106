"""Who is in a gallery, and what may go into one."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

_UNIT = 1e-3  # how far from 1 the length of an embedding may be


@dataclass(frozen=True)
class Person:
    """Somebody who is enrolled: the name, how many images, and since when."""

    name: str
    images: int
    added: datetime

    def to_dict(self) -> dict[str, Any]:
        """As plain values, e.g. for JSON."""
        return asdict(self) | {"added": self.added.isoformat()}


@dataclass(frozen=True)
class Match:
    """A person who is near: the distance of the nearest image, and where that came from."""

    name: str
    distance: float
    source: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values, e.g. for JSON."""
        return asdict(self)


def check_name(who: str, name: Any) -> None:
    """A person's name must be a text that can be stored."""
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"{who}: name must be a text that is not empty; got {name!r}.")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{who}: name must be valid Unicode, so that it can be stored; got {name!r}."
        ) from None


def unit_vectors(who: str, vectors: Any, dimensions: int) -> np.ndarray:
    """Embeddings `(n, dimensions)` or one `(dimensions,)` as float32 `(n, dimensions)`.

    Raises:
        ValueError: They are of another shape or not of unit length.
    """
    vectors = np.atleast_2d(np.asarray(vectors, np.float32))
    if vectors.ndim != 2 or vectors.shape[1] != dimensions:
        raise ValueError(
            f"{who}: embeddings must be (n, {dimensions}), because the others are; got "
            f"{vectors.shape}."
        )
    wrong = ~(np.abs(np.linalg.norm(vectors, axis=1) - 1) <= _UNIT)  # NaN, too
    if wrong.any():
        raise ValueError(
            f"{who}: embeddings must be of unit length, because their distances are compared "
            f"with a threshold; got one of length {np.linalg.norm(vectors[wrong][0]):.4g}."
        )
    return vectors


def printable(name: str) -> str:
    """`name` on one line, without what could command a terminal.

    Example:
        >>> printable("Ann\\x1b[2J Lee")
        'Ann\\\\x1b[2J Lee'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)
