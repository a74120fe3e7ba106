"""A linear classifier of few positives and very many negatives: the hard ones count."""

from typing import Any

import numpy as np

# The authors' program: liblinear with -c 0.001 -B 10 -w1 2, and these thresholds.
COST = 1e-3
BIAS = 10.0
POSITIVE_WEIGHT = 2.0
HARD, EASY = -1.0001, -1.2  # scores at which a negative comes and goes
START = 1000  # negatives, drawn at random


def train_svm(
    positives: np.ndarray,
    negatives: np.ndarray,
    *,
    cost: float = COST,
    rounds: int = 10,
    seed: int = 0,
) -> np.ndarray:
    """A support vector machine by hard negative mining.

    Felzenszwalb et al. 2010, section 4.4, as in Girshick et al. 2014, section 2.3: train,
    take the negatives within the margin, drop the easy ones, again; until none is new.

    Args:
        positives: `(n, features)`.
        negatives: `(m, features)`.
        cost: C, what an example within the margin costs.
        rounds: At most so often.
        seed: Of the first negatives and of the solver.

    Returns:
        float32 `(features + 1,)`: weights, then the bias; above 0 is "positive".

    Example:
        >>> rng = np.random.default_rng(0)
        >>> apart = rng.normal(0, 1, (400, 2)) * 3
        >>> vector = train_svm(apart[:100] + [30, 0], apart[100:])
        >>> bool(vector[0] > 0), vector.shape
        (True, (3,))
    """
    start = np.random.default_rng(seed).permutation(len(negatives))[:START]
    kept = np.zeros(len(negatives), bool)
    kept[start] = True
    for _ in range(rounds):
        vector = _fit(positives, negatives[kept], cost, seed)
        scores = negatives @ vector[:-1] + vector[-1]
        hard = scores > HARD
        new = hard & ~kept
        if not new.any():
            break
        kept = hard | (kept & (scores >= EASY))
    return vector


def _fit(positives, negatives, cost, seed) -> Any:
    from sklearn.svm import LinearSVC

    machine = LinearSVC(
        C=cost,
        loss="hinge",
        intercept_scaling=BIAS,
        class_weight={1: POSITIVE_WEIGHT},
        max_iter=20_000,
        random_state=seed,
    )
    x = np.concatenate([positives, negatives])
    machine.fit(x, np.repeat([1, 0], [len(positives), len(negatives)]))
    return np.append(machine.coef_[0], machine.intercept_).astype("float32")
