"""Boxes: what the training engine has to know about them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dlzoo.data import BoxDataset, decode
from dlzoo.detection import pictures
from dlzoo.detection.augmentation import augmentation
from dlzoo.detection.evaluation import diagnose_boxes, image_errors, score_boxes, truths_of
from dlzoo.detection.prediction import rows_of, unfitted
from dlzoo.detection.report import BoxReport, WorstImage
from dlzoo.detection.settings import BoxSettings
from dlzoo.metrics import mean_average_precision
from dlzoo.metrics.average_precision import Found, Truth
from dlzoo.training.inference import forward
from dlzoo.training.task import Task

_WORST = 8  # images that are named
_MOSAIC = 4  # images that may come together in one


@dataclass(frozen=True)
class BoxAnswers:
    """What was answered to a split, in pixels of the images as they are.

    Attributes:
        truths, found: Of each image, as in `dlzoo.metrics.precision_recall`.
        seconds: For all of it.
    """

    truths: Sequence[Truth]
    found: Sequence[Found]
    seconds: float

    @cached_property
    def errors(self) -> list[tuple[float, int, int]]:
        """`image_errors` of each image."""
        return [image_errors(*pair) for pair in zip(self.truths, self.found, strict=True)]

    @property
    def worst(self) -> list[int]:
        """Numbers of the images, the lowest F1 first; of equal ones, the most mistakes."""
        return sorted(
            range(len(self.errors)),
            key=lambda n: (self.errors[n][0], -sum(self.errors[n][1:]), n),
        )


class BoxTask(Task):
    """Where the objects of an image are, and what they are.

    Args:
        dataset: From `open_boxes`.
        settings: How to train.
        size: Height and width into which images are fitted.
        network: What is trained; it brings its loss.
    """

    name = "detection"
    forward_batch = 8
    curves = ("loss", "ap50")

    def __init__(
        self, dataset: BoxDataset, settings: BoxSettings, size: tuple[int, int], network: Any
    ):
        self.dataset: BoxDataset = dataset
        self.settings = settings
        self.size = size
        self._network = network
        self._targets: dict[str, np.ndarray] = {}

    def images(self, split, size):
        return decode(self.dataset.splits[split].paths, size, whole=True)

    def targets(self, split):
        """Boxes on the fitted images and their classes, float32 `(images, most, 5)`."""
        if split not in self._targets:
            boxes, labels = self.dataset.splits[split].padded(self.size, self._most)
            parts = [boxes, labels[..., None].astype(np.float32)]
            self._targets[split] = np.concatenate(parts, axis=-1)
        return self._targets[split]

    def change(self):
        return augmentation(self.settings)

    def arrange(self):
        return self._network.arrange

    def loss(self):
        return self._network.loss()

    def metrics(self):
        return []

    def measure(self, network, images):
        """AP50 as VOC has it, of the network as it is."""
        model = network.finished(self.dataset.classes)

        def ap50():
            answers = self._test(model, images, "dev", "Measuring AP50")
            classes = len(self.dataset.classes)
            value = mean_average_precision(answers.truths, answers.found, classes)
            return {"ap50": 0.0 if np.isnan(value) else value}

        return ap50

    def score(self, logs):
        """AP50 on dev; of equal ones, the lower loss."""
        return logs["val_ap50"], -logs["val_loss"]

    def answers(self, scores):
        return scores  # already what the finished model says

    def test(self, model, images, split):
        return self._test(model, images, split, f"Testing on {split}")

    def finished(self, network):
        return network.finished(self.dataset.classes)

    def report(self, answers, **facts):
        classes = self.dataset.classes
        splits = {
            split: score_boxes(found.truths, found.found, classes)
            for split, found in answers.items()
        }
        # the first split compiles
        speed = max(len(found.found) / found.seconds for found in answers.values())
        return BoxReport(
            classes=classes,
            splits=splits,
            diagnosis=diagnose_boxes(splits),
            worst=tuple(self._worst(answers)),
            images_per_second=round(speed, 2),
            **facts,
        )

    def report_from(self, values):
        return BoxReport.from_dict(values)

    def draw(self, report, answers, folder):
        pictures.draw(report, answers, self.dataset, folder)

    @property
    def _most(self):
        """How many boxes there is room for on an image."""
        parts = self.dataset.splits.values()
        held = max(int((~ignored).sum()) for part in parts for ignored in part.ignored)
        change = augmentation(self.settings)
        several = change is not None and "mosaic" in change.names
        return max(held, 1) * (_MOSAIC if several else 1)

    def _test(self, model, images, split, what):
        examples = self.dataset.splits[split]
        started = time.perf_counter()
        answers = forward(model, images, self.forward_batch, what=what)
        seconds = time.perf_counter() - started
        sizes = [tuple(size) for size in examples.sizes.tolist()]
        rows = zip(rows_of(answers), sizes, strict=True)
        found = [unfitted(row, size, self.size) for row, size in rows]
        return BoxAnswers(truths_of(examples), found, seconds)

    def _worst(self, answers: Mapping[str, BoxAnswers]):
        """The worst images of dev and test that are not faultless."""
        found = []
        for split in ("dev", "test"):
            if split not in answers:
                continue
            mine, paths = answers[split], self.dataset.splits[split].paths
            for number in mine.worst[:_WORST]:
                f1, missed, wrong = mine.errors[number]
                if missed or wrong:
                    found.append(WorstImage(split, str(paths[number]), f1, missed, wrong))
        return sorted(found, key=lambda one: (one.f1, -one.missed - one.wrong))[:_WORST]
