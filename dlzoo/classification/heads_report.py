"""What came out of a fine-tuning on a table: a section a target."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dlzoo._text import columns
from dlzoo.classification.heads.scores import BinaryScore, MultilabelScore, RegressionScore
from dlzoo.classification.report import SplitScore
from dlzoo.data import Target
from dlzoo.training import Diagnosis
from dlzoo.training.results import (
    RunReport,
    StageSummary,
    circumstances,
    diagnosis_from,
    facts_from,
)

SCORES: dict[str, Any] = {
    "binary": BinaryScore,
    "multiclass": SplitScore,
    "multilabel": MultilabelScore,
    "regression": RegressionScore,
}

# Kind to the columns of its table: title, attribute of the score, format.
_ROW = {
    "binary": (
        ("accuracy", "accuracy", ".2%"), ("precision", "precision", ".1%"),
        ("recall", "recall", ".1%"), ("F1", "f1", ".1%"),
        ("ROC AUC", "roc_auc", ".4f"), ("loss", "loss", ".4f"),
    ),
    "multiclass": (("accuracy", "accuracy", ".2%"), ("loss", "loss", ".4f")),
    "multilabel": (
        ("exact match", "exact_match", ".2%"), ("of labels", "label_accuracy", ".2%"),
        ("macro F1", "macro_f1", ".1%"), ("micro F1", "micro_f1", ".1%"),
        ("mean AP", "mean_average_precision", ".1%"), ("loss", "loss", ".4f"),
    ),
    "regression": (
        ("MAE", "mae", ".4g"), ("RMSE", "rmse", ".4g"),
        ("bias", "bias", "+.3g"), ("R2", "r2", ".4f"),
    ),
}  # fmt: skip

_LABELS = 20  # at most so many are listed


@dataclass(frozen=True)
class Miss:
    """A wrong answer, or one that is far off.

    Attributes:
        target: Which question.
        split, path: Where the image is.
        true, predicted: In words.
    """

    target: str
    split: str
    path: str
    true: str
    predicted: str

    def __str__(self) -> str:
        return f"{self.target}: {self.true} taken for {self.predicted}: {self.path}"


@dataclass(frozen=True)
class HeadsReport(RunReport):
    """The result of `fine_tune` on a table; as `Report`, but by target.

    Attributes:
        model, load_report, stages, seconds, settings, versions, notes: As in `Report`.
        targets: What was learnt.
        splits: Split to the name of a target to its scores on what is known there.
        diagnoses: Name of a target to where its error comes from (for labels: the
            fraction of single labels that is wrong; none for regression).
        mistakes: For each target the worst on dev and test.
    """

    model: str
    load_report: dict[str, Any] | None
    targets: tuple[Target, ...]
    splits: dict[str, dict[str, Any]]
    diagnoses: dict[str, Diagnosis]
    mistakes: tuple[Miss, ...]
    stages: tuple[StageSummary, ...]
    seconds: dict[str, float]
    settings: dict[str, Any]
    versions: dict[str, str]
    notes: tuple[str, ...]

    @property
    def scores(self) -> dict[str, Any]:
        """Name of a target to its scores on the headline split."""
        return self.splits[self.headline]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "HeadsReport":
        """Back from `to_dict` or JSON."""
        targets = tuple(
            Target(t["name"], t["kind"], tuple(t["labels"])) for t in values["targets"]
        )
        kinds = {target.name: SCORES[target.kind] for target in targets}
        splits = {
            split: {name: kinds[name].from_dict(score) for name, score in scores.items()}
            for split, scores in values["splits"].items()
        }
        return cls(
            targets=targets,
            splits=splits,
            diagnoses={k: diagnosis_from(v) for k, v in values["diagnoses"].items()},
            mistakes=tuple(Miss(**miss) for miss in values["mistakes"]),
            **facts_from(values),
        )

    def __str__(self) -> str:
        count = f"{len(self.targets)} target{'s' if len(self.targets) > 1 else ''}"
        lines = [f"{self.model} on {count}, images {self.sides}", ""]
        for target in self.targets:
            lines += [*self._section(target), ""]
        if self.mistakes:
            lines += ["Worst mistakes:", *(f"  {m}" for m in self.mistakes), ""]
        if self.notes:
            lines += ["Notes:", *(f"  {note}" for note in self.notes), ""]
        return "\n".join([*lines, *circumstances(self)])

    def _section(self, target):
        yield f"{target.name} ({target.kind})"
        row = _ROW[target.kind]
        table = [("", "images", *(title for title, _, _ in row))]
        for split, scores in self.splits.items():
            score = scores.get(target.name)
            if score is not None:
                figures = (_figure(getattr(score, name), how) for _, name, how in row)
                table.append((split, str(score.examples), *figures))
        yield _indented(columns(table, right=range(1, len(row) + 2)))
        score = self.scores.get(target.name)
        details = _DETAILS.get(target.kind)
        if score is not None and details is not None:
            yield from details(score, self.headline)
        if target.name in self.diagnoses:
            yield _indented(str(self.diagnoses[target.name]))


def _labels(kind: str, averages: bool) -> Callable[[Any, str], Iterator[str]]:
    def table(parts, split):
        shown = sorted(parts, key=lambda part: part.f1)[:_LABELS]
        few = f" ({len(shown)} of {len(parts)})" if len(shown) < len(parts) else ""
        yield f"  {kind}, the worst first{few}, on {split}:"
        titles = ("precision", "recall", "F1", *(("AP",) if averages else ()), "images")
        rows = [("", *titles)]
        for part in shown:
            figures = [part.precision, part.recall, part.f1]
            figures += [part.average_precision] if averages else []
            marks = (_figure(figure, ".1%") for figure in figures)
            rows.append((part.name, *marks, str(part.support)))
        yield _indented(columns(rows, right=range(1, len(titles) + 1)), by=4)

    return table


_CLASS_TABLE, _LABEL_TABLE = _labels("Classes", False), _labels("Labels", True)
_DETAILS: dict[str, Callable[[Any, str], Iterator[str]]] = {
    "multiclass": lambda score, split: _CLASS_TABLE(score.classes, split),
    "multilabel": lambda score, split: _LABEL_TABLE(score.labels, split),
}


def _figure(value, how):
    return "-" if value is None else format(value, how)


def _indented(text, by=2):
    return "\n".join(" " * by + line for line in text.split("\n"))
