"""One training of a network that paints: its folder, its samples, for the engine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo._files import atomic_path, write_json
from dlzoo.layers.inside import sublayers
from dlzoo.style.fast_report import TERMS, FastReport
from dlzoo.style.perceptual import Copying
from dlzoo.style.pictures import write_picture
from dlzoo.training import RunFolder, Stage, Trainable, Trainer, set_policy

MODEL, REPORT, SAMPLES = "model.keras", "report.json", "samples"
STAGES = "copying", "painting"
_SHOWN = 3  # photographs in a sample


@dataclass(frozen=True)
class FastTrained:
    """What `train_style` and `train_adain` return.

    Attributes:
        model: Raw RGB of 0 to 255 in and out; see `dlzoo.models.transformer_net` and `adain`.
        report: Losses, photographs, time.
        folder: Where `model.keras`, `report.json` and `samples/` are.
    """

    model: keras.Model
    report: FastReport
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the model itself is in `folder`."""
        return {"folder": str(self.folder), "report": self.report.to_dict()}

    def __str__(self) -> str:
        return f"{self.report}\nSaved in {self.folder}"


class FastRun:
    """Brings what the engine needs, and the result.

    Args:
        settings: A `FastSettings`.
        model: A `dlzoo.style.perceptual.Painter`.
        crops: Makes the `Crops` of a stage: `(steps of an epoch, number of the stage)`.
        left_out: What is wrong with photographs that cannot be used.
        config: What the result depends on beside the settings.
        out: The folder.
    """

    def __init__(self, settings, model, crops, left_out, config, out):
        self.settings = settings
        self.model = model
        self.left_out = tuple(left_out)
        self.config = config
        self.folder = RunFolder(out)
        self._make_crops = crops
        self._crops: Any = None

    def result(self, *, fresh: bool) -> FastTrained:
        """Train, or go on, or read what was trained."""
        config = {
            "task": self.settings.who,
            "backend": keras.backend.backend(),
            "settings": self.settings.to_dict(),
            **self.config,
        }
        path = self.folder.path
        if self.folder.open(config, fresh=fresh):
            report = json.loads((path / REPORT).read_text(encoding="utf-8"))
            model = keras.saving.load_model(path / MODEL)
            return FastTrained(model, FastReport.from_dict(report), path)
        painter = self.model.painter
        if self.settings.mixed_bfloat16:
            keep = [painter.get_layer(name) for name in ("rgb", "picture")]
            set_policy(
                painter,
                "mixed_bfloat16",
                keep=[*keep, *(part for layer in keep for part in sublayers(layer))],
            )
        trainer = Trainer(self.folder.checkpoint, after_epoch=self._sample)
        report = self._report(trainer.run(self._plan()))
        set_policy(painter, "float32")
        with atomic_path(path / MODEL) as temporary:
            painter.save(temporary)
        write_json(path / REPORT, report.to_dict())
        self.folder.finish()
        return FastTrained(painter, report, path)

    def _plan(self):
        settings = self.settings
        plan = [Stage(STAGES[1], self._paint, settings.schedule(settings.steps))]
        if settings.copy_steps:
            schedule = settings.schedule(settings.copy_steps)
            plan.insert(0, Stage(STAGES[0], self._copy, schedule))
        return plan

    def _copy(self):
        return self._trainable(Copying(self.model.painter), self.settings.copy_steps, 0)

    def _paint(self):
        return self._trainable(self.model, self.settings.steps, 1)

    def _trainable(self, model, steps, stage):
        self._crops = self._make_crops(self.settings.parts(steps)[1], stage)
        self._stage = STAGES[stage]
        return Trainable(model, self._crops, None, None)

    def _report(self, history):
        every = self.settings.parts(self.settings.steps)[1]
        losses = tuple(
            {"step": record["epoch"] * every, **{name: record[name] for name in TERMS}}
            for record in history
            if record["stage"] == STAGES[1]
        )
        return FastReport(
            self.model.painter.name,
            self._crops.photographs,
            self.left_out,
            losses,
            sum(record["seconds"] for record in history),
            self.settings.to_dict(),
        )

    def _sample(self, epoch):
        """Photographs above, what is made of them below."""
        x, rows = self._crops.sample(_SHOWN)
        painted = keras.ops.convert_to_numpy(self.model.painter(x, training=False))
        rows = [*rows, np.clip(np.rint(painted), 0, 255).astype("uint8")]
        sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
        name = f"{self._stage}{epoch * len(self._crops):06d}.jpg"
        write_picture(Path(self.folder.path, SAMPLES, name), sheet)
