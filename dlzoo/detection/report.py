"""What came out of a detection: the numbers, for people and for programs."""

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
class ClassScore:
    """How well the objects of one class are found; None where there are none.

    Attributes:
        name: Of the class.
        ap, ap50: COCO's average precision, over IoU 0.50 to 0.95 and at 0.50.
        voc: Pascal VOC's at IoU 0.50, the whole area; `voc11`: at 11 recalls, as until 2009.
        precision, recall: At `predict`'s threshold of the score and IoU 0.50.
        objects: In the truth.
    """

    name: str
    ap: float | None
    ap50: float | None
    voc: float | None
    voc11: float | None
    precision: float | None
    recall: float | None
    objects: int


@dataclass(frozen=True)
class BoxScore:
    """How well the objects of one split are found.

    Attributes:
        images: Number of images; `empty` of them have no object.
        objects: Number of objects.
        ap, ap50, ap75: COCO's average precision: mean over IoU 0.50 to 0.95, and at one IoU.
        ap_small, ap_medium, ap_large: By size of the objects (32 and 96 pixels squared).
        ar: COCO's average recall with 100 detections an image.
        voc, voc11: Means over the classes of what `ClassScore` has.
        classes: Scores of each class.
    """

    images: int
    empty: int
    objects: int
    ap: float | None
    ap50: float | None
    ap75: float | None
    ap_small: float | None
    ap_medium: float | None
    ap_large: float | None
    ar: float | None
    voc: float | None
    voc11: float | None
    classes: tuple[ClassScore, ...]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BoxScore":
        """Back from `asdict` or JSON."""
        classes = tuple(ClassScore(**score) for score in values["classes"])
        return cls(**{**values, "classes": classes})


@dataclass(frozen=True)
class WorstImage:
    """An image on which objects were missed, or found where there are none."""

    split: str
    path: str
    f1: float
    missed: int
    wrong: int

    def __str__(self) -> str:
        return f"{self.missed} missed, {self.wrong} wrong: {self.path}"


@dataclass(frozen=True)
class BoxReport(RunReport):
    """The result of `fine_tune` on images with boxes.

    Attributes:
        model, load_report, stages, seconds, settings, versions, notes: As in the report of
            a classification.
        classes: Names, in the order of the network's outputs.
        splits: Scores by split: `"train"`, `"train_dev"`, `"dev"`, `"test"`.
        diagnosis: Where the error (1 - AP50) comes from.
        worst: The images with the lowest F1 on dev and test.
        images_per_second: Of the split that was tested fastest, images decoded already; from
            pixels to boxes, with suppression.
    """

    model: str
    load_report: dict[str, Any] | None
    classes: tuple[str, ...]
    splits: dict[str, BoxScore]
    diagnosis: Diagnosis
    worst: tuple[WorstImage, ...]
    images_per_second: float
    stages: tuple[StageSummary, ...]
    seconds: dict[str, float]
    settings: dict[str, Any]
    versions: dict[str, str]
    notes: tuple[str, ...]

    @property
    def ap50(self) -> float | None:
        """On the test images, or, where there are none, on dev, then on train."""
        return self.splits[self.headline].ap50

    @property
    def ap(self) -> float | None:
        """The same over IoU 0.50 to 0.95."""
        return self.splits[self.headline].ap

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BoxReport":
        """Back from `to_dict` or JSON."""
        return cls(
            classes=tuple(values["classes"]),
            splits={k: BoxScore.from_dict(v) for k, v in values["splits"].items()},
            diagnosis=diagnosis_from(values["diagnosis"]),
            worst=tuple(WorstImage(**image) for image in values["worst"]),
            images_per_second=values["images_per_second"],
            **facts_from(values),
        )

    def __str__(self) -> str:
        return page(
            self,
            f"{self.model} on {len(self.classes)} classes of objects, images {self.sides}: "
            f"{self.headline} AP50 {per_cent(self.ap50)}, AP {per_cent(self.ap)}",
            self._splits(),
            self._classes(),
            f"Speed: {self.images_per_second:.1f} images a second",
        )

    def _splits(self):
        names = ("ap50", "ap", "ap75", "ap_small", "ap_medium", "ap_large", "ar", "voc")
        head = ("AP50", "AP", "AP75", "small", "medium", "large", "AR", "VOC")
        rows: list[tuple[str, ...]] = [("", "images", "objects", *head)]
        for name, score in self.splits.items():
            parts = (per_cent(getattr(score, part)) for part in names)
            rows.append((name, str(score.images), str(score.objects), *parts))
        return columns(rows, right=range(1, 3 + len(head)))

    def _classes(self):
        def row(one):
            parts = one.ap50, one.ap, one.voc, one.voc11, one.precision, one.recall
            return (one.name, *map(per_cent, parts), f"{one.objects:,}")

        head = ("", "AP50", "AP", "VOC", "VOC 2007", "precision", "recall", "objects")
        title = f"Classes, the worst first{{}}, on {self.headline}:"
        return worst_first(title, self.splits[self.headline].classes, "ap50", head, row)
