"""What came out of a segmentation: the numbers, for people and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlzoo._text import columns
from dlzoo.training import Diagnosis
from dlzoo.training.results import (
    RunReport,
    StageSummary,
    diagnosis_from,
    facts_from,
    page,
    per_cent,
    worst_first,
)


@dataclass(frozen=True)
class PixelScore:
    """How well the pixels of one class are found; None where there are none.

    Attributes:
        name: Of the class.
        iou: Pixels of this class taken for it, of all that are it or taken for it.
        dice: The same as F1: twice those, of all that are it and all taken for it.
        precision, recall: Of the pixels taken for it; of those that are it.
        pixels: Of this class in the truth.
    """

    name: str
    iou: float | None
    dice: float | None
    precision: float | None
    recall: float | None
    pixels: int


@dataclass(frozen=True)
class MaskScore:
    """How well one split is segmented, over all its pixels; void ones do not count.

    Attributes:
        images: Number of images.
        mean_iou: Mean over the classes that there are or that were answered.
        mean_dice: The same of Dice.
        pixel_accuracy: Fraction of pixels that is right.
        boundary_f1: How well borders of classes are found: F1 within 0.75 % of the image's
            diagonal, mean over the classes; None on train, where it is not measured.
        classes: Scores of each class.
        confusion: `confusion[true][predicted]`: number of pixels.
    """

    images: int
    mean_iou: float
    mean_dice: float
    pixel_accuracy: float
    boundary_f1: float | None
    classes: tuple[PixelScore, ...]
    confusion: tuple[tuple[int, ...], ...]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "MaskScore":
        """Back from `asdict` or JSON."""
        classes = tuple(PixelScore(**score) for score in values["classes"])
        confusion = tuple(tuple(row) for row in values["confusion"])
        return cls(**{**values, "classes": classes, "confusion": confusion})


@dataclass(frozen=True)
class WorstImage:
    """An image that was segmented badly, and its own mean IoU."""

    split: str
    path: str
    mean_iou: float

    def __str__(self) -> str:
        return f"IoU {self.mean_iou:.1%}: {self.path}"


@dataclass(frozen=True)
class MaskReport(RunReport):
    """The result of `fine_tune` on images with masks.

    Attributes:
        model, load_report, stages, seconds, settings, versions, notes: As in the report of
            a classification.
        classes: Names, in the order of the network's outputs.
        splits: Scores by split: `"train"`, `"train_dev"`, `"dev"`, `"test"`.
        diagnosis: Where the error (of pixels) comes from.
        worst: The images with the lowest IoU on dev and test.
    """

    model: str
    load_report: dict[str, Any] | None
    classes: tuple[str, ...]
    splits: dict[str, MaskScore]
    diagnosis: Diagnosis
    worst: tuple[WorstImage, ...]
    stages: tuple[StageSummary, ...]
    seconds: dict[str, float]
    settings: dict[str, Any]
    versions: dict[str, str]
    notes: tuple[str, ...]

    @property
    def mean_iou(self) -> float:
        """On the test images, or, where there are none, on dev, then on train."""
        return self.splits[self.headline].mean_iou

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "MaskReport":
        """Back from `to_dict` or JSON."""
        return cls(
            classes=tuple(values["classes"]),
            splits={k: MaskScore.from_dict(v) for k, v in values["splits"].items()},
            diagnosis=diagnosis_from(values["diagnosis"]),
            worst=tuple(WorstImage(**image) for image in values["worst"]),
            **facts_from(values),
        )

    def __str__(self) -> str:
        return page(
            self,
            f"{self.model} on {len(self.classes)} classes of pixels, images {self.sides}: "
            f"{self.headline} mean IoU {self.mean_iou:.2%}",
            self._splits(),
            self._classes(),
        )

    def _splits(self):
        head = ("mean IoU", "mean Dice", "pixels right", "borders F1")
        rows: list[tuple[str, ...]] = [("", "images", *head)]
        for name, score in self.splits.items():
            parts = score.mean_iou, score.mean_dice, score.pixel_accuracy, score.boundary_f1
            rows.append((name, str(score.images), *map(per_cent, parts)))
        return columns(rows, right=range(1, 6))

    def _classes(self):
        def row(one):
            parts = one.iou, one.dice, one.precision, one.recall
            return (one.name, *map(per_cent, parts), f"{one.pixels:,}")

        head = ("", "IoU", "Dice", "precision", "recall", "pixels")
        title = f"Classes, the worst first{{}}, on {self.headline}:"
        return worst_first(title, self.splits[self.headline].classes, "iou", head, row)
