"""One class an image, as folders have it: softmax, cross-entropy, accuracy."""

from collections.abc import Mapping
from typing import Any

import keras

from dlzoo.classification.evaluation import (
    diagnose_splits,
    score_split,
    softmax,
    worst_mistakes,
)
from dlzoo.classification.image_task import ImageTask
from dlzoo.classification.report import Report
from dlzoo.classification.settings import ClassSettings
from dlzoo.classification.targets import OneHot, class_weight_table
from dlzoo.data import ImageDataset, read_image
from dlzoo.visualize import confusion_matrix, gallery, save_figure

_MISTAKES = 10


class ClassTask(ImageTask):
    """Which of the classes an image belongs to."""

    dataset: ImageDataset
    curves = ("loss", "accuracy")

    def __init__(self, dataset: ImageDataset, settings: ClassSettings, human_error: Any):
        super().__init__(dataset, settings, human_error)
        self.outputs = len(dataset.classes)
        self._class_weights = class_weight_table(
            settings.class_weights, dataset.splits["train"].labels, dataset.classes
        )

    @property
    def takes_human_error(self):
        return not isinstance(self.human_error, Mapping)

    def targets(self, split):
        return OneHot(self.dataset.splits[split].labels, self.outputs)

    def weights(self, split):
        if self._class_weights is None or split != "train":
            return None
        return self._class_weights[self.dataset.splits[split].labels]

    def loss(self):
        return keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=self.settings.label_smoothing
        )

    def metrics(self):
        return [keras.metrics.CategoricalAccuracy(name="accuracy")]

    def score(self, logs):
        """Accuracy on dev; of equal ones, the lower loss is better."""
        return logs["val_accuracy"], -logs["val_loss"]

    def answers(self, scores):
        return softmax(scores)

    def finished(self, network):
        return network.finished(self.dataset.classes)

    def report(self, answers, **facts):
        classes = self.dataset.classes
        scores, mistakes = {}, {}
        for split, examples in self.dataset.splits.items():
            given = answers[split]
            scores[split] = score_split(given, examples.labels, classes)
            mistakes[split] = worst_mistakes(split, examples, given, classes, _MISTAKES)
        shown = [*mistakes.get("dev", ()), *mistakes.get("test", ())][:_MISTAKES]
        diagnosis = diagnose_splits(scores, self.human_error)
        return Report(
            classes=classes,
            splits=scores,
            diagnosis=diagnosis,
            mistakes=tuple(shown),
            **facts,
        )

    def report_from(self, values):
        return Report.from_dict(values)

    def draw(self, report, answers, folder):
        split = report.headline
        score = report.splits[split]
        title = f"{split}: {score.accuracy:.1%} of {score.examples} images are right"
        figure = confusion_matrix(score.confusion, report.classes, title=title)
        save_figure(figure, folder / "confusion_matrix.png")
        captions = [
            f"{mistake.true}\ntaken for {mistake.predicted} ({mistake.probability:.0%})"
            for mistake in report.mistakes
        ]
        images = [read_image(mistake.path) for mistake in report.mistakes]
        figure = gallery(images, captions, title=_mistakes_title(report))
        save_figure(figure, folder / "mistakes.png")


def _mistakes_title(report):
    looked = [split for split in ("dev", "test") if split in report.splits]
    count = sum(report.splits[split].examples for split in looked)
    where = f"{count} images of {' and '.join(looked)}"
    if not report.mistakes:
        return f"No mistakes among {where}"
    return f"The surest mistakes among {where}"
