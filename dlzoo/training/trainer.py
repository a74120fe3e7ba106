"""Training in stages that can be interrupted, whatever the task is.

A task brings stages: a model, batches, loss, metrics and a score. The trainer compiles,
fits, keeps the best weights, stops early, watches for a loss that is not a number, and
writes a checkpoint after every epoch, from which the same call goes on.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo._progress import progress_bar
from dlzoo.errors import DivergenceError
from dlzoo.training import checkpoint
from dlzoo.training.batches import Batches
from dlzoo.training.checkpoint import Checkpoint
from dlzoo.training.freezing import changing_variables
from dlzoo.training.inference import jit_compile
from dlzoo.training.schedule import Schedule


@dataclass(frozen=True)
class Trainable:
    """What a stage trains on what.

    Attributes:
        model: Only what shall change is trainable (`freezing.train_only`). It holds all
            weights that earlier stages trained.
        train: The batches of an epoch.
        dev: Batches that the score is measured on, or None.
        loss: As in `keras.Model.compile`.
        metrics: The same; new objects for each stage.
        measure: Called after an epoch; what it gives is in the logs as `val_<name>`.
        callbacks: Who else looks on, before an epoch is kept: what raises there leaves the
            checkpoint of the epoch before.
    """

    model: keras.Model
    train: Batches
    dev: Batches | None
    loss: Any
    metrics: Sequence[Any] = ()
    measure: Callable[[], Mapping[str, float]] | None = None
    callbacks: Sequence[keras.callbacks.Callback] = ()


@dataclass(frozen=True)
class Stage:
    """One part of the training.

    Attributes:
        name: For people: in the progress bar, the history, in errors.
        prepare: Called when the stage's turn has come.
        schedule: Epochs, optimizer and learning rate.
    """

    name: str
    prepare: Callable[[], Trainable]
    schedule: Schedule


@dataclass(frozen=True)
class Trainer:
    """Runs stages one after the other.

    Attributes:
        path: Where the checkpoint is kept.
        score: From the logs of an epoch to numbers, higher is better, the first counts
            most. It must mean the same in all stages: a stage that does not get above
            the score it started from is undone. None keeps the last weights.
        patience: Epochs without a better score after which a stage ends.
        after_epoch: Called with the number of epochs done, whenever a checkpoint was written.
    """

    path: Path
    score: Callable[[Mapping[str, float]], tuple[float, ...]] | None = None
    patience: int = 10
    after_epoch: Callable[[int], None] | None = None

    def run(self, stages: Sequence[Stage]) -> tuple[dict[str, Any], ...]:
        """Train; afterwards the models hold the best weights.

        Returns:
            One record an epoch: stage, epoch, learning rate, seconds, losses, metrics,
            and whether its weights became the best (`improved`).

        Raises:
            DivergenceError: The loss became infinite or NaN.
        """
        state = Checkpoint.load(self.path) if self.path.exists() else Checkpoint()
        for number, stage in enumerate(stages):
            if number >= state.stage:
                state = self._run_stage(number, stage, state)
        return state.history

    def _run_stage(self, number, stage, state):
        trainable = stage.prepare()
        model = trainable.model
        optimizer = stage.schedule.build(len(trainable.train))
        model.compile(
            optimizer,
            trainable.loss,
            metrics=list(trainable.metrics),
            jit_compile=jit_compile(model),
        )
        optimizer.build(model.trainable_variables)
        variables = changing_variables(model)
        if number == state.stage and state.epoch:
            checkpoint.assign(variables, state.values)
            checkpoint.assign(optimizer.variables, state.optimizer)
        else:
            start = () if state.best is None else checkpoint.read(variables)
            state = Checkpoint(
                number, history=state.history, best=state.best, best_values=start
            )
        if state.epoch < stage.schedule.epochs and not state.stopped:
            with progress_bar() as bar:
                epochs = _Epochs(self, stage, trainable, variables, state, bar)
                model.fit(
                    trainable.train,
                    validation_data=trainable.dev,
                    initial_epoch=state.epoch,
                    epochs=stage.schedule.epochs,
                    callbacks=[*trainable.callbacks, epochs],
                    shuffle=False,  # Keras would deal out the batches in any order
                    verbose=0,
                )
            state = epochs.state
        checkpoint.assign(variables, state.best_values)
        return state


class _Epochs(keras.callbacks.Callback):
    """What happens around every batch and epoch of a stage."""

    def __init__(self, trainer, stage, trainable, variables, state, bar):
        super().__init__()
        self.trainer = trainer
        self.stage = stage
        self.trainable = trainable
        self.variables = variables
        self.state = state
        self.bar = bar
        self.last_loss = None
        steps = len(trainable.train)
        total = steps * stage.schedule.epochs
        self.task = bar.add_task(
            stage.name, total=total, completed=steps * state.epoch, note=""
        )

    def on_epoch_begin(self, epoch, logs=None):
        self.trainable.train.epoch = epoch
        self.epoch = epoch
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self._check("loss", logs["loss"], f"epoch {self.epoch + 1}, batch {batch + 1}")
        self.last_loss = logs["loss"]
        self.bar.update(self.task, advance=1, note=_note(logs))

    def on_epoch_end(self, epoch, logs=None):
        logs = {name: float(value) for name, value in logs.items()}
        if "val_loss" in logs:
            self._check("val_loss", logs["val_loss"], f"epoch {epoch + 1}")
        if self.trainable.measure is not None:
            measured = self.trainable.measure()
            logs |= {f"val_{name}": float(value) for name, value in measured.items()}
        self.bar.update(self.task, note=_note(logs))
        record = {
            "stage": self.stage.name,
            "epoch": epoch + 1,
            "learning_rate": self._learning_rate(),
            "seconds": round(time.perf_counter() - self.started, 3),
            **logs,
        }
        self.state = self._advance(epoch + 1, record, logs)
        self.state.save(self.trainer.path)
        if self.trainer.after_epoch is not None:
            self.trainer.after_epoch(epoch + 1)
        if self.state.stopped:
            self.model.stop_training = True

    def _advance(self, epoch, record, logs):
        """The state after an epoch."""
        values = checkpoint.read(self.variables)
        score = None if self.trainer.score is None else self.trainer.score(logs)
        best = self.state.best
        improved = score is None or best is None or score > best
        state = replace(
            self.state,
            epoch=epoch,
            history=(*self.state.history, record | {"improved": improved}),
            values=values,
            optimizer=checkpoint.read(self.model.optimizer.variables),
        )
        if improved:
            return replace(state, best=score, best_epoch=epoch, best_values=values)
        return replace(state, stopped=epoch - state.best_epoch >= self.trainer.patience)

    def _learning_rate(self):
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def _check(self, what, loss, where):
        if np.isfinite(loss):
            return
        last = "there was none" if self.last_loss is None else f"{self.last_loss:.4g}"
        rate = self.stage.schedule.learning_rate
        raise DivergenceError(
            f"Training diverged: {what} became {loss} in stage {self.stage.name!r}, "
            f"{where} (last finite loss: {last}; learning rate at most {rate:g}). "
            f"Usual reasons: the learning rate is too high (try {rate / 10:g}), or the "
            f"inputs are scaled otherwise than the network expects. The weights of the "
            f"last whole epoch are in {self.trainer.path}."
        )


def _note(logs):
    """The figures beside the progress bar."""
    return "  ".join(
        f"{name.replace('val_', 'dev ')} {float(value):.3f}" for name, value in logs.items()
    )
