"""From a network, a task and settings to a finished model: what every `fine_tune` does."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from dlzoo.training import results
from dlzoo.training.run import Run
from dlzoo.training.run_folder import RunFolder
from dlzoo.training.settings import Settings
from dlzoo.training.task import Task, TrainedNetwork


@dataclass(frozen=True)
class FineTuned:
    """What `fine_tune` returns.

    Attributes:
        model: Raw RGB images of 0 to 255 to answers; their names inside.
        history: One record an epoch: stage, epoch, losses, metrics.
        report: How good it is: scores, diagnosis, mistakes; of the task's own kind.
        folder: Where all that is saved, or None.
    """

    model: keras.Model
    history: tuple[dict[str, Any], ...]
    report: Any
    folder: Path | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the model itself is in `folder`."""
        return {
            "folder": None if self.folder is None else str(self.folder),
            "history": list(self.history),
            "report": self.report.to_dict(),
        }

    def __str__(self) -> str:
        where = "" if self.folder is None else f"\nSaved in {self.folder}"
        return f"{self.report}{where}"


def run_task(
    network: TrainedNetwork,
    task: Task,
    settings: Settings,
    size: tuple[int, int],
    *,
    out: str | os.PathLike | None,
    fresh: bool,
) -> FineTuned:
    """Train, test and save; go on with an interrupted run, load one that has ended.

    Args:
        network, task, settings: What is trained, on what, and how.
        size: Height and width of the images.
        out: The folder of the run; None keeps nothing.
        fresh: Forget an earlier run in `out`.
    """
    with tempfile.TemporaryDirectory(prefix="dlzoo-") as temporary:
        folder = RunFolder(Path(temporary, "run") if out is None else out)
        run = Run(network, task, settings, size, folder)
        if folder.open(run.config, fresh=fresh):
            return FineTuned(*results.load(task, folder.path), folder.path)
        history = run.train()
        finished, report, answers = results.collect(run, history)
        if out is None:
            return FineTuned(finished, history, report, None)
        results.save(run, finished, history, report, answers)
        folder.finish()
        return FineTuned(finished, history, report, folder.path)
