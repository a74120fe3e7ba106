"""What came out of a training on faces: the numbers, for people and for programs."""

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
)


@dataclass(frozen=True)
class FaceScore:
    """How well the people of a split are told apart; of a large one, of some of them.

    Attributes:
        people, images: Whose pairs were looked at.
        same, different: How many pairs of each kind.
        auc: How often a pair of the same person is nearer than one of different people.
        eer: Where as large a part of the same is rejected as of the different accepted.
        tar: Part of the same that is accepted where 1 % of the different is.
        one_shot: Part of the images that is recognised with one image of each enrolled.
        same_distance, different_distance: The means.
    """

    people: int
    images: int
    same: int
    different: int
    auc: float
    eer: float
    tar: float
    one_shot: float
    same_distance: float
    different_distance: float


@dataclass(frozen=True)
class HardPair:
    """Two images that are mistaken: of one person and far apart, or of two and near."""

    split: str
    distance: float
    same: bool
    first: str
    second: str

    def __str__(self) -> str:
        what = "the same, but far" if self.same else "different, but near"
        return f"{what} ({self.distance:.3f}): {self.first} and {self.second}"


@dataclass(frozen=True)
class FaceReport(RunReport):
    """The result of `dlzoo.faces.train`.

    Attributes:
        model, load_report, stages, seconds, settings, versions, notes: As in the report of
            a classification.
        dimensions: Of the embeddings.
        splits: Scores by split; nobody is in two.
        diagnosis: Where the error (1 - AUC) comes from.
        worst: The most mistaken pairs of dev and test.
    """

    model: str
    load_report: dict[str, Any] | None
    dimensions: int
    splits: dict[str, FaceScore]
    diagnosis: Diagnosis
    worst: tuple[HardPair, ...]
    stages: tuple[StageSummary, ...]
    seconds: dict[str, float]
    settings: dict[str, Any]
    versions: dict[str, str]
    notes: tuple[str, ...]

    @property
    def auc(self) -> float:
        """On the test people, or, where there are none, on dev, then on train."""
        return self.splits[self.headline].auc

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "FaceReport":
        """Back from `to_dict` or JSON."""
        return cls(
            dimensions=values["dimensions"],
            splits={name: FaceScore(**score) for name, score in values["splits"].items()},
            diagnosis=diagnosis_from(values["diagnosis"]),
            worst=tuple(HardPair(**pair) for pair in values["worst"]),
            **facts_from(values),
        )

    def __str__(self) -> str:
        return page(
            self,
            f"{self.model}, {self.settings['loss']} loss, {self.dimensions} dimensions, images "
            f"{self.sides}: AUC of pairs of {self.headline} people {self.auc:.4f}",
            self._splits(),
        )

    def _splits(self):
        head = ("people", "images", "AUC", "equal error", "TAR at FAR 1%", "one shot")
        rows: list[tuple[str, ...]] = [("", *head)]
        for name, score in self.splits.items():
            rates = map(per_cent, (score.eer, score.tar, score.one_shot))
            counts = str(score.people), str(score.images)
            rows.append((name, *counts, f"{score.auc:.4f}", *rates))
        return columns(rows, right=range(1, 7))
