"""`fine_tune` as a user sees it: what it learns, what it leaves, what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.data import read_image
from dlzoo.errors import DataError
from dlzoo.training import batch_normalizations
from dlzoo.training.run import Run
from dlzoo.weights import INCEPTION
from tests.classification.conftest import CLASSES, SIZE, numbers, tiny_network

QUICK = {
    "epochs": (8, 12),
    "learning_rate": (0.05, 1e-2),
    "batch_size": 8,
    "dropout": 0.0,
    "unfreeze": 1,
    "augment": ["shift", "brightness"],
}
FILES = {
    "confusion_matrix.png",
    "history.json",
    "learning_curves.png",
    "mistakes.png",
    "model.keras",
    "report.json",
    "report.txt",
    "run.json",
}


def tune(digits, **arguments):
    return dlzoo.fine_tune(tiny_network(), digits, **QUICK | arguments)


def without_times(history):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


def answers(model, folder):
    paths = sorted(Path(folder).glob("*/0*.png"))[::7]
    images = np.stack([read_image(path, SIZE) for path in paths])
    return keras.ops.convert_to_numpy(model(images.astype("float32"), training=False))


@pytest.fixture(scope="module")
def tuned(digits, tmp_path_factory):
    """A run in two stages, its folder, and the network that it was given."""
    out = tmp_path_factory.mktemp("out") / "run"
    network = tiny_network()
    before = numbers(network.weights)
    flags = [layer.trainable for layer in network.layers]
    result = dlzoo.fine_tune(network, digits, out=out, human_error=0.0, **QUICK)
    untouched = all(
        (a == b).all() for a, b in zip(before, numbers(network.weights), strict=True)
    )
    assert untouched, "the caller's model was changed"
    assert flags == [layer.trainable for layer in network.layers]
    return result


def test_it_learns(tuned):
    assert tuned.report.splits["test"].accuracy >= 0.8
    assert tuned.report.accuracy == tuned.report.splits["test"].accuracy
    head = [r for r in tuned.history if r["stage"] == "head"]
    assert head[-1]["loss"] < 0.9 * head[0]["loss"]


def test_the_folder_holds_what_was_promised_and_no_caches(tuned):
    assert {path.name for path in tuned.folder.iterdir()} == FILES
    values = json.loads((tuned.folder / "report.json").read_text())
    assert values == json.loads(json.dumps(tuned.report.to_dict()))
    assert values["classes"] == list(CLASSES)
    assert set(values["splits"]) == {"train", "train_dev", "dev", "test"}
    for score in values["splits"].values():
        assert np.sum(score["confusion"]) == score["examples"]
    assert len(json.loads((tuned.folder / "history.json").read_text())) == len(tuned.history)


def test_the_report_reads_well(tuned):
    text = str(tuned)
    for part in ("tiny on 3 classes, images 16x16", "train_dev", "F1", "avoidable bias"):
        assert part in text
    assert str(tuned.folder) in text
    assert (tuned.folder / "report.txt").read_text() == f"{tuned.report}\n"
    json.dumps(tuned.to_dict())


def test_batch_normalization_of_the_body_is_as_it_came(tuned):
    original = batch_normalizations(tiny_network())
    for ours, theirs in zip(batch_normalizations(tuned.model), original, strict=True):
        for name in ("moving_mean", "moving_variance", "gamma", "beta"):
            np.testing.assert_array_equal(
                *numbers([getattr(ours, name), getattr(theirs, name)])
            )


def test_only_the_last_stage_was_trained(tuned):
    original = {w.path: w for w in tiny_network().weights}
    ours = {w.path: w for w in tuned.model.weights}
    same = {
        path: bool((np.subtract(*numbers([ours[path], original[path]])) == 0).all())
        for path in original
        if path.endswith("kernel")
    }
    assert same == {"stage1_conv/kernel": True, "stage2_conv/kernel": False}


def test_the_saved_model_answers_the_same_in_a_fresh_process(tuned, digits, tmp_path):
    code = (
        "import sys, numpy as np, dlzoo, keras\n"
        "from tests.classification.test_fine_tune import answers\n"
        "model = keras.saving.load_model(sys.argv[1])\n"
        "np.save(sys.argv[3], answers(model, sys.argv[2]))"
    )
    target = tmp_path / "answers.npy"
    arguments = [tuned.folder / "model.keras", digits, target]
    subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        check=True,
        capture_output=True,
    )
    np.testing.assert_allclose(np.load(target), answers(tuned.model, digits), atol=1e-6)


def test_a_run_that_has_ended_is_loaded(tuned, digits, monkeypatch):
    monkeypatch.setattr(Run, "train", None)  # would fail if it were called
    again = tune(digits, out=tuned.folder, human_error=0.0)
    assert again.report == tuned.report
    assert without_times(again.history) == without_times(tuned.history)
    np.testing.assert_array_equal(answers(again.model, digits), answers(tuned.model, digits))


def test_other_settings_in_the_same_folder_are_refused(tuned, digits):
    with pytest.raises(DataError) as caught:
        tune(digits, out=tuned.folder, human_error=0.0, batch_size=16)
    assert "settings.batch_size: 8 there, 16 now" in str(caught.value)
    assert "fresh=True" in str(caught.value)


def test_the_same_seed_gives_the_same_result(tuned, digits):
    again = tune(digits, human_error=0.0)
    assert again.folder is None
    assert without_times(again.history) == without_times(tuned.history)
    assert again.report.splits == tuned.report.splits


def test_kill_and_the_same_call_again(tuned, digits, tmp_path):
    out = tmp_path / "killed"
    code = (
        "import sys\n"
        "from tests.classification.test_fine_tune import *\n"
        "from dlzoo.training import Batches\n"
        "deal = Batches.__getitem__\n"
        "def slowly(self, step):\n"
        "    time.sleep(0.1)\n"
        "    return deal(self, step)\n"
        "Batches.__getitem__ = slowly\n"
        "tune(sys.argv[1], out=sys.argv[2], human_error=0.0)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(digits), str(out)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 180
        while not (out / "checkpoint.npz").exists() and process.poll() is None:
            assert time.monotonic() < deadline, "no checkpoint was written"
            time.sleep(0.02)
        time.sleep(0.5)  # into a later epoch
        assert process.poll() is None, "it ended before it could be killed"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed = tune(digits, out=out, human_error=0.0)
    assert without_times(resumed.history) == without_times(tuned.history)
    assert resumed.report.splits == tuned.report.splits
    assert {path.name for path in out.iterdir()} == FILES
    np.testing.assert_array_equal(answers(resumed.model, digits), answers(tuned.model, digits))


def test_cached_features_train_the_head_like_the_whole_network(digits):
    head_only = {"unfreeze": "head", "epochs": 4, "augment": False}
    cached = tune(digits, **head_only)
    with pytest.MonkeyPatch.context() as patch:
        # the head again, this time behind the frozen body
        patch.setattr(Run, "_head", Run._behind_the_body)
        uncached = tune(digits, **head_only)
    for ours, theirs in zip(cached.history, uncached.history, strict=True):
        assert ours["val_accuracy"] == theirs["val_accuracy"]
    np.testing.assert_allclose(
        answers(cached.model, digits), answers(uncached.model, digits), atol=0.03
    )


def test_from_scratch_everything_trains_batch_normalization_too(digits):
    result = tune(digits, weights=None, epochs=3, learning_rate=0.01)
    assert {record["stage"] for record in result.history} == {"all layers"}
    original = {w.path: w for w in tiny_network().weights}
    for weight in result.model.weights:
        if weight.path.startswith("head"):
            continue
        before, after = numbers([original[weight.path], weight])
        assert (before != after).any(), weight.path


def test_class_weights_reach_the_loss(digits):
    head_only = {"unfreeze": "head", "epochs": 1, "learning_rate": 1e-9}
    plain = tune(digits, **head_only).history[0]
    heavy = tune(digits, class_weights=dict.fromkeys(CLASSES, 3.0), **head_only)
    assert heavy.history[0]["loss"] == pytest.approx(3 * plain["loss"], rel=1e-4)
    assert heavy.history[0]["val_loss"] == pytest.approx(plain["val_loss"], rel=1e-4)


def test_label_smoothing_reaches_the_loss(digits):
    head_only = {"unfreeze": "head", "epochs": 12, "learning_rate": 0.05}
    plain = tune(digits, **head_only)
    smooth = tune(digits, label_smoothing=0.3, **head_only)
    assert smooth.history[-1]["loss"] > plain.history[-1]["loss"]
    assert answers(smooth.model, digits).max() < answers(plain.model, digits).max()


def test_bfloat16_leaves_a_float32_model_and_the_global_policy(digits):
    result = tune(digits, mixed_bfloat16=True, epochs=(6, 1))
    assert keras.config.dtype_policy().name == "float32"
    assert {layer.compute_dtype for layer in result.model.layers} == {"float32"}
    assert result.report.accuracy >= 0.6


@pytest.mark.backend
def test_two_steps_on_this_backend(digits):
    result = dlzoo.fine_tune(
        tiny_network(),
        digits,
        epochs=(2, 1),
        learning_rate=(0.05, 1e-3),
        unfreeze="all",
    )
    stages = [record["stage"] for record in result.history]
    assert stages == ["head", "head", "all layers"]
    assert result.history[1]["loss"] < result.history[0]["loss"]
    assert result.report.accuracy > 1 / 3


def test_a_headless_model_with_preprocessing_given(digits):
    model = tiny_network(preprocessing=False)
    arguments = QUICK | {"unfreeze": "head", "epochs": 2}
    with pytest.raises(ValueError, match="preprocessing must be given"):
        dlzoo.fine_tune(model, digits, **arguments)
    result = dlzoo.fine_tune(model, digits, preprocessing=INCEPTION, **arguments)
    assert result.model.input_shape == (None, SIZE, SIZE, 3)


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"image_size": 32}, r"image_size must be what 'tiny' was built for, \(16, 16\)"),
        ({"human_error": 5}, "human_error must be between 0 and 1"),
        ({"unfreeze": 9}, "number of stages of this network, 2; got 9"),
        ({"class_weights": {"7": 1}}, r"\['7'\] are not among"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_written(
    digits, tmp_path, arguments, match
):
    with pytest.raises(ValueError, match=match):
        tune(digits, out=tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


def test_a_model_is_a_name_or_a_model(digits):
    with pytest.raises(ValueError, match=r"name of the zoo or a keras\.Model; got int"):
        dlzoo.fine_tune(18, digits)
