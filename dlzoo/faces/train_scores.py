"""How well embeddings tell people apart whom the network has never seen."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dlzoo.faces.train_report import FaceScore
from dlzoo.metrics import auc, verification_scores

MOST = 1500  # images whose pairs are looked at: a million pairs
_FAR = 0.01
_SHOTS = 10  # images of each that are enrolled in turn, at most

Distances = Callable[[np.ndarray, np.ndarray], np.ndarray]


def sampled(labels: np.ndarray, most: int = MOST, seed: int = 0) -> np.ndarray:
    """Numbers of the images whose pairs are looked at: all, or those of some people, whole.

    Example:
        >>> labels = np.repeat(np.arange(50), 4)
        >>> chosen = sampled(labels, most=10)
        >>> len(chosen), len(np.unique(labels[chosen]))
        (8, 2)
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    names, counts = np.unique(labels, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    enough = max(2, int(np.searchsorted(np.cumsum(counts[order]), most, side="right")))
    return np.flatnonzero(np.isin(labels, names[order[:enough]]))


def pairs_of(distances: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every two images once: their distances, and whether both are the same person."""
    first, second = np.triu_indices(len(labels), 1)
    return distances[first, second], labels[first] == labels[second]


def one_shot_accuracy(distances: np.ndarray, labels: np.ndarray) -> float:
    """How many are recognised with one image of each person enrolled.

    All other images are compared with the enrolled ones, and the nearest says who it is; the
    mean over enrolling everybody's first image, everybody's second, and so on (where one has
    fewer, his first again).

    Args:
        distances: `(n, n)`, between all images.
        labels: `(n,)`, who is on them.

    Example:
        >>> places = np.array([0.0, 1.0, 5.0, 2.0])
        >>> apart = np.abs(places[:, None] - places)
        >>> one_shot_accuracy(apart, np.array([7, 7, 8, 8]))   # 1 of 2, then 2 of 2
        0.75
    """
    images = [np.flatnonzero(labels == name) for name in np.unique(labels)]
    shots = min(max(map(len, images)), _SHOTS)
    accuracies = []
    for shot in range(shots):
        enrolled = np.array([mine[shot % len(mine)] for mine in images])
        others = np.setdiff1d(np.arange(len(labels)), enrolled)
        nearest = enrolled[distances[np.ix_(others, enrolled)].argmin(axis=1)]
        accuracies.append((labels[nearest] == labels[others]).mean())
    return float(np.mean(accuracies))


def quick_scores(apart: Distances, vectors: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """What is measured after every epoch: AUC of pairs, and how far both kinds lie apart.

    `separation` is the difference of their mean distances in standard deviations (d'), which
    still tells networks apart where the AUC is 1.
    """
    distances, same = pairs_of(apart(vectors, vectors), labels)
    mine, others = distances[same], distances[~same]
    deviation = np.sqrt((mine.var() + others.var()) / 2)
    separation = (others.mean() - mine.mean()) / max(deviation, 1e-12)
    return {"auc": auc(distances, same), "separation": float(separation)}


def score_people(apart: Distances, vectors: np.ndarray, labels: np.ndarray) -> FaceScore:
    """All scores of a split."""
    matrix = apart(vectors, vectors)
    distances, same = pairs_of(matrix, labels)
    found = verification_scores(distances, same, fars=(_FAR,))
    return FaceScore(
        people=len(np.unique(labels)),
        images=len(labels),
        same=found.same,
        different=found.different,
        auc=found.auc,
        eer=found.eer,
        tar=found.tar_at_far[0][1],
        one_shot=one_shot_accuracy(matrix, labels),
        same_distance=float(distances[same].mean()),
        different_distance=float(distances[~same].mean()),
    )


def hardest_pairs(matrix: np.ndarray, labels: np.ndarray, count: int) -> list[Any]:
    """The pairs that are the most mistaken: (distance, number, number, same), in turns.

    Args:
        matrix: `(n, n)` distances.
        labels: `(n,)`.
        count: Of each kind.
    """
    first, second = np.triu_indices(len(labels), 1)
    distances, same = matrix[first, second], labels[first] == labels[second]
    far = np.flatnonzero(same)[np.argsort(-distances[same], kind="stable")[:count]]
    near = np.flatnonzero(~same)[np.argsort(distances[~same], kind="stable")[:count]]
    return [
        (float(distances[i]), int(first[i]), int(second[i]), bool(same[i]))
        for i in (*far, *near)
    ]
