"""From class numbers to what the loss compares with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class OneHot:
    """Looks like the one-hot rows of `labels`; made when indexed, so that they need no
    memory where there are many classes.

    Example:
        >>> OneHot(np.array([2, 0]), 3)[np.array([0])]
        array([[0., 0., 1.]], dtype=float32)
    """

    def __init__(self, labels: np.ndarray, classes: int):
        self.labels = labels
        self.shape = (len(labels), classes)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        labels = self.labels[index]
        rows = np.zeros((len(labels), self.shape[1]), "float32")
        rows[np.arange(len(labels)), labels] = 1
        return rows


def class_weight_table(choice: Any, labels: np.ndarray, classes: Sequence[str]):
    """The weight of each class in the loss, or None for equal ones.

    Args:
        choice: None; `"balanced"`: inversely proportional to the number of examples, on
            average 1 an example; or a dict from class name to weight, 1 where it names
            none.
        labels: Class numbers of the training examples.
        classes: Names.
    """
    if choice is None:
        return None
    if choice == "balanced":
        counts = np.bincount(labels, minlength=len(classes))
        return (len(labels) / (len(classes) * np.maximum(counts, 1))).astype("float32")
    if not isinstance(choice, Mapping):
        raise ValueError(
            f"fine_tune: class_weights must be None, 'balanced' or a dict from class name "
            f"to weight; got {choice!r}."
        )
    unknown = sorted(set(choice) - set(classes), key=str)
    if unknown:
        raise ValueError(
            f"fine_tune: class_weights must name classes of the data; {unknown} are not "
            f"among {list(classes)[:20]}."
        )
    table = np.array([float(choice.get(name, 1.0)) for name in classes], "float32")
    if not (np.isfinite(table).all() and (table >= 0).all() and table.any()):
        raise ValueError(
            f"fine_tune: class_weights must be numbers of at least 0 and not all 0; got "
            f"{dict(choice)!r}."
        )
    return table
