"""The marks of a head on a split: for people as rows of a table, for programs as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_fscore_support,
    r2_score,
    roc_auc_score,
)

_TINY = np.finfo("float32").tiny  # so that a probability of 0 has a logarithm


@dataclass(frozen=True)
class BinaryScore:
    """How well a yes-or-no question is answered.

    Attributes:
        examples: Images for which the answer is known.
        accuracy: Fraction that is right.
        precision, recall, f1: Of the second answer ("yes").
        average_precision: Area under precision against recall; None without both answers.
        roc_auc: Probability that a "yes" gets more than a "no"; None likewise.
        loss: Mean cross-entropy, in nats.
        confusion: `confusion[true][predicted]`: number of images.
    """

    examples: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    average_precision: float | None
    roc_auc: float | None
    loss: float
    confusion: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, true: np.ndarray, probabilities: np.ndarray) -> "BinaryScore":
        """From answers 0 or 1 and the probabilities of 1, both `(examples,)`."""
        answered = (probabilities > 0.5).astype(int)
        label = LabelScore.of("", true, probabilities)
        both = 0 < true.sum() < len(true)
        confusion = confusion_matrix(true, answered, labels=[0, 1])
        return cls(
            examples=len(true),
            accuracy=float((answered == true).mean()),
            precision=label.precision,
            recall=label.recall,
            f1=label.f1,
            average_precision=label.average_precision if both else None,
            roc_auc=float(roc_auc_score(true, probabilities)) if both else None,
            loss=float(binary_cross_entropy(true, probabilities).mean()),
            confusion=tuple(tuple(row) for row in confusion.tolist()),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BinaryScore":
        """Back from `asdict` or JSON."""
        confusion = tuple(tuple(row) for row in values["confusion"])
        return cls(**{**values, "confusion": confusion})


@dataclass(frozen=True)
class LabelScore:
    """How well one label is recognised.

    Attributes:
        name: Of the label.
        precision, recall, f1: Answered from a probability of one half.
        average_precision: Area under precision against recall; None where no image has
            the label.
        support: Images that have the label.
    """

    name: str
    precision: float
    recall: float
    f1: float
    average_precision: float | None
    support: int

    @classmethod
    def of(cls, name: str, true: np.ndarray, probabilities: np.ndarray) -> "LabelScore":
        """From 0 or 1 and the probabilities of 1, both `(examples,)`, without holes."""
        true = true.astype(int)
        if not len(true):
            return cls(name, 0.0, 0.0, 0.0, None, 0)
        answered = (probabilities > 0.5).astype(int)
        precision, recall, f1, _ = precision_recall_fscore_support(
            true, answered, average="binary", zero_division=0
        )
        area = average_precision_score(true, probabilities) if true.any() else None
        return cls(
            name,
            float(precision),
            float(recall),
            float(f1),
            None if area is None else float(area),
            int(true.sum()),
        )


@dataclass(frozen=True)
class MultilabelScore:
    """How well labels that may hold together are recognised.

    Attributes:
        examples: Images for which at least one label is known.
        exact_match: Fraction with every known label right.
        label_accuracy: Fraction of all labels of all images that is right.
        macro_f1: Mean F1 of the labels.
        micro_f1: F1 of all labels of all images together.
        mean_average_precision: Mean over the labels that occur; None where none does.
        loss: Mean binary cross-entropy, in nats.
        labels: Scores of each.
    """

    examples: int
    exact_match: float
    label_accuracy: float
    macro_f1: float
    micro_f1: float
    mean_average_precision: float | None
    loss: float
    labels: tuple[LabelScore, ...]

    @classmethod
    def of(
        cls, true: np.ndarray, probabilities: np.ndarray, names: Sequence[str]
    ) -> "MultilabelScore":
        """From rows of 0, 1 and NaN (not known) and probabilities, `(examples, labels)`."""
        there = ~np.isnan(true)
        rows = there.any(axis=1)
        true, probabilities, there = true[rows], probabilities[rows], there[rows]
        right = (probabilities > 0.5) == (true == 1)
        labels = tuple(
            LabelScore.of(name, true[there[:, i], i], probabilities[there[:, i], i])
            for i, name in enumerate(names)
        )
        areas = [x.average_precision for x in labels if x.average_precision is not None]
        return cls(
            examples=len(true),
            exact_match=float((right | ~there).all(axis=1).mean()),
            label_accuracy=float(right[there].mean()),
            macro_f1=float(np.mean([label.f1 for label in labels])),
            micro_f1=LabelScore.of("", true[there], probabilities[there]).f1,
            mean_average_precision=float(np.mean(areas)) if areas else None,
            loss=float(binary_cross_entropy(true, probabilities)[there].mean()),
            labels=labels,
        )

    @property
    def accuracy(self) -> float:
        """For the diagnosis: of single labels."""
        return self.label_accuracy

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "MultilabelScore":
        """Back from `asdict` or JSON."""
        labels = tuple(LabelScore(**label) for label in values["labels"])
        return cls(**{**values, "labels": labels})


@dataclass(frozen=True)
class RegressionScore:
    """How well a quantity is estimated, in its own unit.

    Attributes:
        examples: Images for which it is known.
        mae: Mean absolute error.
        rmse: Root of the mean squared error.
        bias: Mean of answer minus truth.
        r2: 1 minus squared error over variance: 1 is perfect, 0 what the mean of this
            split would get; None where all values are equal.
    """

    examples: int
    mae: float
    rmse: float
    bias: float
    r2: float | None

    @classmethod
    def of(cls, true: np.ndarray, answers: np.ndarray) -> "RegressionScore":
        """From values and answers, both `(examples,)`."""
        error = answers.astype("float64") - true
        different = len(np.unique(true)) > 1
        return cls(
            examples=len(true),
            mae=float(np.abs(error).mean()),
            rmse=float(np.sqrt(np.square(error).mean())),
            bias=float(error.mean()),
            r2=float(r2_score(true, answers)) if different else None,
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RegressionScore":
        """Back from `asdict` or JSON."""
        return cls(**values)


def binary_cross_entropy(true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """`-log p` where true is 1 and `-log(1 - p)` where it is 0; NaN stays.

    Example:
        >>> binary_cross_entropy(np.array([1.0, 0.0]), np.array([0.5, 0.0])).round(3)
        array([ 0.693, -0.   ])
    """
    probabilities = probabilities.astype("float64")
    of_true = true * probabilities + (1 - true) * (1 - probabilities)
    return -np.log(np.maximum(of_true, _TINY))
