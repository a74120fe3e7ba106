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
from dlzoo.classification.evaluation import (
    diagnose_splits,
    score_split,
    worst_mistakes,
)
from dlzoo.classification.report import Report, StageSummary
from dlzoo.classification.run import Run
from dlzoo.data import read_image
from dlzoo.visualize import confusion_matrix, gallery, learning_curves, save_figure

_MISTAKES = 10

MODEL = "model.keras"
REPORT = "report.json"
HISTORY = "history.json"


def collect(
    run: Run, history: Sequence[dict[str, Any]], human_error: float | None
) -> tuple[keras.Model, Report]:
    """Test the trained classifier on every split."""
    started = time.perf_counter()
    model = run.finish_model()
    classes = run.dataset.classes
    scores, mistakes = {}, {}
    for split, examples in run.dataset.splits.items():
        answers = run.probabilities(split, model)
        scores[split] = score_split(answers, examples.labels, classes)
        mistakes[split] = worst_mistakes(split, examples, answers, classes, _MISTAKES)
    shown = [*mistakes.get("dev", ()), *mistakes.get("test", ())][:_MISTAKES]
    run.seconds["evaluation"] = time.perf_counter() - started
    loaded = run.classifier.load_report
    report = Report(
        model=run.classifier.name,
        load_report=None if loaded is None else loaded.to_dict(),
        classes=classes,
        splits=scores,
        diagnosis=diagnose_splits(scores, human_error),
        mistakes=tuple(shown),
        stages=_summaries(run, history),
        seconds={name: round(value, 2) for name, value in run.seconds.items()},
        settings=run.settings.to_dict() | {"image_size": list(run.size)},
        versions=_versions(),
        notes=run.dataset.notes,
    )
    return model, report


def save(
    run: Run, model: keras.Model, history: Sequence[dict[str, Any]], report: Report
) -> None:
    """Write everything into the run's folder, each file whole or not at all."""
    folder = run.folder.path
    with atomic_path(folder / MODEL) as temporary:
        model.save(temporary)
    write_json(folder / HISTORY, list(history))
    with atomic_path(folder / "report.txt") as temporary:
        temporary.write_text(f"{report}\n", encoding="utf-8")
    _draw(report, history, folder)
    write_json(folder / REPORT, report.to_dict())


def load(folder: Path) -> tuple[keras.Model, tuple[dict[str, Any], ...], Report]:
    """Model, history and report from the folder of a run that has ended."""
    model = keras.saving.load_model(folder / MODEL)
    history = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    return model, tuple(history), Report.from_dict(report)


def _draw(report, history, folder):
    save_figure(learning_curves(history), folder / "learning_curves.png")
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
