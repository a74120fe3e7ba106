"""A quantity: learnt in standard units, answered in its own."""

import numpy as np
from keras import ops

from dlzoo.classification.heads.head import Head, known, rescaling
from dlzoo.classification.heads.metrics import MeanKnown
from dlzoo.classification.heads.scores import RegressionScore
from dlzoo.visualize import true_against_predicted


class Regression(Head):
    """A number: squared error in units of the standard deviation of the training values.

    `y = mean + std * score`, both of the training values; the finished model computes this
    itself. Stops by `-RMSE / std`: 0 is perfect, -1 what the mean would get.

    Attributes:
        mean, std: Of the training values.
    """

    activation = "linear"
    metric_name = "rmse"
    picture = "true_against_predicted"

    def __init__(self, target, values, smoothing=0.0):
        super().__init__(target, values)
        there = np.asarray(values, "float64")[known(values)]
        self.mean, self.std = float(there.mean()), float(there.std())

    def encode(self, values):
        return super().encode((values - self.mean) / self.std)

    def losses(self, true, scores):
        return ops.square(scores - true)

    def metric(self, columns, name):
        return MeanKnown(columns, self.losses, name, after=self._rmse)

    def merit(self, metric):
        return -metric / self.std

    def answers(self, scores):
        return self.mean + self.std * scores

    def finish(self, scores, name):
        layer = rescaling(self.std, self.mean, f"{name}_unit")
        return super().finish(layer(scores), name)

    def decide(self, answers):
        return answers[:, 0].astype("float64")

    def evaluate(self, values, answers):
        there = known(values)
        return RegressionScore.of(values[there], answers[there, 0])

    def severity(self, values, answers):
        error = np.abs(self.decide(answers) - values) / self.std
        return np.nan_to_num(error)

    def draw(self, score, values, answers, title):
        there = known(values)
        title = f"{title}: RMSE {score.rmse:.4g} on {score.examples} images"
        return true_against_predicted(
            values[there], answers[there, 0], title=title, name=self.target.name
        )

    def _rmse(self, mean_square):
        return self.std * ops.sqrt(mean_square)
