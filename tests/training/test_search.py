"""Searches find, prune, resume after kill -9, and share the work."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from dlzoo.errors import DataError, MissingExtraError
from dlzoo.models import mlp
from dlzoo.training import search, search_objective, space, split
from dlzoo.visualize import save_figure, search_history, search_parameters

LOSS = "sparse_categorical_crossentropy"
PLANE = {"x": space.linear(0, 10), "y": space.log(1e-3, 1e3)}


def hill(params, report):
    """The top is 0 at x = 3, y = 1."""
    return -((params["x"] - 3) ** 2) - np.log10(params["y"]) ** 2


def params(result):
    return [trial.params for trial in result.trials if trial.counts]


@pytest.mark.slow
def test_tpe_climbs_higher_than_random(tmp_path):
    scores = {"tpe": [], "random": []}
    for method, found in scores.items():
        for seed in range(2):
            out = tmp_path / f"{method}{seed}"
            result = search_objective(hill, PLANE, out=out, trials=20, method=method, seed=seed)
            found.append(result.best.score)
            assert result.best.score == max(trial.score for trial in result.trials)
    assert np.mean(scores["tpe"]) > np.mean(scores["random"])
    assert np.mean(scores["tpe"]) > -0.3


def test_the_same_seed_is_the_same_search_and_more_trials_go_on(tmp_path):
    def run(name, trials, seed=1):
        return search_objective(hill, PLANE, out=tmp_path / name, trials=trials, seed=seed)

    whole = run("whole", 12)
    assert params(run("parts", 3)) == params(whole)[:3]
    assert params(run("parts", 12)) == params(whole)
    assert params(run("parts", 12)) == params(whole)  # nothing is left to do
    assert params(run("other", 1, seed=2)) != params(whole)[:1]
    stored = json.loads((tmp_path / "parts" / "search.json").read_text())
    assert [trial["params"] for trial in stored["trials"]] == params(whole)


def test_scales():
    every = {
        "log": space.log(1e-4, 1e-1),
        "linear": space.linear(0, 1),
        "near_one": space.near_one(0.9, 0.999),
        "integers": space.integers(2, 4),
        "log_integers": space.integers(1, 1000, log=True),
        "choice": space.check_space({"choice": ["a", None, 3]})["choice"],
    }
    optuna = pytest.importorskip("optuna")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    ranges = {name: entry.distribution(optuna) for name, entry in every.items()}
    trials = [study.ask(ranges).params for _ in range(300)]
    drawn = {name: [entry.value(t[name]) for t in trials] for name, entry in every.items()}
    assert np.mean(np.array(drawn["log"]) < 1e-3) == pytest.approx(1 / 3, abs=0.1)
    assert np.mean(np.array(drawn["linear"]) < 0.5) == pytest.approx(0.5, abs=0.1)
    assert np.mean(np.array(drawn["near_one"]) > 0.99) == pytest.approx(0.5, abs=0.1)
    assert 0.9 <= min(drawn["near_one"]) <= max(drawn["near_one"]) <= 0.999
    assert set(drawn["integers"]) == {2, 3, 4}
    assert np.mean(np.array(drawn["log_integers"]) < 32) == pytest.approx(0.5, abs=0.1)
    assert set(drawn["choice"]) == {"a", None, 3}


def slopes(params, report):
    """Four epochs; the score rises by `x` an epoch."""
    for epoch in range(1, 5):
        if report(params["x"] * epoch):
            return None
    return None


def test_worse_than_the_median_is_stopped_early(tmp_path):
    result = search_objective(slopes, {"x": space.linear(0, 1)}, out=tmp_path, trials=12)
    pruned = [trial for trial in result.trials if trial.state == "pruned"]
    assert pruned
    assert all(len(trial.curve) < 4 for trial in pruned)
    assert result.best.params["x"] == max(trial.params["x"] for trial in result.trials)
    assert result.best.score == pytest.approx(4 * result.best.params["x"])
    kept = search_objective(
        slopes, {"x": space.linear(0, 1)}, out=tmp_path / "all", trials=6, prune=False
    )
    assert {len(trial.curve) for trial in kept.trials} == {4}


def test_what_is_no_number_is_pruned_and_counts(tmp_path):
    def half(params, report):
        report(float("nan") if params["x"] < 0.5 else params["x"])
        return None if params["x"] < 0.5 else params["x"]

    result = search_objective(half, {"x": space.linear(0, 1)}, out=tmp_path, trials=6)
    assert len(result.trials) == 6
    assert {t.state for t in result.trials if t.params["x"] < 0.5} == {"pruned"}
    lost = search_objective(
        lambda params, report: float("inf"), PLANE, out=tmp_path / "lost", trials=2
    )
    with pytest.raises(ValueError, match="no trial finished"):
        lost.best  # noqa: B018


def test_an_error_in_a_trial_names_it_and_the_search_goes_on_after(tmp_path):
    def broken(params, report):
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError) as error:
        search_objective(broken, PLANE, out=tmp_path, trials=3)
    assert "trial 0 of the search: {'x': " in error.value.__notes__[0]
    result = search_objective(hill, PLANE, out=tmp_path, trials=3)
    assert [trial.state for trial in result.trials] == ["failed"] + ["finished"] * 3
    assert result.trials[1].params == result.trials[0].params


def test_two_workers_share_the_trials(tmp_path):
    def slow(params, report):
        time.sleep(0.05)
        return hill(params, report)

    def work():
        search_objective(slow, PLANE, out=tmp_path, trials=9)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = search_objective(hill, PLANE, out=tmp_path, trials=1)
    assert [trial.state for trial in result.trials] == ["finished"] * 9
    assert len({trial.params["x"] for trial in result.trials}) == 9
    assert list((tmp_path / "workers").iterdir()) == []


def test_a_search_that_was_interrupted_tries_the_trial_again(tmp_path):
    calls = []

    def interrupted(params, report):
        calls.append(params)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return hill(params, report)

    with pytest.raises(KeyboardInterrupt):
        search_objective(interrupted, PLANE, out=tmp_path, trials=6)
    result = search_objective(hill, PLANE, out=tmp_path, trials=6)
    assert params(result)[3] == calls[3]
    whole = search_objective(hill, PLANE, out=tmp_path / "whole", trials=6)
    assert params(result) == params(whole)


@pytest.mark.slow
def test_kill_9(tmp_path):
    """A killed trial is tried again, and the search is the one that was never killed."""
    code = f"""
import sys, time
sys.path.insert(0, {os.getcwd()!r})
from tests.training.test_search import PLANE, hill, search_objective
calls = []
def objective(params, report):
    calls.append(params)
    if len(calls) == 4:
        report(0.0)
        open({str(tmp_path / "now")!r}, "w").close()
        time.sleep(600)
    return hill(params, report)
search_objective(objective, PLANE, out={str(tmp_path / "search")!r}, trials=13)
"""
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", code])
    try:
        for _ in range(1200):
            if (tmp_path / "now").exists():
                break
            assert process.poll() is None
            time.sleep(0.1)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    result = search_objective(hill, PLANE, out=tmp_path / "search", trials=13)
    states = [trial.state for trial in result.trials]
    assert states == ["finished"] * 3 + ["failed"] + ["finished"] * 10
    assert result.trials[4].params == result.trials[3].params
    whole = search_objective(hill, PLANE, out=tmp_path / "whole", trials=13)
    assert params(result) == params(whole)


def test_who_is_killed_three_times_is_given_up(tmp_path):
    def deadly(params, report):
        raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            search_objective(deadly, PLANE, out=tmp_path, trials=2)
    result = search_objective(hill, PLANE, out=tmp_path, trials=2)
    first = result.trials[0].params
    assert [trial.params == first for trial in result.trials] == [True] * 3 + [False] * 2


def data(count, seed):
    x = np.random.default_rng(seed).normal(size=(count, 4)).astype("float32")
    return x, (x[:, 0] * x[:, 1] > 0).astype("int64")


def build(params):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(params["width"], "relu"),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    rate = params["learning_rate"]
    model.compile(keras.optimizers.Adam(rate), LOSS, metrics=["accuracy"])
    return model


NETWORKS = {"width": space.integers(2, 32, log=True), "learning_rate": space.log(1e-3, 1e-1)}


def test_networks(tmp_path):
    arguments = {"train": data(64, 0), "dev": data(64, 1), "epochs": 3, "trials": 3}
    result = search(build, NETWORKS, out=tmp_path / "a", **arguments)
    assert [trial.state for trial in result.trials] == ["finished"] * 3
    assert all(len(trial.curve) == 3 for trial in result.trials)
    assert result.best.score == max(max(trial.curve) for trial in result.trials)
    assert f"{result.best.score:.4f}" in str(result)
    again = search(build, NETWORKS, out=tmp_path / "b", **arguments)
    assert [t.curve for t in again.trials] == [t.curve for t in result.trials]
    with pytest.raises(DataError, match=r"epochs: 3 there, 4 now"):
        search(build, NETWORKS, out=tmp_path / "a", **arguments | {"epochs": 4})
    with pytest.raises(DataError, match=r"train: .* there"):
        search(build, NETWORKS, out=tmp_path / "a", **arguments | {"train": data(64, 5)})


def digits_network(params):
    rate = params.pop("learning_rate")
    model = mlp(input_shape=(64,), **params)
    model.compile(keras.optimizers.Adam(rate), LOSS, metrics=["accuracy"])
    return model


@pytest.mark.slow
def test_twenty_networks_for_the_digits_in_two_minutes(tmp_path):
    """The default is that of `mlp` and of Keras's Adam."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    parts = split(y)
    train, dev = ((x[parts[name]], y[parts[name]]) for name in ("train", "dev"))
    every = {
        "depth": space.integers(1, 3),
        "width": space.integers(30, 1000, log=True),
        "activation": ["relu", "leaky_relu", "tanh", "sigmoid"],
        "keep_prob": space.linear(0.5, 1.0),
        "learning_rate": space.log(1e-4, 1e-1),
    }
    fit = {"epochs": 5, "batch_size": 128}
    started = time.process_time()  # of the processor, whatever else keeps it busy
    result = search(digits_network, every, train=train, dev=dev, out=tmp_path, **fit)
    seconds = time.process_time() - started
    assert seconds < 120
    assert sum(trial.counts for trial in result.trials) == 20
    on_dev, on_test = [], []
    for chosen in ({"learning_rate": 1e-3}, result.params):
        tests = []
        for seed in (7, 8):  # not the seed of the search
            keras.utils.set_random_seed(seed)
            model = digits_network(dict(chosen))
            history = model.fit(*train, validation_data=dev, verbose=0, **fit).history
            tests.append(model.evaluate(x[parts["test"]], y[parts["test"]], verbose=0)[1])
        on_dev.append(max(history["val_accuracy"]))
        on_test.append(np.mean(tests))
    assert result.best.score > on_dev[0] + 0.01
    assert on_test[1] > on_test[0]


@pytest.mark.parametrize(
    "change, match",
    [
        ({"metric": "val_auc"}, r"metric must be one that fit logs.*'val_auc'"),
        ({"build": lambda params: None}, "must return a compiled keras.Model; got None"),
        ({"space": {}}, "at least one hyperparameter"),
        ({"space": {"width": 3}}, "'width' must be a list of choices, or a range"),
        ({"space": {"width": [keras]}}, "choices of 'width' must be numbers"),
        ({"method": "grid"}, r"method must be one of \['random', 'tpe'\]; got 'grid'"),
        ({"trials": 0}, "trials must be a whole number of at least 1"),
    ],
)
def test_bad_arguments(tmp_path, change, match):
    arguments = {"build": build, "space": NETWORKS, "train": data(8, 0), "dev": data(8, 1)}
    with pytest.raises(ValueError, match=match):
        search(**arguments | {"out": tmp_path, "epochs": 1, "trials": 1} | change)


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda: space.log(0, 1), "low must be above 0"),
        (lambda: space.linear(2, 1), "low must be at most high"),
        (lambda: space.near_one(0.9, 1.0), "below 1"),
        (lambda: space.integers(1, 2.5), "must be whole numbers; got 2.5"),
        (lambda: space.integers(0, 5, log=True), "at least 1 on a log scale"),
    ],
)
def test_bad_ranges(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_without_optuna_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r'pip install "dlzoo\[search\]"'):
        search_objective(hill, PLANE, out=tmp_path)


def test_pictures(tmp_path):
    every = {
        "x": space.linear(0, 1),
        "beta": space.near_one(0.9, 0.99),
        "rate": space.log(0.1, 10),
        "kind": ["a", "b"],
    }
    result = search_objective(slopes, every, out=tmp_path, trials=8)
    assert set(result.importance) == set(every)
    figure = search_history(result)
    best = figure.axes[0].lines[0].get_ydata()
    assert (np.diff(best) >= 0).all()
    assert best[-1] == result.best.score
    save_figure(figure, tmp_path / "history.png")
    figure = search_parameters(result)
    assert {axes.get_xscale() for axes in figure.axes if axes.get_title("left")} == {
        "linear",
        "log",
    }
    save_figure(figure, tmp_path / "parameters.png")
    assert (tmp_path / "parameters.png").stat().st_size > 10_000
