"""Stages, the best weights, early stopping, divergence, and going on after an end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from dlzoo.errors import DivergenceError
from dlzoo.training import Batches, Schedule, Stage, Trainable, Trainer, seeded
from dlzoo.training.trainer import _Epochs

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(40, 6)).astype("float32")
TARGETS = (INPUTS @ RNG.normal(size=(6, 1)) + 0.1).astype("float32")


def by_dev_loss(logs):
    return (-logs["val_loss"],)


class Task:
    """A regression in two stages: the last layer, then both, with dropout between."""

    def __init__(self, epochs=(4, 6), rate=0.02, delay=0.0):
        self.epochs, self.rate, self.delay = epochs, rate, delay
        with seeded(1):
            vector = keras.Input((6,))
            self.first = keras.layers.Dense(8, activation="relu")
            self.last = keras.layers.Dense(1)
            x = keras.layers.Dropout(0.3)(self.first(vector))
            self.model = keras.Model(vector, self.last(x))

    def trainable(self, stage):
        self.first.trainable = stage == 1
        train = Slow(INPUTS[:30], TARGETS[:30], 7, seed=(5, stage))
        train.delay = self.delay
        return Trainable(self.model, train, Batches(INPUTS[30:], TARGETS[30:], 5), "mse")

    def stages(self):
        return [
            Stage("last", lambda: self.trainable(0), Schedule(self.epochs[0], self.rate)),
            Stage("both", lambda: self.trainable(1), Schedule(self.epochs[1], self.rate)),
        ]

    def weights(self):
        return [keras.ops.convert_to_numpy(w) for w in self.model.weights]


class Slow(Batches):
    delay = 0.0

    def __getitem__(self, step):
        time.sleep(self.delay)
        return super().__getitem__(step)


def without_times(history):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A run from beginning to end: its checkpoint, its weights, its history."""
    task, path = Task(), tmp_path_factory.mktemp("undisturbed") / "checkpoint.npz"
    history = Trainer(path, by_dev_loss).run(task.stages())
    return path, task.weights(), history


@pytest.mark.parametrize("stage, epoch", [("last", 1), ("last", 3), ("both", 1), ("both", 4)])
def test_an_interrupted_run_ends_like_an_undisturbed_one(
    undisturbed, tmp_path, monkeypatch, stage, epoch
):
    _, expected, expected_history = undisturbed
    trainer = Trainer(tmp_path / "checkpoint.npz", by_dev_loss)
    whole = _Epochs.on_train_batch_end

    def press_ctrl_c(self, batch, logs=None):
        whole(self, batch, logs)
        if (self.stage.name, self.epoch + 1, batch) == (stage, epoch, 2):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_Epochs, "on_train_batch_end", press_ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            trainer.run(Task().stages())

    resumed = Task()
    history = trainer.run(resumed.stages())
    assert without_times(history) == without_times(expected_history)
    for ours, theirs in zip(resumed.weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_kill_in_the_middle_of_an_epoch_loses_at_most_that_epoch(undisturbed, tmp_path):
    _, expected, expected_history = undisturbed
    path = tmp_path / "checkpoint.npz"
    code = (
        "import sys; from pathlib import Path; from tests.training.test_trainer import *\n"
        "Trainer(Path(sys.argv[1]), by_dev_loss).run(Task(delay=0.05).stages())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not path.exists() and process.poll() is None:
            assert time.monotonic() < deadline, "no checkpoint was written"
            time.sleep(0.02)
        time.sleep(0.3)  # some steps into a later epoch
        assert process.poll() is None, "it ended before it could be killed"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed = Task()
    history = Trainer(path, by_dev_loss).run(resumed.stages())
    assert without_times(history) == without_times(expected_history)
    for ours, theirs in zip(resumed.weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_run_that_has_ended_is_not_trained_again(undisturbed):
    path, expected, history = undisturbed
    task = Task()
    again = Trainer(path, by_dev_loss).run(task.stages())
    assert again == history
    for ours, theirs in zip(task.weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_best_weights_come_back_and_a_stage_ends_early(tmp_path):
    scores = iter([1.0, 3.0, 2.0, 2.5, 9.0])
    seen = []

    def score(logs):
        seen.append(task.weights())
        return (next(scores),)

    task = Task(epochs=(20, 1))
    Trainer(tmp_path / "c.npz", score, patience=2).run(task.stages()[:1])
    assert len(seen) == 4  # the best was the second; two without a better one
    for kept, best in zip(task.weights(), seen[1], strict=True):
        np.testing.assert_array_equal(kept, best)


def test_a_stage_that_makes_it_worse_is_undone(tmp_path):
    scores = iter([1.0, 5.0, 4.0, 3.0])
    seen = []

    def score(logs):
        seen.append(task.weights())
        return (next(scores),)

    task = Task(epochs=(2, 2))
    history = Trainer(tmp_path / "c.npz", score).run(task.stages())
    assert [record["improved"] for record in history] == [True, True, False, False]
    for kept, best in zip(task.weights(), seen[1], strict=True):
        np.testing.assert_array_equal(kept, best)


def test_divergence_is_explained_and_keeps_the_last_checkpoint(tmp_path):
    task = Task(rate=100.0)
    stages = [
        Stage("last", lambda: task.trainable(0), Schedule(2, 0.01)),
        Stage("both", lambda: explode(task), Schedule(3, 50.0, optimizer="sgd")),
    ]
    path = tmp_path / "c.npz"
    with pytest.raises(DivergenceError) as caught:
        Trainer(path, by_dev_loss).run(stages)
    text = str(caught.value)
    for part in ("stage 'both'", "epoch 1, batch", "last finite loss", "try 5"):
        assert part in text
    history = Trainer(path, by_dev_loss).run(stages[:1])
    assert [record["stage"] for record in history] == ["last", "last"]


def explode(task):
    trainable = task.trainable(1)
    return Trainable(
        trainable.model,
        Batches(INPUTS[:30] * 1e10, TARGETS[:30], 2, seed=(0,)),
        trainable.dev,
        "mse",
    )


def test_the_schedule_warms_up_and_falls_to_zero(tmp_path):
    task = Task(epochs=(5, 1), rate=0.02)
    history = Trainer(tmp_path / "c.npz", by_dev_loss).run(task.stages()[:1])
    rates = [record["learning_rate"] for record in history]
    assert rates[0] == pytest.approx(0.02, rel=1e-3)
    assert sorted(rates, reverse=True) == rates
    assert rates[-1] == pytest.approx(0, abs=1e-9)
