"""What a run leaves: the saved model, the report, the pictures."""

import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from dlzoo._files import atomic_path, write_json
from dlzoo._text import columns
from dlzoo.layers.saved_model import MODEL
from dlzoo.training.diagnosis import Diagnosis
from dlzoo.training.run import Run
from dlzoo.training.task import Task
from dlzoo.visualize import learning_curves, save_figure

REPORT = "report.json"
HISTORY = "history.json"
_CLASSES = 30  # at most so many are listed

Answers = dict[str, Any]  # by split
History = tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class StageSummary:
    """What one stage did; `best_epoch` 0 means that it was of no use and was undone."""

    name: str
    epochs: int
    best_epoch: int
    learning_rate: float


def collect(run: Run, history: Sequence[dict[str, Any]]) -> tuple[keras.Model, Any, Answers]:
    """Test the trained network on every split: the finished model, the report, answers."""
    started = time.perf_counter()
    model = run.finish_model()
    answers = {split: run.answers(split, model) for split in run.dataset.splits}
    run.seconds["evaluation"] = time.perf_counter() - started
    loaded = run.network.load_report
    report = run.task.report(
        answers,
        model=run.network.name,
        load_report=None if loaded is None else loaded.to_dict(),
        stages=_summaries(run, history),
        seconds={name: round(value, 2) for name, value in run.seconds.items()},
        settings=run.settings.to_dict() | {"image_size": list(run.size)},
        versions=_versions(),
        notes=run.dataset.notes,
    )
    return model, report, answers


def save(
    run: Run,
    model: keras.Model,
    history: Sequence[dict[str, Any]],
    report: Any,
    answers: Answers,
) -> None:
    """Write everything into the run's folder, each file whole or not at all."""
    folder = run.folder.path
    with atomic_path(folder / MODEL) as temporary:
        model.save(temporary)
    write_json(folder / HISTORY, list(history))
    with atomic_path(folder / "report.txt") as temporary:
        temporary.write_text(f"{report}\n", encoding="utf-8")
    save_figure(learning_curves(history, run.task.curves), folder / "learning_curves.png")
    run.task.draw(report, answers, folder)
    write_json(folder / REPORT, report.to_dict())


def load(task: Task, folder: Path) -> tuple[keras.Model, History, Any]:
    """Model, history and report from the folder of a run that has ended."""
    model = keras.saving.load_model(folder / MODEL)
    history = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    return model, tuple(history), task.report_from(report)


class RunReport:
    """What the reports of all tasks answer alike; each is a dataclass with fields of its own.

    Attributes:
        splits: Scores by split.
        settings: What the result depends on.
    """

    splits: Any
    settings: Any

    @property
    def headline(self) -> str:
        """The split that the report is about: the most honest one that there is."""
        return next(name for name in ("test", "dev", "train") if name in self.splits)

    @property
    def sides(self) -> str:
        """Of the images, e.g. `"224x224"`."""
        return "x".join(str(side) for side in self.settings["image_size"])

    def to_dict(self: Any) -> dict[str, Any]:
        """Plain values, as in `report.json`."""
        return asdict(self)


def circumstances(report: Any) -> Iterator[str]:
    """How a run went, in three lines, from a report's stages, seconds and versions."""
    stages = "; ".join(
        f"{stage.name}: {stage.epochs} epochs, best {stage.best_epoch or 'before it'}"
        for stage in report.stages
    )
    times = ", ".join(f"{name} {value:.1f} s" for name, value in report.seconds.items())
    versions = ", ".join(f"{name} {value}" for name, value in report.versions.items())
    yield f"Trained: {stages} (seed {report.settings['seed']})"
    yield f"Time: {times}"
    yield f"With: {versions}"


def page(report: Any, *parts: str) -> str:
    """The text of a report: its own parts, diagnosis, worst images, notes, circumstances."""
    blocks = [*parts, str(report.diagnosis)]
    for title, rows in (("Worst images:", report.worst), ("Notes:", report.notes)):
        if rows:
            blocks.append("\n".join([title, *(f"  {row}" for row in rows)]))
    return "\n\n".join([*blocks, "\n".join(circumstances(report))])


def worst_first(
    title: str,
    scores: Sequence[Any],
    key: str,
    head: Sequence[str],
    row: Callable[[Any], tuple],
) -> str:
    """A table of classes, at most thirty, those without a number last.

    Args:
        title: Its beginning, and what it is about: `"Classes, the worst first{}, on test:"`;
            the braces become how many are shown, if not all are.
        scores: Of each class.
        key: The attribute to sort by.
        head: Of the columns.
        row: The words of a class.
    """
    ordered = sorted(
        scores, key=lambda one: 2 if getattr(one, key) is None else getattr(one, key)
    )
    shown = ordered[:_CLASSES]
    few = f" ({len(shown)} of {len(ordered)})" if len(shown) < len(ordered) else ""
    table = columns([head, *map(row, shown)], right=range(1, len(head)))
    return "\n".join([title.format(few), *(f"  {line}" for line in table.split("\n"))])


def facts_from(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the reports of all tasks have in common, back from JSON."""
    return {
        "model": values["model"],
        "load_report": values["load_report"],
        "stages": tuple(StageSummary(**stage) for stage in values["stages"]),
        "seconds": dict(values["seconds"]),
        "settings": dict(values["settings"]),
        "versions": dict(values["versions"]),
        "notes": tuple(values["notes"]),
    }


def diagnosis_from(values: Mapping[str, Any]) -> Diagnosis:
    """Back from `to_dict` or JSON."""
    lists = {name: tuple(values[name]) for name in ("problems", "remedies")}
    return Diagnosis(**{**values, **lists})


def per_cent(value: float | None) -> str:
    """For tables; a dash where nothing was measured."""
    return "-" if value is None else f"{value:.1%}"


def _summaries(run, history):
    """One line a stage, with the epoch whose weights were kept."""
    summaries = []
    for stage in run.plan:
        records = [record for record in history if record["stage"] == stage.name]
        best = [record["epoch"] for record in records if record["improved"]]
        summaries.append(
            StageSummary(
                name=stage.name,
                epochs=len(records),
                best_epoch=best[-1] if best else 0,
                learning_rate=stage.schedule.learning_rate,
            )
        )
    return tuple(summaries)


def _versions():
    backend = keras.backend.backend()
    names = ("dlzoo", "keras", backend, "numpy")
    return {"python": platform.python_version()} | {name: version(name) for name in names}
