"""Where the error comes from, and what the course says to do about it.

Errors are fractions of wrong answers, 0 to 1. From one data set to the next the error
grows, and each step has its own name:

    human error                  (stands for the best that is possible)
      -> train       avoidable bias
      -> train-dev   variance: same distribution, but not learnt from
      -> dev         data mismatch: another distribution
      -> test        over-fitting of the dev set

Without a train-dev set the step from train to dev counts as variance.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dlzoo._checks import check_between

SMALL = 0.015  # a step of at most one and a half points is no problem ...
SHARE = 0.5  # ... and only those that are at least half of the largest are named with it

REMEDIES = {
    "avoidable bias": (
        "train a bigger network, or more of its layers",
        "train longer, or with another optimizer or learning rate",
        "look for another architecture",
    ),
    "variance": (
        "get more data, or augment it more strongly",
        "regularise: weight decay, dropout, label smoothing, earlier stopping",
        "train fewer layers, or a smaller network",
    ),
    "data mismatch": (
        "look at the mistakes and find out how dev differs from train",
        "make the training data more like dev: collect, or synthesise such images",
    ),
    "over-fitting of the dev set": ("get a larger dev set: decisions were fitted to this one",),
}


@dataclass(frozen=True)
class Diagnosis:
    """Steps of the error and what they mean.

    Attributes:
        errors: Data set to error, 0 to 1; only those that are known.
        steps: Problem to the step of the error that shows it; can be negative.
        problems: The steps worth working on, the largest first; empty if all is well.
        remedies: What to try, for the first of the problems.
        human_known: False if 0 was taken for the human error.
    """

    errors: dict[str, float]
    steps: dict[str, float]
    problems: tuple[str, ...]
    remedies: tuple[str, ...]
    human_known: bool

    @property
    def largest(self) -> str | None:
        """The problem to work on first; None if all is well."""
        return self.problems[0] if self.problems else None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        errors = ", ".join(f"{name} {error:.1%}" for name, error in self.errors.items())
        lines = [f"Error: {errors}"]
        for problem, step in self.steps.items():
            mark = "  <- largest" if problem == self.largest else ""
            lines.append(f"  {problem:<28}{100 * step:+6.1f} points{mark}")
        if self.largest is None:
            lines.append("No step is large: nothing stands out to be worked on.")
        else:
            lines.append(f"Work on {' and '.join(self.problems)} first. To try:")
            lines.extend(f"  - {remedy}" for remedy in self.remedies)
        if not self.human_known:
            lines.append(
                "Human error is not known; bias is measured from 0. If people err, too, "
                "give their error (human_error=0.05), or bias looks larger than it is."
            )
        return "\n".join(lines)


def diagnose(
    *,
    human: float | None = None,
    train: float,
    train_dev: float | None = None,
    dev: float,
    test: float | None = None,
) -> Diagnosis:
    """Split an error into avoidable bias, variance, data mismatch, dev over-fitting.

    Args:
        human: Error of people (of the best, as an estimate of the least possible).
        train, train_dev, dev, test: Error on each data set, 0 to 1.

    Example:
        >>> print(diagnose(human=0.0, train=0.01, dev=0.11))
        Error: human 0.0%, train 1.0%, dev 11.0%
          avoidable bias                +1.0 points
          variance                     +10.0 points  <- largest
        Work on variance first. To try:
          - get more data, or augment it more strongly
          - regularise: weight decay, dropout, label smoothing, earlier stopping
          - train fewer layers, or a smaller network
    """
    given = {
        "human": human,
        "train": train,
        "train-dev": train_dev,
        "dev": dev,
        "test": test,
    }
    errors = {name: error for name, error in given.items() if error is not None}
    for name, error in errors.items():
        check_between("diagnose", name, error, 0, 1)
    steps = {"avoidable bias": train - (human or 0.0)}
    if train_dev is None:
        steps["variance"] = dev - train
    else:
        steps["variance"] = train_dev - train
        steps["data mismatch"] = dev - train_dev
    if test is not None:
        steps["over-fitting of the dev set"] = test - dev
    largest = max(steps.values())
    problems = tuple(
        name
        for name, step in sorted(steps.items(), key=lambda item: -item[1])
        if step > SMALL and step >= SHARE * largest
    )
    remedies = REMEDIES[problems[0]] if problems else ()
    return Diagnosis(errors, steps, problems, remedies, human is not None)


def diagnose_by_split(errors: Mapping[str, float], human_error: float | None) -> Diagnosis:
    """The same from errors by split; without a dev set, the test set takes its place."""
    errors = dict(errors)
    if "dev" not in errors:
        errors["dev"] = errors.pop("test", errors["train"])
    return diagnose(
        human=human_error,
        train=errors["train"],
        train_dev=errors.get("train_dev"),
        dev=errors["dev"],
        test=errors.get("test"),
    )
