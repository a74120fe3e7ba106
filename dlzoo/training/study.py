"""Trials of a search, kept on disk so that nothing that ends a process loses them.

The study is a SQLite file written by Optuna: a transaction is there or it is not, whatever
kills the process. (Its log file, the alternative, is left with half a line by kill -9.)
Each process holds a lock file while it lives, which the system takes from the dead: so a
trial that was running when its process was killed is known at once, and tried again.
"""

import math
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._checks import require
from dlzoo._lock import is_held, locked
from dlzoo._progress import progress_bar
from dlzoo.training.search_result import SearchResult, SearchTrial
from dlzoo.training.space import Parameter

LOCK = "search.lock"
_TRIES = 3  # how often a trial may fail before its hyperparameters are given up
_STATES = {
    "COMPLETE": "finished",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}


def import_optuna() -> Any:
    """Optuna, or the error that says which extra brings it."""
    return require("optuna", extra="search", purpose="Searching hyperparameters")


class Study:
    """The trials in a folder.

    Args:
        folder: There already.
        space: Hyperparameters by name.
        method: `"tpe"` or `"random"`.
        maximise: Whether more is better.
        prune: Stop trials that are worse than the median.
        warmup: Epochs in which no trial is stopped.
        seed: The n-th trial depends on it, on n, and (TPE) on the trials before.
    """

    def __init__(
        self,
        folder: Path,
        space: dict[str, Parameter],
        *,
        method: str,
        maximise: bool,
        prune: bool,
        warmup: int,
        seed: int,
    ):
        self.optuna = import_optuna()
        self.folder = folder
        self.space = space
        self.method = method
        self.maximise = maximise
        self.prune = prune
        self.warmup = warmup
        self.seed = seed

    def run(self, objective: Callable, trials: int, what: str) -> None:
        """Run trials until `trials` of them have finished or were pruned.

        Args:
            objective: Called with hyperparameters and a function that takes the score after
                each epoch and answers whether to stop.
            what: The name of the score.
        """
        worker = uuid.uuid4().hex
        workers = self.folder / "workers"
        workers.mkdir(exist_ok=True)
        mine = workers / f"{worker}.lock"
        with locked(mine), self._opened() as study, progress_bar() as bar:
            task = bar.add_task("Searching", total=trials, note="")
            while (trial := self._next(study, worker, trials)) is not None:
                bar.update(task, completed=trial.number, note=self._note(study, what))
                self._try(study, trial, objective)
            bar.update(task, completed=trials, note=self._note(study, what))
        mine.unlink()

    def result(self, metric: str) -> SearchResult:
        """All trials so far."""
        with self._opened() as study:
            trials = tuple(
                self._record(trial)
                for trial in study.get_trials(deepcopy=False)
                if trial.state.name != "WAITING"
            )
            importance = self._importance(study)
        return SearchResult(metric, self.maximise, self.space, trials, importance)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        optuna = self.optuna
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        path = (self.folder / "study.db").resolve()
        try:
            with locked(self.folder / LOCK):
                storage = optuna.storages.RDBStorage(
                    f"sqlite:///{path}", engine_kwargs={"creator": partial(_connect, path)}
                )
                pruner = optuna.pruners.MedianPruner(n_warmup_steps=self.warmup)
                study = optuna.create_study(
                    storage=storage,
                    study_name="search",
                    direction="maximize" if self.maximise else "minimize",
                    pruner=pruner if self.prune else optuna.pruners.NopPruner(),
                    load_if_exists=True,
                )
            try:
                yield study
            finally:
                storage.remove_session()
                storage.engine.dispose()
        finally:
            optuna.logging.set_verbosity(verbosity)

    def _next(self, study, worker, trials):
        """A new trial, unless enough are finished or on their way."""
        with locked(self.folder / LOCK):
            self._bury_the_dead(study)
            all_trials = study.get_trials(deepcopy=False)
            done = ("COMPLETE", "PRUNED", "RUNNING")
            begun = [trial for trial in all_trials if trial.state.name in done]
            if len(begun) >= trials:
                return None
            # Not by the trial's number: one that was killed and is tried again would shift
            # all that follow, and the search would not be the one that was interrupted.
            place = len(begun) + sum(self._given_up(trial) for trial in all_trials)
            state = np.random.SeedSequence([self.seed, place]).generate_state(1)
            samplers = self.optuna.samplers
            kind = samplers.TPESampler if self.method == "tpe" else samplers.RandomSampler
            study.sampler = kind(seed=int(state[0]))
            ranges = {n: p.distribution(self.optuna) for n, p in self.space.items()}
            trial = study.ask(ranges)
            trial.set_user_attr("worker", worker)
            return trial

    def _bury_the_dead(self, study):
        """Mark trials whose process is gone as failed; their parameters come next."""
        for trial in study.get_trials(deepcopy=False):
            if trial.state.name != "RUNNING":
                continue
            worker = trial.user_attrs.get("worker")
            if worker and is_held(self.folder / "workers" / f"{worker}.lock"):
                continue
            study.tell(trial.number, state=self.optuna.trial.TrialState.FAIL)
            self._again(study, trial)

    def _again(self, study, trial):
        tries = trial.user_attrs.get("tries", 1)
        if trial.params and tries < _TRIES:
            study.enqueue_trial(trial.params, user_attrs={"tries": tries + 1})

    def _given_up(self, trial):
        return trial.state.name == "FAIL" and trial.user_attrs.get("tries", 1) >= _TRIES

    def _try(self, study, trial, objective):
        """Run one trial; whatever happens, the study knows."""
        states = self.optuna.trial.TrialState
        report = _Report(trial)
        params = {name: p.value(trial.params[name]) for name, p in self.space.items()}
        try:
            score = objective(params, report)
        except BaseException as error:
            study.tell(trial, state=states.FAIL)
            self._again(study, trial)
            if isinstance(error, Exception):
                error.add_note(f"This was trial {trial.number} of the search: {params}")
            raise
        best = max if self.maximise else min
        score = best(report.scores) if score is None and report.scores else score
        if report.stopped or score is None or not math.isfinite(score):
            study.tell(trial, state=states.PRUNED)
        else:
            study.tell(trial, float(score))

    def _note(self, study, what):
        finished = [
            t.value for t in study.get_trials(deepcopy=False) if t.state.name == "COMPLETE"
        ]
        if not finished:
            return ""
        return f"best {what} {(max if self.maximise else min)(finished):.4f}"

    def _record(self, trial):
        curve = tuple(
            trial.intermediate_values[step] for step in sorted(trial.intermediate_values)
        )
        finite = [score for score in curve if math.isfinite(score)]
        best = max if self.maximise else min
        if trial.state.name == "COMPLETE":
            score = trial.value
        else:
            score = best(finite) if finite else None
        params = {
            n: p.value(trial.params[n]) for n, p in self.space.items() if n in trial.params
        }
        seconds = None if trial.duration is None else trial.duration.total_seconds()
        return SearchTrial(
            trial.number, params, score, _STATES[trial.state.name], curve, seconds
        )

    def _importance(self, study):
        values = {
            t.value for t in study.get_trials(deepcopy=False) if t.state.name == "COMPLETE"
        }
        if len(values) < 4:
            return {}
        found = self.optuna.importance.get_param_importances(study)
        return {name: float(share) for name, share in found.items()}


def _connect(path):
    """A connection that waits for others, and for the disk only where it must.

    With a write-ahead log nothing is damaged or lost by the end of a process; if the power
    fails, the last trials may be missing. A trial is about fifteen transactions.
    """
    connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


class _Report:
    """Takes the score after each epoch; answers whether the trial should end."""

    def __init__(self, trial):
        self.trial = trial
        self.scores = []
        self.stopped = False

    def __call__(self, score: float) -> bool:
        score = float(score)
        self.trial.report(score, step=len(self.scores))
        if math.isfinite(score):
            self.scores.append(score)
            self.stopped = self.trial.should_prune()
        else:
            self.stopped = True  # it diverged
        return self.stopped
