"""Is this the same person? Two pictures, a distance, and a threshold that was calibrated.

Distances are squared Euclidean between unit vectors: 0 (alike) to 4 (opposite), 2 - 2 cos.
"""

import os
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from dlzoo._checks import check_between, check_positive_int
from dlzoo.faces.embedding import Embedded, embedder_of
from dlzoo.faces.gallery_table import MadeBy
from dlzoo.faces.people import unit_vectors
from dlzoo.metrics import tar_at_far, threshold_at_far
from dlzoo.metrics.verification import checked_pairs


@dataclass(frozen=True)
class Verification:
    """Whether two pictures show the same person.

    Attributes:
        same: The answer: `distance <= threshold`.
        distance: 0 to 4.
        threshold: Up to which it is the same person.
        first, second: The faces that were compared.
    """

    same: bool
    distance: float
    threshold: float
    first: Embedded = field(repr=False, compare=False)
    second: Embedded = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, e.g. for JSON."""
        return {
            "same": self.same,
            "distance": self.distance,
            "threshold": self.threshold,
            "first": self.first.source,
            "second": self.second.source,
        }

    def __str__(self) -> str:
        answer = "the same person" if self.same else "different people"
        return f"{answer}: distance {self.distance:.3f}, threshold {self.threshold:.3f}"


@dataclass(frozen=True)
class Calibration:
    """A threshold for a wanted false accept rate, and the pairs it was measured on.

    Attributes:
        threshold: A distance up to it is the same person.
        far: The false accept rate that was wanted, of one comparison or, with `people`, of
            a stranger's search in a gallery.
        tar: The part of the same pairs that is accepted.
        same, different: How many pairs of each kind were measured.
        people: How many people one is compared with.
    """

    threshold: float
    far: float
    tar: float
    same: int
    different: int
    people: int = 1

    def to_dict(self) -> dict[str, Any]:
        """As plain values, e.g. for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        among = "" if self.people == 1 else f" among {self.people} people"
        return (
            f"threshold {self.threshold:.4f} for FAR {self.far:g}{among}: TAR {self.tar:.2%} "
            f"({self.same} pairs of the same person, {self.different} of different people)"
        )


def distances(first: Any, second: Any) -> np.ndarray:
    """Squared distance of each vector of `first` from that of `second`: `(n, d)` to `(n,)`.

    Example:
        >>> distances([[1, 0], [0, 1]], [[1, 0], [1, 0]]).tolist()
        [0.0, 2.0]
    """
    first, second = (
        unit_vectors("distances", each, np.shape(each)[-1]) for each in (first, second)
    )
    if first.shape != second.shape:
        raise ValueError(
            f"distances: both must have the same shape; got {first.shape} and {second.shape}."
        )
    return ((first - second) ** 2).sum(axis=1)


def calibrate(distances: Any, same: Any, far: float = 0.001, *, people: int = 1) -> Calibration:
    """The threshold for a wanted false accept rate, from pairs whose truth is known.

    The pairs should be of people and pictures as they will come: rates differ between groups
    of people and with light, age and camera. Measure each group that matters.

    Args:
        distances: `(pairs,)`.
        same: `(pairs,)`, whether both are the same person.
        far: Wanted false accept rate, 0 to 1.
        people: How many people a picture will be compared with (`identify`): the FAR of one
            comparison is then `far / people`, so that a stranger is taken for anybody with a
            probability of `far` at most.

    Raises:
        ValueError: There are too few different pairs to measure such a rate.

    Example:
        >>> found = calibrate([0.2, 0.5, 0.9, 1.4], [True, True, False, False], far=0.5)
        >>> found.threshold, found.tar
        (1.15, 1.0)
    """
    distances, same = checked_pairs("calibrate", distances, same)
    check_between("calibrate", "far", far, 0, 1)
    check_positive_int("calibrate", "people", people)
    different = int((~same).sum())
    if far / people * different < 1:
        raise ValueError(
            f"calibrate: there must be at least {int(np.ceil(people / max(far, 1e-12)))} pairs "
            f"of different people, because fewer cannot show a false accept rate of "
            f"{far / people:g}; got {different}. Give more, or ask for a higher rate."
        )
    return Calibration(
        threshold=threshold_at_far(distances, same, far / people),
        far=float(far),
        tar=tar_at_far(distances, same, far / people),
        same=int(same.sum()),
        different=different,
        people=people,
    )


# Fingerprint to a threshold with a false accept rate of 0.001, measured by us:
# `dlzoo faces evaluate` on ORL, 399 pictures, 77,610 pairs of different people, AUC 0.9984.
MEASURED = {
    "4ae8f3c5a29582195df44d1d238328c8e1ae929d2fc494c4505b618578c82c3a": 1.03
}  # mobilefacenet_casia_torch, aligned by landmarks


def verify(
    a: Any,
    b: Any,
    model: Any,
    *,
    threshold: float | Calibration | None = None,
    face: str = "only",
    **options: Any,
) -> Verification:
    """Say whether two pictures show the same person (1:1).

    Args:
        a, b: Pictures: paths or `uint8` arrays.
        model: An `Embedder`, or what one is made of; **options: its other arguments.
        threshold: What `calibrate` found for this model on pairs as these, or a number from
            0 to 4. There is none that is right for every network and every purpose; None:
            that of `MEASURED`, if these very weights are there.
        face: As in `Embedder.faces_of`.

    Raises:
        DataError: A picture cannot be read, no face is found in it, or several.
    """
    embedder = embedder_of(model, options)
    limit = limit_of("verify", threshold, embedder.made_by)
    first, second = (_one(embedder, picture, face) for picture in (a, b))
    distance = float(distances(first.vector, second.vector)[0])
    return Verification(distance <= limit, distance, limit, first, second)


def limit_of(who: str, threshold: Any, made_by: MadeBy) -> float:
    """A threshold as a number."""
    limit = MEASURED.get(made_by.fingerprint) if threshold is None else threshold
    if limit is None:
        raise ValueError(
            f"{who}: threshold must be given, because it differs from network to network and "
            f"none is known for {made_by}. Measure it on pairs: `dlzoo faces evaluate`, "
            f"dlzoo.faces.calibrate."
        )
    limit = limit.threshold if isinstance(limit, Calibration) else limit
    if isinstance(limit, float) and limit < 0:  # calibrated so that nothing is accepted
        return limit
    check_between(who, "threshold", limit, 0, 4)
    return float(limit)


def _one(embedder, picture, face):
    if isinstance(picture, (str, os.PathLike)) and os.path.isdir(picture):
        raise ValueError(f"verify: there must be a picture; got the folder {str(picture)!r}.")
    (found,) = embedder.faces_of([picture], face=face)
    return found
