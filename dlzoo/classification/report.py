"""What came out of a fine-tuning: the numbers, for people and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlzoo.training import Diagnosis
from dlzoo.training.results import (
    RunReport,
    StageSummary,
    circumstances,
    diagnosis_from,
    facts_from,
)


@dataclass(frozen=True)
class ClassScore:
    """How well one class is recognised.

    Attributes:
        name: Of the class.
        precision: Of the images taken for this class, the fraction that is.
        recall: Of the images of this class, the fraction that was found.
        f1: Harmonic mean of both.
        support: Images of this class.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class SplitScore:
    """How well one split is classified.

    Attributes:
        examples: Number of images.
        accuracy: Fraction that is right.
        loss: Mean cross-entropy, in nats; no smoothing, no class weights.
        classes: Scores of each class.
        confusion: `confusion[true][predicted]`: number of images.
    """

    examples: int
    accuracy: float
    loss: float
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SplitScore":
        """Back from `asdict` or JSON."""
        return cls(
            values["examples"],
            values["accuracy"],
            values["loss"],
            tuple(ClassScore(**score) for score in values["classes"]),
            tuple(tuple(row) for row in values["confusion"]),
        )


@dataclass(frozen=True)
class Mistake:
    """A wrong answer.

    Attributes:
        split, path: Where the image is.
        true, predicted: Names of classes.
        probability: What the network gave to the predicted class.
        probability_of_true: What it gave to the true one.
    """

    split: str
    path: str
    true: str
    predicted: str
    probability: float
    probability_of_true: float

    def __str__(self) -> str:
        return f"{self.true} taken for {self.predicted} ({self.probability:.0%}): {self.path}"


@dataclass(frozen=True)
class Report(RunReport):
    """The result of `fine_tune`.

    Attributes:
        model: Name of the network.
        load_report: What was loaded into it, or None.
        classes: Names, in the order of the network's outputs.
        splits: Scores by split: `"train"`, `"train_dev"`, `"dev"`, `"test"`.
        diagnosis: Where the error comes from.
        mistakes: The most confident wrong answers on dev, then on test.
        stages: What was trained.
        seconds: Part of the work to seconds; of a resumed run, those since then.
        settings: The arguments that the result depends on.
        versions: Of Python, Keras, the backend ...
        notes: What is remarkable about the data.
    """

    model: str
    load_report: dict[str, Any] | None
    classes: tuple[str, ...]
    splits: dict[str, SplitScore]
    diagnosis: Diagnosis
    mistakes: tuple[Mistake, ...]
    stages: tuple[StageSummary, ...]
    seconds: dict[str, float]
    settings: dict[str, Any]
    versions: dict[str, str]
    notes: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        """On the test images, or, where there are none, on dev, then on train."""
        return self.splits[self.headline].accuracy

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Report":
        """Back from `to_dict` or JSON."""
        splits = {k: SplitScore.from_dict(v) for k, v in values["splits"].items()}
        return cls(
            classes=tuple(values["classes"]),
            splits=splits,
            diagnosis=diagnosis_from(values["diagnosis"]),
            mistakes=tuple(Mistake(**mistake) for mistake in values["mistakes"]),
            **facts_from(values),
        )

    def __str__(self) -> str:
        lines = [
            f"{self.model} on {len(self.classes)} classes, images {self.sides}: "
            f"{self.headline} accuracy {self.accuracy:.2%}",
            "",
            *self._splits(),
            "",
            *self._classes(),
            "",
            str(self.diagnosis),
        ]
        if self.mistakes:
            lines += ["", "Worst mistakes:", *(f"  {m}" for m in self.mistakes)]
        if self.notes:
            lines += ["", "Notes:", *(f"  {note}" for note in self.notes)]
        return "\n".join([*lines, "", *circumstances(self)])

    def _splits(self):
        yield f"{'':<12}{'images':>8}{'accuracy':>10}{'loss':>9}{'wrong':>7}"
        for name, score in self.splits.items():
            wrong = round(score.examples * (1 - score.accuracy))
            yield (
                f"{name:<12}{score.examples:>8}{score.accuracy:>10.2%}"
                f"{score.loss:>9.4f}{wrong:>7}"
            )

    def _classes(self, most=20):
        scores = sorted(self.splits[self.headline].classes, key=lambda score: score.f1)
        shown = scores[:most]
        width = max(len(score.name) for score in shown) + 2
        title = "Classes, the worst first"
        if len(scores) > most:
            title += f" ({most} of {len(scores)})"
        yield f"{title}, on {self.headline}:"
        yield f"  {'':<{width}}{'precision':>10}{'recall':>8}{'F1':>8}{'images':>8}"
        for score in shown:
            yield (
                f"  {score.name:<{width}}{score.precision:>10.1%}{score.recall:>8.1%}"
                f"{score.f1:>8.1%}{score.support:>8}"
            )
