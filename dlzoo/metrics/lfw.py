"""The protocol of Labeled Faces in the Wild, and the files in which pairs are listed.

Huang et al. 2007, "Labeled Faces in the Wild: A Database for Studying Face Recognition in
Unconstrained Environments", UMass Amherst technical report 07-49, sections III and IV.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo.errors import DataError
from dlzoo.metrics.verification import between, checked_pairs

_SUFFIXES = (".jpg", ".png", ".jpeg")


@dataclass(frozen=True)
class LfwPair:
    """Two images: the name of a person and the number of an image, each; and the fold."""

    first: tuple[str, int]
    second: tuple[str, int]
    fold: int

    @property
    def same(self) -> bool:
        """Whether they show the same person."""
        return self.first[0] == self.second[0]


@dataclass(frozen=True)
class LfwScores:
    """Accuracy by LFW's protocol, as `0.9765 +- 0.0021`.

    Attributes:
        accuracy: The mean over the folds.
        standard_error: Of that mean (the report's S_E; many papers print the standard
            deviation over the folds, which is larger by the root of their number).
        folds: The accuracy on each.
        thresholds: What each was judged by: the best on all the others.
    """

    accuracy: float
    standard_error: float
    folds: tuple[float, ...]
    thresholds: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, e.g. for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.accuracy:.4f} +- {self.standard_error:.4f} over {len(self.folds)} folds"


def read_pairs(path: str | os.PathLike) -> tuple[LfwPair, ...]:
    """Read `pairs.txt` (ten folds), `pairsDevTrain.txt` or `pairsDevTest.txt` (one).

    The first line says how many folds (missing: one) and how many pairs of each kind a fold
    has; then come, fold by fold, lines `name n m` of the same person and `name n name m` of
    different ones, separated by tabs (or, where there is none, by blanks).

    Raises:
        DataError: The file is missing or not of this form; the line is named.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "pairs.txt"
        >>> _ = path.write_text("1\\nJoe_Doe\\t1\\t4\\nJoe_Doe\\t2\\tAnn_Lee\\t1\\n")
        >>> [(pair.first, pair.same) for pair in read_pairs(path)]
        [(('Joe_Doe', 1), True), (('Joe_Doe', 2), False)]
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the list of pairs cannot be read ({error}).") from error
    head = lines[0].split() if lines else []
    if len(head) not in (1, 2) or not all(part.isdecimal() for part in head):
        raise DataError(
            f"{path}: the first line must be the number of folds and of pairs of each kind "
            f"in a fold, e.g. '10 300', or the latter alone; got {' '.join(head)!r}."
        )
    folds, each = map(int, head if len(head) == 2 else ("1", *head))
    rows = [line for line in lines[1:] if line.strip()]
    if not folds or not each or len(rows) != 2 * folds * each:
        raise DataError(
            f"{path}: there must be {2 * folds * each} pairs, because the first line says "
            f"{' '.join(head)!r}; got {len(rows)}."
        )
    return tuple(
        _pair(path, number + 2, row, number // (2 * each), number // each % 2 == 0)
        for number, row in enumerate(rows)
    )


def lfw_image(folder: str | os.PathLike, image: tuple[str, int]) -> Path:
    """The file of an image: `folder/Joe_Doe/Joe_Doe_0004.jpg` of `("Joe_Doe", 4)`.

    Raises:
        DataError: There is none, also not as PNG, or the name leads out of the folder.
    """
    name, number = image
    if Path(name).name != name:
        raise DataError(f"{folder}: {name!r} is no name of a person, but a path.")
    start = Path(folder) / name / f"{name}_{number:04d}"
    for suffix in _SUFFIXES:
        if (path := start.with_name(start.name + suffix)).is_file():
            return path
    raise DataError(f"{start}.jpg: there is no such image (nor .png), but a pair names it.")


def lfw_scores(distances: Any, same: Any, folds: Any) -> LfwScores:
    """Accuracy on each fold, with the threshold that is best on all others.

    Args:
        distances, same: As in `dlzoo.metrics.roc`.
        folds: `(pairs,)`, the number of the fold of each.

    Raises:
        ValueError: The three do not fit, or there are fewer than two folds.

    Example:
        >>> distances, same = [0.1, 0.8, 0.2, 0.9], [True, False, True, False]
        >>> print(lfw_scores(distances, same, folds=[0, 0, 1, 1]))
        1.0000 +- 0.0000 over 2 folds
    """
    distances, same = checked_pairs("lfw_scores", distances, same)
    folds = np.asarray(folds)
    numbers = np.unique(folds)
    if folds.shape != same.shape or len(numbers) < 2:
        raise ValueError(
            f"lfw_scores: folds must give each pair one of at least two folds, because the "
            f"threshold comes from the others; got {len(numbers)} in shape {folds.shape}."
        )
    thresholds, scores = [], []
    for number in numbers:
        inside = folds == number
        thresholds.append(best_threshold(distances[~inside], same[~inside]))
        scores.append(float(((distances <= thresholds[-1]) == same)[inside].mean()))
    spread = np.std(scores, ddof=1) / np.sqrt(len(scores))
    return LfwScores(float(np.mean(scores)), float(spread), tuple(scores), tuple(thresholds))


def best_threshold(distances: Any, same: Any) -> float:
    """The threshold with the highest accuracy on these pairs; of several the middle one.

    Example:
        >>> best_threshold([0.1, 0.3, 0.5, 0.9], [True, True, False, False])
        0.4
    """
    distances, same = np.asarray(distances, np.float64), np.asarray(same, bool)
    order = np.argsort(distances, kind="stable")
    ahead = np.concatenate([[-np.inf], distances[order]])
    # The gain of accepting one pair more; pairs at one distance are accepted together.
    right = np.concatenate([[0], np.cumsum(np.where(same[order], 1, -1))])
    cuts = np.flatnonzero(np.append(ahead[1:] > ahead[:-1], True))
    best = cuts[right[cuts] == right[cuts].max()]
    cut = int(best[len(best) // 2])
    return between(ahead[cut], ahead[cut + 1] if cut + 1 < len(ahead) else None)


def _pair(path, line, row, fold, same):
    """The pair of a line; matched ones come first in a fold."""
    parts = row.split("\t") if "\t" in row else row.split()
    parts = [part.strip() for part in parts]
    numbers = parts[1:] if same else parts[1::2]
    if len(parts) != (3 if same else 4) or not all(part.isdecimal() for part in numbers):
        form = "name n m" if same else "name n name m"
        raise DataError(f"{path}, line {line}: must be {form!r} here; got {row!r}.")
    first, second = (parts[0], parts[0]) if same else parts[::2]
    if not same and first == second:
        raise DataError(f"{path}, line {line}: must be of different people here; got {row!r}.")
    return LfwPair((first, int(numbers[0])), (second, int(numbers[1])), fold)
