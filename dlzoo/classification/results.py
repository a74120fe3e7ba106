"""What a run leaves: the saved model, the report, the pictures."""

import json
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from dlzoo._files import atomic_path, write_json
from dlzoo.classification.heads_report import HeadsReport
from dlzoo.classification.report import Report, StageSummary
from dlzoo.classification.run import Run
from dlzoo.layers.saved_model import MODEL
from dlzoo.visualize import learning_curves, save_figure

REPORT = "report.json"
HISTORY = "history.json"


Answers = dict[str, Any]  # by split


def collect(
    run: Run, history: Sequence[dict[str, Any]], human_error: Any
) -> tuple[keras.Model, Report | HeadsReport, Answers]:
    """Test the trained classifier on every split."""
    started = time.perf_counter()
    model = run.finish_model()
    answers = {split: run.answers(split, model) for split in run.dataset.splits}
    run.seconds["evaluation"] = time.perf_counter() - started
    loaded = run.classifier.load_report
    report = run.task.report(
        answers,
        human_error,
        model=run.classifier.name,
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
    report: Report | HeadsReport,
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


def load(
    folder: Path,
) -> tuple[keras.Model, tuple[dict[str, Any], ...], Report | HeadsReport]:
    """Model, history and report from the folder of a run that has ended."""
    model = keras.saving.load_model(folder / MODEL)
    history = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    kind = HeadsReport if "targets" in report else Report
    return model, tuple(history), kind.from_dict(report)


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
