"""A class for each pixel: what the training engine has to know about it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlzoo._progress import progress_bar
from dlzoo.data import MaskDataset, border_weight_maps, median_frequency_weights
from dlzoo.metrics import BoundaryF1, mean_iou, pixel_confusion
from dlzoo.segmentation import pictures
from dlzoo.segmentation.augmentation import augmentation
from dlzoo.segmentation.evaluation import diagnose_masks, score_masks
from dlzoo.segmentation.objectives import chosen_loss, chosen_metrics
from dlzoo.segmentation.pairs import Pairs
from dlzoo.segmentation.report import MaskReport, WorstImage
from dlzoo.segmentation.settings import MaskSettings
from dlzoo.training.inference import jit_compile
from dlzoo.training.task import Task

BORDER = 0.0075  # of the diagonal: how near is near (Csurka et al. 2013)
_WORST = 8  # images that are named and shown


@dataclass
class MaskAnswers:
    """What was answered to a split, without the masks themselves.

    Attributes:
        confusion: Pixels of all images.
        images: Number of images.
        borders: What was counted of them, or None.
        worst: (mean IoU, number, image, true mask, answered mask), the worst first.
        first: The same of the first images.
    """

    confusion: np.ndarray
    images: int = 0
    borders: BoundaryF1 | None = None
    worst: list[tuple] = field(default_factory=list)
    first: list[tuple] = field(default_factory=list)


class MaskTask(Task):
    """Which class each pixel of an image belongs to.

    Args:
        dataset: From `open_masks`.
        settings: How to train.
        size: Height and width to which images are brought.
        resized: Whether that is another size than their own.
        palette: A colour a class, or None.
        step: What the sides must be multiples of, for the network.
        channels: 1 or 3, what it takes.
    """

    name = "segmentation"
    forward_batch = 8
    curves = ("loss", "mean_iou", "accuracy")

    def __init__(
        self,
        dataset: MaskDataset,
        settings: MaskSettings,
        size: tuple[int, int],
        *,
        resized: bool,
        palette: Any = None,
        step: int = 1,
        channels: int = 3,
    ):
        self.dataset: MaskDataset = dataset
        self.settings = settings
        self.size = size
        self.resized = resized
        self.palette = palette
        self.step = step
        self.channels = channels
        self.class_weights = class_weight_table(settings.class_weights, dataset)
        self._pairs: dict[str, Pairs] = {}

    @property
    def config(self):
        return {"resized": self.resized, "channels": self.channels}

    def images(self, split, size):
        return self._split(split).images

    def targets(self, split):
        return self._split(split).masks

    def weights(self, split):
        if not self.settings.border_weights or split != "train":
            return None
        objects = range(1, len(self.dataset.classes))
        maps = border_weight_maps(self.dataset, split, self.size, list(objects))
        more = [(0, -side % self.step) for side in self.size]
        return np.pad(maps, [(0, 0), *more]) if any(m for _, m in more) else maps

    def change(self):
        return augmentation(self.settings, self.size, self.dataset.void)

    def loss(self):
        return chosen_loss(self.settings.loss, self.class_weights, self.dataset.void)

    def metrics(self):
        return chosen_metrics(len(self.dataset.classes), self.dataset.void)

    def score(self, logs):
        """Mean IoU on dev; of equal ones, the lower loss."""
        return logs["val_mean_iou"], -logs["val_loss"]

    def answers(self, scores):
        return scores.argmax(axis=-1).astype(np.uint8)

    def test(self, model, images, split):
        """A batch at a time: scores of all pixels of all images would not fit."""
        pairs, classes = self._split(split), len(self.dataset.classes)
        found = MaskAnswers(np.zeros((classes, classes), np.int64))
        if split != "train":  # distances to borders take their time
            near = BORDER * math.hypot(*self.size)
            found.borders = BoundaryF1(classes, near, self.dataset.void)
        if not model.compiled:
            model.jit_compile = jit_compile(model)
        height, width = self.size
        with progress_bar() as bar:
            progress = bar.add_task(f"Testing on {split}", total=len(pairs), note="")
            for start in range(0, len(pairs), self.forward_batch):
                numbers = np.arange(start, min(start + self.forward_batch, len(pairs)))
                inputs, true = pairs.read(numbers)
                answered = self.answers(model.predict_on_batch(inputs))
                batch = (inputs, true, answered)
                inside = (part[:, :height, :width] for part in batch)
                for number, *parts in zip(numbers, *inside, strict=True):
                    _count(found, int(number), *parts)
                bar.advance(progress, len(numbers))
        return found

    def finished(self, network):
        resized = self.size if self.resized else None
        return network.finished(self.dataset.classes, self.palette, resized)

    def report(self, answers, **facts):
        classes = self.dataset.classes
        splits = {}
        for split, found in answers.items():
            f1 = None if found.borders is None else found.borders.mean()
            splits[split] = score_masks(found.confusion, classes, found.images, f1)
        worst = [
            WorstImage(split, str(self.dataset.splits[split].paths[number]), score)
            for split in ("dev", "test")
            if split in answers
            for score, number, *_ in answers[split].worst
        ]
        return MaskReport(
            classes=classes,
            splits=splits,
            diagnosis=diagnose_masks(splits),
            worst=tuple(sorted(worst, key=lambda image: image.mean_iou)[:_WORST]),
            **facts,
        )

    def report_from(self, values):
        return MaskReport.from_dict(values)

    def draw(self, report, answers, folder):
        pictures.draw(report, answers[report.headline], self.palette, folder)

    def _split(self, split):
        if split not in self._pairs:
            examples, void = self.dataset.splits[split], self.dataset.void
            self._pairs[split] = Pairs(examples, self.size, self.step, void, self.channels)
        return self._pairs[split]


def class_weight_table(choice: Any, dataset: MaskDataset) -> tuple[float, ...] | None:
    """The weight of each class in the loss, or None for equal ones.

    Args:
        choice: None; `"balanced"`: median frequency (`median_frequency_weights`), at most
            ten times the least; or a dict from class name to weight, 1 where it names none.
        dataset: What is learnt.
    """
    if choice is None:
        return None
    classes = dataset.classes
    if choice == "balanced":
        weights = median_frequency_weights(dataset.splits["train"].pixels)
        least = weights[weights > 0].min()
        return tuple(float(min(weight, 10 * least)) for weight in weights)
    if not isinstance(choice, Mapping) or set(choice) - set(classes):
        raise ValueError(
            f"fine_tune: class_weights must be None, 'balanced' or a dict from class name to "
            f"weight; got {choice!r}, classes are {list(classes)[:20]}."
        )
    table = np.array([float(choice.get(name, 1.0)) for name in classes])
    if not (np.isfinite(table).all() and (table >= 0).all() and table.any()):
        raise ValueError(
            f"fine_tune: class_weights must be numbers of at least 0 and not all 0; got "
            f"{dict(choice)!r}."
        )
    return tuple(table.tolist())


def _count(found, number, image, true, answered):
    """Add one image to the answers."""
    confusion = pixel_confusion(true, answered, len(found.confusion))
    found.confusion += confusion
    if found.borders is not None:
        found.borders.update(true, answered)
    found.images += 1
    example = (mean_iou(confusion), number, image, true, answered)
    if len(found.first) < _WORST:
        found.first.append(example)
    found.worst.append(example)
    found.worst.sort(key=lambda each: each[:2])
    del found.worst[_WORST:]
