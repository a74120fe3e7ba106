"""One of several classes: softmax and cross-entropy."""

import numpy as np
from keras import ops

from dlzoo.classification.evaluation import score_split, softmax
from dlzoo.classification.heads.head import Head, known
from dlzoo.classification.heads.metrics import MeanKnown
from dlzoo.visualize import confusion_matrix


class Multiclass(Head):
    """Which one of the labels holds: `-log softmax(scores)[class]`.

    Stops by accuracy.
    """

    activation = "softmax"
    metric_name = "accuracy"
    picture = "confusion_matrix"

    def __init__(self, target, values, smoothing=0.0):
        super().__init__(target, values, smoothing)
        self.outputs = len(target.labels)

    def encode(self, values):
        rows = np.zeros((len(values), self.outputs), "float32")
        there = known(values)
        rows[np.flatnonzero(there), values[there].astype(int)] = 1
        rows[~there] = np.nan
        return rows

    def losses(self, true, scores):
        true = true * (1 - self.smoothing) + self.smoothing / self.outputs
        return -ops.sum(true * ops.log_softmax(scores, axis=-1), axis=-1, keepdims=True)

    def metric(self, columns, name):
        return MeanKnown(columns, _is_right, name)

    def answers(self, scores):
        return softmax(scores)

    def decide(self, answers):
        return answers.argmax(axis=1).astype("float64")

    def evaluate(self, values, answers):
        there = known(values)
        return score_split(answers[there], values[there].astype(int), self.target.labels)

    def severity(self, values, answers):
        wrong = known(values) & (self.decide(answers) != values)
        return np.where(wrong, answers.max(axis=1), 0.0)

    def draw(self, score, values, answers, title):
        title = f"{title}: {score.accuracy:.1%} of {score.examples} images are right"
        return confusion_matrix(score.confusion, self.target.labels, title=title)


def _is_right(true, scores):
    right = ops.equal(ops.argmax(true, axis=-1), ops.argmax(scores, axis=-1))
    return ops.expand_dims(right, axis=-1)
