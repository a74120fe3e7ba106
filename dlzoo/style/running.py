"""The run of a style transfer: scale after scale, segment after segment, resumable."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._progress import progress_bar
from dlzoo.errors import DivergenceError
from dlzoo.style.job import Job
from dlzoo.style.optimisers import State
from dlzoo.style.pictures import fitted, resized, write_picture
from dlzoo.style.slopes import Slope
from dlzoo.training.checkpoint import Checkpoint

SEGMENT = 50  # steps between two checkpoints; L-BFGS forgets its memory there

_log = logging.getLogger("dlzoo")


@dataclass(frozen=True, eq=False)
class Step:
    """Where a style transfer stands, for callbacks.

    Attributes:
        number, total: Of the step, over all scales, from 1; and how many there will be.
        loss: What is made smaller, at this scale; `content`, `style` and `variation` are its
            parts.
    """

    number: int
    total: int
    loss: float
    content: float
    style: float
    variation: float
    _show: Callable[[], np.ndarray] = field(repr=False)

    @property
    def picture(self) -> np.ndarray:
        """The picture at this moment, `uint8` `(height, width, 3)`, of this scale's size."""
        return self._show()


class Run:
    """The work on a job.

    Args:
        job: What to paint.
        out: The picture's file, or None. Beside it lies, until the end, what an interrupted
            run needs to go on.
        callback: Called with a `Step`, every `every` steps.
        every: See there.
        keep: Write the picture of these steps, too: `<out>-0010.png`.
    """

    def __init__(
        self,
        job: Job,
        out: Path | None = None,
        callback: Callable[[Step], Any] | None = None,
        every: int = 10,
        keep: bool = False,
    ):
        self.job, self.out, self.callback = job, out, callback
        self.every, self.keep = every, keep
        self.checkpoint = out and out.with_name(f".{out.name}.unfinished.npz")
        self._identity = job.identity() if out else ""
        self._number = 0
        self._picture: Any = None  # the latest, as the optimiser has it
        self._bar: Any = None

    def run(self, *, fresh: bool = False) -> np.ndarray:
        """Paint; the result is `uint8` `(height, width, 3)`."""
        before = None if fresh else self._interrupted()
        try:
            with progress_bar() as bar:
                task = bar.add_task("stylize", total=self.job.total, note="")
                self._bar = lambda note: bar.update(task, completed=self._number, note=note)
                for scale in range(before.stage if before else 0, len(self.job.plan)):
                    self._paint(scale, before)
                    before = None
        finally:  # after Ctrl-C, too: what is there stays
            self._write()
        if self.checkpoint:
            self.checkpoint.unlink(missing_ok=True)
        return self.job.shown(self._picture)

    def _paint(self, scale: int, before: Checkpoint | None) -> None:
        """One scale, from `before` or from the picture of the scale before."""
        side, steps = self.job.plan[scale]
        behind = sum(steps for _, steps in self.job.plan[:scale])
        done = 0
        state: State = ()
        if before:
            done, state = before.epoch, before.optimizer
            (self._picture,) = before.values
        elif self._picture is None:
            self._picture = self.job.start(side)
        else:
            self._picture = resized(self._picture, self.job.content_at(side).shape[1:3])
        slope, method = self._checked(self.job.slope(side)), self.job.settings.method(steps)
        while done < steps:
            self._number = behind + done
            part = min(SEGMENT, steps - done)
            self._picture, state = method.run(slope, self._picture, state, part, self._watch)
            done += part
            self._save(scale, done, state)
        self._number = behind + steps

    def _checked(self, slope: Slope) -> Slope:
        def check(picture):
            value, parts, gradient = slope(picture)
            if not np.isfinite(value):
                raise DivergenceError(
                    f"stylize: the loss is no longer a number at step {self._number + 1}. Take "
                    "a smaller learning_rate or smaller weights, or compute in float32."
                )
            return value, parts, gradient

        return check

    def _watch(self, picture, loss, parts):
        self._number += 1
        self._picture = picture
        self._bar(f"{max(picture.shape)} px, loss {loss:.4g}")
        if self._number % self.every:
            return
        content, style, variation = (float(part) for part in parts)
        step = Step(
            self._number,
            self.job.total,
            loss,
            content,
            style,
            variation,
            lambda: self.job.shown(picture),
        )
        if self.callback:
            self.callback(step)
        if self.keep and self.out:
            name = f"{self.out.stem}-{self._number:04d}{self.out.suffix}"
            write_picture(self.out.with_name(name), step.picture)

    def _write(self):
        if self.out and self._picture is not None:
            side, _ = self.job.plan[-1]
            size = fitted(self.job.content.shape, side)  # also of an unfinished picture
            write_picture(self.out, self.job.shown(resized(self._picture, size)))

    def _save(self, scale, done, state):
        if self.checkpoint:
            Checkpoint(
                stage=scale,
                epoch=done,
                history=({"identity": self._identity},),
                values=(self._picture,),
                optimizer=state,
            ).save(self.checkpoint)
            self._write()

    def _interrupted(self):
        """Where an earlier run of the same job was interrupted, or None."""
        if not self.checkpoint or not self.checkpoint.exists():
            return None
        before = Checkpoint.load(self.checkpoint)
        if before.history[0]["identity"] == self._identity:
            return before
        _log.warning(
            "%s: an unfinished picture with other settings is there; starting anew.", self.out
        )
        return None
