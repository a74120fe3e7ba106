"""Yes or no: one sigmoid."""

import numpy as np
from keras import ops

from dlzoo.classification.heads.head import Head, known
from dlzoo.classification.heads.metrics import MeanKnown
from dlzoo.classification.heads.multilabel import sigmoid
from dlzoo.classification.heads.scores import BinaryScore
from dlzoo.visualize import confusion_matrix


class Binary(Head):
    """The probability of the second of two answers, from one score.

    The loss is the cross-entropy of `sigmoid(score)`, as in `Multilabel`. Stops by
    accuracy.
    """

    activation = "sigmoid"
    metric_name = "accuracy"
    picture = "confusion_matrix"

    def losses(self, true, scores):
        true = true * (1 - self.smoothing) + self.smoothing / 2
        return ops.softplus(scores) - true * scores

    def metric(self, columns, name):
        return MeanKnown(columns, _is_right, name)

    def answers(self, scores):
        return sigmoid(scores)

    def decide(self, answers):
        return (answers[:, 0] > 0.5).astype("float64")

    def evaluate(self, values, answers):
        there = known(values)
        return BinaryScore.of(values[there].astype(int), answers[there, 0])

    def severity(self, values, answers):
        wrong = known(values) & (self.decide(answers) != values)
        return np.where(wrong, np.abs(answers[:, 0] - np.nan_to_num(values)), 0.0)

    def draw(self, score, values, answers, title):
        title = f"{title}: {score.accuracy:.1%} of {score.examples} images are right"
        return confusion_matrix(score.confusion, self.target.labels, title=title)


def _is_right(true, scores):
    return ops.equal(true > 0.5, scores > 0)
