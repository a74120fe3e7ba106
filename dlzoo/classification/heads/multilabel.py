"""Any of several labels: a sigmoid and a binary cross-entropy each."""

import numpy as np
from keras import ops

from dlzoo.classification.heads.head import Head, known
from dlzoo.classification.heads.metrics import MacroF1
from dlzoo.classification.heads.scores import MultilabelScore, binary_cross_entropy
from dlzoo.visualize import label_scores


class Multilabel(Head):
    """Which of the labels hold, each by itself; answered from a probability of one half.

    The loss of a label is `log(1 + exp(s)) - t s` with score `s` and target `t`, the
    cross-entropy of `sigmoid(s)` in a form that does not overflow. Stops by macro F1.
    """

    activation = "sigmoid"
    metric_name = "f1"
    picture = "labels"

    def losses(self, true, scores):
        true = true * (1 - self.smoothing) + self.smoothing / 2
        return ops.softplus(scores) - true * scores

    def metric(self, columns, name):
        return MacroF1(columns, name)

    def answers(self, scores):
        return sigmoid(scores)

    def decide(self, answers):
        return (answers > 0.5).astype("float64")

    def evaluate(self, values, answers):
        return MultilabelScore.of(values, answers, self.target.labels)

    def severity(self, values, answers):
        wrong = ~np.isnan(values) & (self.decide(answers) != values)
        loss = np.nan_to_num(binary_cross_entropy(values, answers))
        return np.where(wrong.any(axis=1) & known(values), loss.mean(axis=1), 0.0)

    def draw(self, score, values, answers, title):
        title = f"{title}: macro F1 {score.macro_f1:.1%} on {score.examples} images"
        return label_scores(score.labels, title=title)


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """Probability from a logit, without overflow.

    Example:
        >>> sigmoid(np.array([-1000.0, 0.0]))
        array([0. , 0.5])
    """
    powers = np.exp(-np.abs(scores))
    return np.where(scores >= 0, 1.0, powers) / (1 + powers)
