"""From probabilities to scores, mistakes and the diagnosis."""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from dlzoo.classification.report import ClassScore, Mistake, SplitScore
from dlzoo.data import Examples
from dlzoo.training import Diagnosis
from dlzoo.training.diagnosis import diagnose_by_split

_TINY = np.finfo("float32").tiny  # so that a probability of 0 has a logarithm


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities from logits, along the last axis.

    Example:
        >>> softmax(np.array([[1000.0, 1000.0]]))
        array([[0.5, 0.5]])
    """
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def score_split(
    probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> SplitScore:
    """Accuracy, cross-entropy, precision, recall and F1 a class, confusion matrix.

    Args:
        probabilities: `(examples, classes)`.
        labels: Class numbers, `(examples,)`.
        classes: Names.
    """
    predicted = probabilities.argmax(axis=1)
    numbers = np.arange(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=numbers, zero_division=0
    )
    of_true = probabilities[np.arange(len(labels)), labels]
    scores = tuple(
        ClassScore(name, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
        for i, name in enumerate(classes)
    )
    confusion = confusion_matrix(labels, predicted, labels=numbers)
    return SplitScore(
        examples=len(labels),
        accuracy=float((predicted == labels).mean()),
        loss=float(-np.log(np.maximum(of_true, _TINY)).mean()),
        classes=scores,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def worst_mistakes(
    split: str,
    examples: Examples,
    probabilities: np.ndarray,
    classes: Sequence[str],
    count: int,
) -> list[Mistake]:
    """The wrong answers that the network was surest of, the surest first."""
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != examples.labels)
    confidence = probabilities.max(axis=1)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    return [
        Mistake(
            split=split,
            path=str(examples.paths[i]),
            true=classes[examples.labels[i]],
            predicted=classes[predicted[i]],
            probability=float(confidence[i]),
            probability_of_true=float(probabilities[i, examples.labels[i]]),
        )
        for i in order
    ]


def diagnose_splits(splits: Mapping[str, SplitScore], human_error: float | None) -> Diagnosis:
    """The course's diagnosis from the accuracy on each split.

    Without a dev set, the test set takes its place.
    """
    return diagnose_by_split(
        {k: 1 - score.accuracy for k, score in splits.items()}, human_error
    )
