"""Any of several labels: a sigmoid and a binary cross-entropy each."""

import numpy as np

from dlzoo.classification.heads.head import known
from dlzoo.classification.heads.metrics import MacroF1
from dlzoo.classification.heads.scores import MultilabelScore, binary_cross_entropy
from dlzoo.classification.heads.sigmoid import Sigmoid
from dlzoo.visualize import label_scores


class Multilabel(Sigmoid):
    """Which of the labels hold, each by itself; answered from a probability of one half.

    Stops by macro F1.
    """

    metric_name = "f1"
    picture = "labels"

    def metric(self, columns, name):
        return MacroF1(columns, name)

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
