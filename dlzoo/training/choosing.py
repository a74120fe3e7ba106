"""Choosing a network: one metric to optimise, others that need only be good enough."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlzoo._text import columns

Candidates = Mapping[str, Mapping[str, float]]
Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class Choice:
    """Which candidate was chosen, and why not the others.

    Attributes:
        name: Of the best candidate.
        metrics: Its metrics.
        ranking: The candidates that satisfy every constraint, the best first.
        rejected: The others -> what is wrong with each.
        ties: Candidates as good as the best; it was given before them.
        objective: The metric that was optimised.
        table: The metrics of every candidate.
    """

    name: str
    metrics: dict[str, float]
    ranking: tuple[str, ...]
    rejected: dict[str, tuple[str, ...]]
    ties: tuple[str, ...]
    objective: str
    table: dict[str, dict[str, float]]

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "metrics": dict(self.metrics),
            "ranking": list(self.ranking),
            "rejected": {name: list(reasons) for name, reasons in self.rejected.items()},
            "ties": list(self.ties),
            "objective": self.objective,
        }

    def __str__(self) -> str:
        names = list(dict.fromkeys(key for row in self.table.values() for key in row))
        rows = [["candidate", *names, ""]]
        for candidate in (*self.ranking, *self.rejected):
            metrics = self.table[candidate]
            values = [f"{metrics[key]:.6g}" if key in metrics else "-" for key in names]
            if candidate in self.rejected:
                remark = "; ".join(self.rejected[candidate])
            elif candidate == self.name:
                remark = "<- chosen"
            else:
                remark = "as good" if candidate in self.ties else ""
            rows.append([candidate, *values, remark])
        return columns(rows, right=range(1, len(names) + 1))


def choose(
    candidates: Candidates,
    maximise: str | None = None,
    *,
    minimise: str | None = None,
    subject_to: Mapping[str, Any] | None = None,
) -> Choice:
    """The best by one metric among those that are good enough by the others.

    The course's advice: make one metric the *optimising* one, and give the others a limit
    that is enough to meet (*satisficing* metrics).

    Args:
        candidates: Name -> metrics by name.
        maximise: The optimising metric, if more is better.
        minimise: The same, if less is better; one of the two.
        subject_to: Satisficing metric -> its highest value, or `(lowest, highest)` with
            None for "any": `{"latency_ms": 100, "recall": (0.9, None)}`.

    Returns:
        A `Choice`. Among equals the candidate given first is chosen. What is not a number
        is never good enough.

    Raises:
        ValueError: No candidate satisfies the constraints (the message says what each
            fails by), one lacks a metric, or the arguments contradict each other.

    Example:
        >>> cats = {
        ...     "A": {"accuracy": 0.90, "ms": 80},
        ...     "B": {"accuracy": 0.92, "ms": 95},
        ...     "C": {"accuracy": 0.95, "ms": 1500},
        ... }
        >>> print(choose(cats, maximise="accuracy", subject_to={"ms": 100}))
        candidate  accuracy    ms
        B              0.92    95  <- chosen
        A               0.9    80
        C              0.95  1500  ms 1500 is above 100
    """
    if (maximise is None) == (minimise is None):
        raise ValueError(
            f"choose: either maximise or minimise must name the optimising metric; "
            f"got maximise={maximise!r}, minimise={minimise!r}."
        )
    objective = str(maximise or minimise)
    limits = {name: _bounds(name, limit) for name, limit in (subject_to or {}).items()}
    table = {
        name: _numbers(name, metrics, {objective, *limits})
        for name, metrics in candidates.items()
    }
    if not table:
        raise ValueError("choose: there must be at least one candidate; got none.")
    reasons = {name: _reasons(row, objective, limits) for name, row in table.items()}
    rejected = {name: found for name, found in reasons.items() if found}
    if len(rejected) == len(table):
        lines = [f"  {name}: {'; '.join(found)}" for name, found in rejected.items()]
        raise ValueError(
            "\n".join(
                [
                    f"choose: no candidate satisfies subject_to={dict(subject_to or {})}:",
                    *lines,
                    "Loosen a limit, or find other candidates.",
                ]
            )
        )
    sign = -1 if maximise else 1
    good = [name for name in table if name not in rejected]
    ranking = tuple(sorted(good, key=lambda name: sign * table[name][objective]))
    best = ranking[0]
    equal = table[best][objective]
    ties = tuple(name for name in ranking[1:] if table[name][objective] == equal)
    return Choice(best, table[best], ranking, rejected, ties, objective, table)


def weighted_error(labels: Any, predictions: Any, weights: Any) -> float:
    """The share of wrong answers, in which some examples count more than others.

    `sum(w[i] * (prediction[i] != label[i])) / sum(w)`: the course's remedy for a classifier
    with the lowest error that makes mistakes of a kind that must not happen.

    Args:
        labels, predictions: The class of each example, `(n,)`.
        weights: At least 0: a number an example, `(n,)`, or class of the label -> number
            (1 for classes that are not named).

    Returns:
        0 to 1.

    Raises:
        ValueError: The lengths differ, or a weight is negative or no number, or all are 0.

    Example:
        >>> labels, predictions = ["cat", "other", "porn"], ["cat", "cat", "cat"]
        >>> weighted_error(labels, predictions, {"porn": 10})  # (1 + 10) / (1 + 1 + 10)
        0.9166666666666666
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if isinstance(weights, Mapping):
        strangers = sorted(str(key) for key in set(weights) - set(labels.tolist()))
        if strangers and len(strangers) == len(weights):
            raise ValueError(f"weighted_error: no label is one of {strangers}.")
        weights = [weights.get(label, 1.0) for label in labels.tolist()]
    weights = np.asarray(weights, dtype=np.float64)
    if not labels.shape == predictions.shape == weights.shape or labels.ndim != 1:
        raise ValueError(
            f"weighted_error: labels, predictions and weights must have the same length; "
            f"got the shapes {labels.shape}, {predictions.shape} and {weights.shape}."
        )
    if not (weights >= 0).all() or not 0 < weights.sum() < math.inf:
        raise ValueError(
            "weighted_error: weights must be finite, at least 0, and not all 0; got "
            f"{weights.min(initial=0):g} to {weights.max(initial=0):g}."
        )
    return float(weights[labels != predictions].sum() / weights.sum())


def _bounds(name, limit) -> Bounds:
    low, high = limit if isinstance(limit, tuple) and len(limit) == 2 else (None, limit)
    for bound in (low, high):
        number = isinstance(bound, int | float) and not isinstance(bound, bool)
        if bound is not None and (not number or math.isnan(bound)):
            raise ValueError(
                f"choose: a limit must be the highest value, or (lowest, highest); got "
                f"{limit!r} for {name!r}."
            )
    return low, high


def _numbers(name, metrics, needed):
    """The metrics of a candidate as floats."""
    missing = sorted(needed - set(metrics))
    if missing:
        raise ValueError(
            f"choose: candidate {name!r} must have the metrics {missing}; it has "
            f"{sorted(metrics)}."
        )
    return {key: float(value) for key, value in metrics.items()}


def _reasons(metrics, objective, limits):
    """What keeps a candidate from being chosen."""
    bad = [f"{objective} is {metrics[objective]:g}"] if math.isnan(metrics[objective]) else []
    for name, (low, high) in limits.items():
        value = metrics[name]
        if math.isnan(value):
            bad.append(f"{name} is nan")
        elif low is not None and value < low:
            bad.append(f"{name} {value:g} is below {low:g}")
        elif high is not None and value > high:
            bad.append(f"{name} {value:g} is above {high:g}")
    return tuple(dict.fromkeys(bad))
