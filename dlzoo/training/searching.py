"""Searching hyperparameters: at random or by TPE, many trials, resumable."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_choice, check_positive_int
from dlzoo._files import write_json
from dlzoo._lock import locked
from dlzoo.training.batches import Batches
from dlzoo.training.run_folder import RunFolder
from dlzoo.training.search_result import SearchResult
from dlzoo.training.seeding import seeded
from dlzoo.training.space import check_space
from dlzoo.training.study import LOCK, Study, import_optuna

_LESS_IS_BETTER = ("loss", "error", "mse", "mae", "perplexity")


def search(
    build: Callable[[dict[str, Any]], keras.Model],
    space: Mapping[str, Any],
    *,
    train: Any,
    dev: Any,
    out: str | os.PathLike,
    trials: int = 20,
    epochs: int = 10,
    batch_size: int = 32,
    metric: str = "val_accuracy",
    maximise: bool | None = None,
    method: str = "tpe",
    prune: bool = True,
    seed: int = 0,
) -> SearchResult:
    """Train networks with different hyperparameters and compare them on the dev set.

    Many trials one after another, or from several processes with the same `out`, is what
    the course calls the caviar strategy. (For the panda strategy, a single network that is
    watched and nursed for days, a search is of no use: train it by `fine_tune` or
    `Trainer`, which resume within a run. `trials=1` trains one network with parameters that
    were drawn.)

    Stopped in whatever way, kill -9 included, the same call goes on: finished and pruned
    trials count; one that was running then, or ended in an error, is marked as failed, and
    its hyperparameters are tried again (three times at most). With more `trials` it
    continues.

    Args:
        build: From hyperparameters to a compiled model. Layers without a seed get the same
            one in every trial.
        space: Name -> a range of `dlzoo.training.space`, or a list of choices.
        train: `(x, y)`, or whatever else `fit` takes as its first argument.
        dev: `(x, y)`, or whatever else `fit` takes as `validation_data`.
        out: The folder of the search.
        trials: How many to finish.
        epochs: Of each trial.
        batch_size: Of arrays.
        metric: What counts, as `fit` logs it; a trial's score is its best epoch's.
        maximise: Whether more is better; by default it follows from the name.
        method: `"tpe"` (Bergstra et al. 2011: after ten random trials it draws where good
            ones were) or `"random"`. Never a grid: of 25 points in a 5 x 5 grid only 5 tell
            something about the hyperparameter that matters.
        prune: Stop a trial that is worse than the median of the earlier ones at the same
            epoch, from the fifth trial and a fifth of the epochs on.
        seed: Of the search and of each network. One process, same seed, same trials.

    Returns:
        A `SearchResult`; it is in `out/search.json`, too. `build(result.params)` is the
        best network, to be trained again.

    Raises:
        ValueError: An argument, a model that is not compiled, a metric that is not logged.
            `dlzoo.errors.DataError`: The folder belongs to another search.
            `dlzoo.errors.MissingExtraError`: Optuna is not installed.

    Example:
        Here `x` and `y` are arrays, `build` a function with Keras's words in it::

            from dlzoo.training import search, space

            result = search(
                build,
                {"learning_rate": space.log(1e-4, 1e-1), "activation": ["relu", "tanh"]},
                train=(x[:1000], y[:1000]), dev=(x[1000:], y[1000:]),
                trials=20, epochs=10, out="search/",
            )
            print(result)
    """
    check_positive_int("search", "epochs", epochs)
    check_positive_int("search", "batch_size", batch_size)
    if maximise is None:
        maximise = not metric.endswith(_LESS_IS_BETTER)
    objective = _Training(build, train, dev, epochs, batch_size, metric, seed)
    settings = {
        "train": _digest(train),
        "dev": _digest(dev),
        "epochs": epochs,
        "batch_size": batch_size,
    }
    return search_objective(
        objective,
        space,
        out=out,
        trials=trials,
        metric=metric,
        maximise=maximise,
        method=method,
        prune=prune,
        warmup=max(1, epochs // 5),
        seed=seed,
        settings=settings,
    )


def search_objective(
    objective: Callable[[dict[str, Any], Callable[[float], bool]], float | None],
    space: Mapping[str, Any],
    *,
    out: str | os.PathLike,
    trials: int = 20,
    metric: str = "score",
    maximise: bool = True,
    method: str = "tpe",
    prune: bool = True,
    warmup: int = 1,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> SearchResult:
    """`search` for anything that has a score.

    Args:
        objective: Called with the hyperparameters and `report`. It may call
            `report(score)` after each epoch, and should return when that answers True. It
            returns the score, or None for the best that was reported.
        warmup: Reports of a trial before it can be stopped.
        settings: Plain values that the result depends on; another search's folder is
            known by them.

    The other arguments, the result and the errors are those of `search`.

    Example:
        >>> import tempfile
        >>> from dlzoo.training import space
        >>> result = search_objective(
        ...     lambda params, report: -((params["x"] - 3) ** 2),
        ...     {"x": space.linear(0, 10)},
        ...     trials=25,
        ...     out=tempfile.mkdtemp(),
        ... )
        >>> abs(result.params["x"] - 3) < 1
        True
    """
    import_optuna()
    checked = check_space(space)
    check_positive_int("search", "trials", trials)
    check_positive_int("search", "seed", seed, minimum=0)
    check_choice("search", "method", method, ("tpe", "random"))
    config = {
        "space": {name: str(parameter) for name, parameter in checked.items()},
        "metric": metric,
        "maximise": maximise,
        "method": method,
        "prune": prune,
        "seed": seed,
        **(settings or {}),
    }
    folder = Path(out).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK):
        RunFolder(folder, own=(LOCK,)).open(config)
    study = Study(
        folder,
        checked,
        method=method,
        maximise=maximise,
        prune=prune,
        warmup=warmup,
        seed=seed,
    )
    study.run(objective, trials, metric)
    result = study.result(metric)
    write_json(folder / "search.json", result.to_dict())
    return result


class _Training:
    """The objective of `search`: build, fit, report the metric after each epoch."""

    def __init__(self, build, train, dev, epochs, batch_size, metric, seed):
        self.build = build
        self.train = train
        self.dev = dev
        self.epochs = epochs
        self.batch_size = batch_size
        self.metric = metric
        self.seed = seed

    def __call__(self, params, report):
        with seeded(self.seed):
            model = self.build(dict(params))
        if not isinstance(model, keras.Model) or not model.compiled:
            raise ValueError(
                f"search: build must return a compiled keras.Model; got {model!r}. Call "
                f"model.compile(...) with metrics in it."
            )
        train, dev = self.train, self.dev
        if isinstance(train, tuple):
            x, y = train
            train = Batches(x, y, self.batch_size, seed=(self.seed,))
        if isinstance(dev, tuple):
            x, y = dev
            dev = Batches(x, y, max(self.batch_size, 256))
        model.fit(
            train,
            validation_data=dev,
            epochs=self.epochs,
            shuffle=False,  # Batches has its own order, which follows from the seed
            verbose=0,
            callbacks=[_Watch(train, self.metric, report)],
        )


class _Watch(keras.callbacks.Callback):
    """Reports a metric after each epoch and ends the training if told so."""

    def __init__(self, train, metric, report):
        super().__init__()
        self.train = train
        self.metric = metric
        self.report = report

    def on_epoch_begin(self, epoch, logs=None):
        if isinstance(self.train, Batches):
            self.train.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if self.metric not in logs:
            raise ValueError(
                f"search: metric must be one that fit logs, which are {sorted(logs)}; got "
                f"{self.metric!r}. Pass it to compile as one of the metrics."
            )
        diverged = not np.isfinite(logs["loss"])
        if self.report(np.nan if diverged else logs[self.metric]):
            self.model.stop_training = True


def _digest(data):
    """What tells data from other data: the content of arrays, else the kind."""
    if not isinstance(data, tuple):
        return type(data).__name__
    digest = hashlib.sha256()
    for part in data:
        array = np.ascontiguousarray(part)
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(array.data)
    return digest.hexdigest()[:16]
