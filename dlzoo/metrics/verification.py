"""How well distances tell pairs of the same person from pairs of different ones.

Everywhere a pair is taken for the same person where `distance <= threshold`. TAR, the true
accept rate, is the part of the same pairs that is accepted (1 - TAR: false rejects); FAR, the
false accept rate, the part of the different pairs that is. NumPy and scikit-learn, because all
pairs are looked at together, after the network has answered.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dlzoo._checks import check_between


@dataclass(frozen=True, eq=False)
class Roc:
    """What is accepted as the threshold rises (receiver operating characteristic).

    Attributes:
        thresholds: Rising, the first `-inf`, which accepts nothing; the others are distances
            that occur.
        tar, far: Rates from 0 to 1 at each threshold.
        same, different: How many pairs of each kind there are.
    """

    thresholds: np.ndarray
    tar: np.ndarray
    far: np.ndarray
    same: int
    different: int


@dataclass(frozen=True)
class VerificationScores:
    """Scores of a set of pairs; `print` shows them as a table.

    Attributes:
        same, different: How many pairs of each kind.
        auc: Area under the ROC: how often a same pair is nearer than a different one.
        eer: Where as large a part of the same is rejected as of the different accepted.
        tar_at_far: For each wanted FAR `(far, tar, threshold)`.
    """

    same: int
    different: int
    auc: float
    eer: float
    tar_at_far: tuple[tuple[float, float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, e.g. for JSON."""
        rates = [
            dict(zip(("far", "tar", "threshold"), r, strict=True)) for r in self.tar_at_far
        ]
        return asdict(self) | {"tar_at_far": rates}

    def __str__(self) -> str:
        lines = [
            f"{self.same} pairs of the same person, {self.different} of different people",
            f"AUC {self.auc:.4f}, equal error rate {self.eer:.2%}",
        ]
        for far, tar, threshold in self.tar_at_far:
            few = "" if far * self.different >= 1 else " (too few different pairs to know)"
            lines.append(f"TAR {tar:.2%} at FAR {far:g}, threshold {threshold:.4f}{few}")
        return "\n".join(lines)


def roc(distances: Any, same: Any) -> Roc:
    """The curve over all thresholds.

    Args:
        distances: `(pairs,)`; small means alike. Of similarities pass the negative.
        same: `(pairs,)`, whether both are the same person.

    Raises:
        ValueError: The two do not fit, are not finite, or one kind of pair is missing.

    Example:
        >>> curve = roc([0.1, 0.4, 0.2, 0.9], [True, True, False, False])
        >>> curve.tar.tolist(), curve.far.tolist()
        ([0.0, 0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 0.5, 0.5, 1.0])
    """
    distances, same = checked_pairs("roc", distances, same)
    from sklearn.metrics import roc_curve  # takes a second, which only this needs

    far, tar, scores = roc_curve(same, -distances, drop_intermediate=False)
    accepted = int(same.sum())
    return Roc(-scores, tar, far, accepted, len(same) - accepted)


def auc(distances: Any, same: Any) -> float:
    """Area under the ROC: the chance that a same pair is nearer than a different one.

    Arguments as in `roc`; equal distances count half.

    Example:
        >>> auc([0.1, 0.4, 0.2, 0.9], [True, True, False, False])
        0.75
    """
    distances, same = checked_pairs("auc", distances, same)
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(same, -distances))


def eer(distances: Any, same: Any) -> float:
    """Equal error rate: where FAR = 1 - TAR, on straight lines between measured points.

    Arguments as in `roc`.

    Example:
        >>> eer([0.1, 0.4, 0.2, 0.9], [True, True, False, False])
        0.5
    """
    return _equal_error(roc(distances, same))


def tar_at_far(distances: Any, same: Any, far: float) -> float:
    """The highest TAR of a threshold whose FAR on these pairs is at most `far`.

    Arguments as in `threshold_at_far`. A FAR below 1 / (different pairs) cannot be measured:
    the TAR is then that without a single false accept.

    Example:
        >>> tar_at_far([0.1, 0.4, 0.2, 0.9], [True, True, False, False], far=0.1)
        0.5
    """
    return _at_far("tar_at_far", roc(distances, same), far)[0]


def threshold_at_far(distances: Any, same: Any, far: float) -> float:
    """The threshold that accepts most with a FAR of at most `far` on these pairs.

    It lies half way to the next distance that occurs, so that of two sets that do not
    overlap neither is favoured.

    Args:
        distances, same: As in `roc`.
        far: Wanted false accept rate, 0 to 1.

    Example:
        >>> threshold_at_far([0.1, 0.4, 0.5, 0.9], [True, True, False, False], far=0)
        0.45
    """
    return _at_far("threshold_at_far", roc(distances, same), far)[1]


def verification_scores(
    distances: Any, same: Any, fars: Sequence[float] = (0.1, 0.01, 0.001)
) -> VerificationScores:
    """AUC, equal error rate, and TAR and threshold at each wanted FAR.

    Args:
        distances, same: As in `roc`.
        fars: Wanted false accept rates.

    Example:
        >>> print(verification_scores([0.1, 0.4, 0.2, 0.9], [1, 1, 0, 0], fars=[0.5]))
        2 pairs of the same person, 2 of different people
        AUC 0.7500, equal error rate 50.00%
        TAR 100.00% at FAR 0.5, threshold 0.6500
    """
    curve = roc(distances, same)
    rates = tuple((float(f), *_at_far("verification_scores", curve, f)) for f in fars)
    return VerificationScores(
        curve.same, curve.different, auc(distances, same), _equal_error(curve), rates
    )


def between(distance: float, following: float | None) -> float:
    """A threshold that accepts `distance` and not `following`, half way between them.

    `-inf` for `distance` accepts nothing, None for `following` means that there is none.
    """
    if following is None:
        return float(distance)
    middle = (distance + following) / 2
    lower = float(np.nextafter(following, -np.inf))
    return min(float(middle), lower) if np.isfinite(distance) else lower


def checked_pairs(who: str, distances: Any, same: Any) -> tuple[np.ndarray, np.ndarray]:
    """As float64 and bool; errors of `who`."""
    distances, same = np.asarray(distances, np.float64), np.asarray(same)
    if distances.ndim != 1 or same.shape != distances.shape:
        raise ValueError(
            f"{who}: distances and same must both be (pairs,); got {distances.shape} and "
            f"{same.shape}."
        )
    if not np.isfinite(distances).all():
        raise ValueError(
            f"{who}: distances must be finite; got {distances[~np.isfinite(distances)][0]} "
            f"for pair {int(np.argmin(np.isfinite(distances)))}."
        )
    if set(same.tolist()) != {0, 1}:
        raise ValueError(
            f"{who}: same must be true for some pairs and false for others, because rates of "
            f"both kinds are measured; got {sorted(set(same.tolist()))[:5]} of {len(same)}."
        )
    return distances, same.astype(bool)


def _at_far(who, curve, far):
    """TAR and threshold of the largest acceptable point of the curve."""
    check_between(who, "far", far, 0, 1)
    # 1e-12: 3 of 10 pairs have the FAR 0.3
    place = int(np.searchsorted(curve.far, far + 1e-12, side="right")) - 1
    following = curve.thresholds[place + 1 : place + 2]
    threshold = between(curve.thresholds[place], *(following if len(following) else (None,)))
    return float(curve.tar[place]), threshold


def _equal_error(curve):
    gap = curve.far - (1 - curve.tar)  # rises from -1 to 1
    place = int(np.argmax(gap >= 0))
    before, after = gap[place - 1], gap[place]
    part = before / (before - after)
    return float(curve.far[place - 1] + part * (curve.far[place] - curve.far[place - 1]))
