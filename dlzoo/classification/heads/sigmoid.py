"""What yes-or-no questions share: the sigmoid and its cross-entropy."""

import numpy as np
from keras import ops

from dlzoo.classification.heads.head import Head


class Sigmoid(Head):
    """A score for each yes-or-no question, all by themselves.

    The loss is `log(1 + exp(s)) - t s` with score `s` and target `t`, the cross-entropy of
    `sigmoid(s)` in a form that does not overflow.
    """

    activation = "sigmoid"

    def losses(self, true, scores):
        smooth = true * (1 - self.smoothing) + self.smoothing / 2
        losses = ops.softplus(scores) - smooth * scores
        if self.weights is None:
            return losses
        no, yes = (ops.convert_to_tensor(weight) for weight in self.weights)
        return losses * (true * yes + (1 - true) * no)

    def answers(self, scores):
        return sigmoid(scores)

    def balance(self, values):
        """Weights of no and of yes: two arrays of one number a question."""
        rows = values.reshape(len(values), -1)
        counts = np.array([(rows == 0).sum(axis=0), (rows == 1).sum(axis=0)])
        return (counts.sum(axis=0) / (2 * np.maximum(counts, 1))).astype("float32")


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """Probability from a logit, without overflow.

    Example:
        >>> sigmoid(np.array([-1000.0, 0.0]))
        array([0. , 0.5])
    """
    powers = np.exp(-np.abs(scores))
    return np.where(scores >= 0, 1.0, powers) / (1 + powers)
