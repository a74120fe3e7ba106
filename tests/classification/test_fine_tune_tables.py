"""`fine_tune` on CSVs: labels, quantities, several targets with holes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.classification import HeadsReport, MultiPrediction, Prediction
from dlzoo.data import read_image
from dlzoo.errors import DataError
from dlzoo.training.checkpoint import Checkpoint
from dlzoo.training.run import Run
from tests.classification.conftest import SIZE, tiny_network
from tests.classification.tables import paint, with_holes, write_table

QUICK = {
    "epochs": (20, 2),
    "learning_rate": (0.3, 1e-3),
    "batch_size": 16,
    "dropout": 0.0,
    "unfreeze": "head",
    "augment": ["brightness"],
}
HUMAN = {"warm": 0.0, "kind": 0.02}
COLUMNS = ("warm", "kind", "colours", "shade")
FILES = {
    "confusion_matrix_kind.png",
    "confusion_matrix_warm.png",
    "history.json",
    "labels_colours.png",
    "learning_curves.png",
    "mistakes.png",
    "model.keras",
    "report.json",
    "report.txt",
    "run.json",
    "true_against_predicted_shade.png",
}


def tune(table, **arguments):
    return dlzoo.fine_tune(tiny_network(), table, **QUICK | arguments)


def without_times(history):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder of images, and what they show."""
    folder = tmp_path_factory.mktemp("images")
    return folder, paint(folder)


@pytest.fixture(scope="module")
def tags(images):
    """Two columns, path and labels; an empty cell means no label."""
    folder, rows = images
    return write_table(folder / "tags.csv", rows, ["colours"])


@pytest.fixture(scope="module")
def holes(images):
    """Four targets of four kinds, about a third of the cells empty."""
    folder, rows = images
    return write_table(folder / "holes.csv", with_holes(rows, COLUMNS), COLUMNS)


@pytest.fixture(scope="module")
def tagged(tags, tmp_path_factory):
    return tune(tags, out=tmp_path_factory.mktemp("out") / "tags")


@pytest.fixture(scope="module")
def several(holes, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "holes"
    return tune(holes, out=out, human_error=HUMAN)


def test_labels_are_learnt(tagged):
    score = tagged.report.scores["colours"]
    assert score.macro_f1 > 0.85  # always "yes" gets 2 / 3
    assert score.exact_match > 0.7  # chance gets 1 / 4
    assert set(tagged.report.splits) == {"train", "train_dev", "dev", "test"}
    assert tagged.model.output_shape == (None, 2)
    assert "empty cells mean 'none of the labels'" in tagged.report.notes[0]
    f1 = [record["val_f1"] for record in tagged.history if record["improved"]]
    assert f1 == sorted(f1)
    assert {p.name for p in tagged.folder.iterdir()} >= {"labels.png", "mistakes.png"}


def test_predictions_of_labels(tagged, images):
    folder, rows = images
    paths = [folder / row["path"] for row in rows[:20]]
    found = dlzoo.predict(tagged.folder, paths)
    right = [
        set(p["colours"].value) == set(filter(None, row["colours"].split(";")))
        for p, row in zip(found, rows, strict=False)
    ]
    assert np.mean(right) > 0.7
    (first,) = found[0].tasks
    assert (first.target, first.kind) == ("colours", "multilabel")
    assert set(first.probabilities) == {"green", "red"}
    assert json.dumps(found[0].to_dict())


def test_every_target_is_learnt_in_its_own_unit(several):
    scores = several.report.scores
    assert scores["warm"].accuracy > 0.8
    assert scores["kind"].accuracy > 0.55
    assert scores["colours"].macro_f1 > 0.7
    # the strength is uniform over 50 units: the mean would be off by 12.5 on average
    assert scores["shade"].mae < 8
    assert scores["shade"].r2 > 0.5
    last = several.history[-1]
    assert 0 < last["val_shade_rmse"] < 15
    assert {"val_warm_accuracy", "val_kind_accuracy", "val_colours_f1"} <= set(last)


def test_the_finished_model_names_its_outputs(several, images):
    folder, rows = images
    pixels = np.stack([read_image(folder / row["path"], SIZE) for row in rows[:8]])
    got = several.model(pixels.astype("float32"), training=False)
    got = {name: keras.ops.convert_to_numpy(part) for name, part in got.items()}
    assert {name: part.shape for name, part in got.items()} == {
        "warm": (8, 1),
        "kind": (8, 3),
        "colours": (8, 2),
        "shade": (8, 1),
    }
    assert 950 < got["shade"].mean() < 1100
    np.testing.assert_allclose(got["kind"].sum(axis=1), 1, atol=1e-5)
    found = dlzoo.predict(several.model, [folder / row["path"] for row in rows[:8]], top=1)
    assert isinstance(found[0], MultiPrediction)
    assert [answer.target for answer in found[0].tasks] == sorted(COLUMNS)
    for prediction, shade in zip(found, got["shade"][:, 0], strict=True):
        assert prediction["shade"].value == pytest.approx(float(shade), rel=1e-5)
        assert len(prediction["kind"].probabilities) == 1
        assert "shade 10" in str(prediction)
    with pytest.raises(ValueError, match="labels must be None"):
        dlzoo.predict(several.model, folder / "0.png", labels=["a"])


def test_folder_and_report(several, tmp_path):
    assert {path.name for path in several.folder.iterdir()} == FILES
    values = json.loads((several.folder / "report.json").read_text())
    assert HeadsReport.from_dict(values) == several.report
    assert [t["kind"] for t in values["targets"]] == [
        "binary", "multiclass", "multilabel", "regression",
    ]  # fmt: skip
    text = (several.folder / "report.txt").read_text()
    assert text == f"{several.report}\n"
    for part in ("tiny on 4 targets, images 16x16", "warm (binary)", "R2", "macro F1",
                 "Labels, the worst first", "Column 'shade': regression",
                 "cells are empty: not learnt from, not scored"):  # fmt: skip
        assert part in text
    assert set(several.report.diagnoses) == {"warm", "kind", "colours"}
    assert several.report.diagnoses["kind"].errors["human"] == 0.02
    assert not several.report.diagnoses["colours"].human_known
    examples = {score.examples for score in several.report.splits["train"].values()}
    assert len(examples) > 1  # each on what is known


def test_a_run_that_has_ended_is_loaded(several, holes, monkeypatch):
    monkeypatch.setattr(Run, "train", None)  # would fail if it were called
    again = tune(holes, out=several.folder, human_error=HUMAN)
    assert again.report == several.report
    with pytest.raises(DataError, match=r"targets\.shade: 'regression' there, nothing now"):
        tune(holes, out=several.folder, human_error=HUMAN, targets={"shade": "ignore"})


@pytest.mark.slow
def test_cached_features_answer_like_the_finished_model(several, holes, monkeypatch):
    monkeypatch.setattr(Run, "_body_is_unchanged", lambda self: False)
    again = tune(holes)
    assert without_times(again.history) == without_times(several.history)
    for split, scores in several.report.splits.items():
        for name, score in scores.items():
            other = again.report.splits[split][name]
            assert getattr(other, "loss", 0) == pytest.approx(getattr(score, "loss", 0), 1e-4)
            assert getattr(other, "mae", 0) == pytest.approx(getattr(score, "mae", 0), 1e-4)


@pytest.mark.slow
def test_interrupted_and_called_again(holes, tmp_path):
    both = {"epochs": (3, 3), "unfreeze": 1}
    whole = tune(holes, **both)
    save, epochs = Checkpoint.save, []

    def interrupted(self, path):
        save(self, path)
        epochs.append(1)
        if len(epochs) in (2, 4):  # once in each stage
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", interrupted)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                tune(holes, out=tmp_path / "run", **both)
        resumed = tune(holes, out=tmp_path / "run", **both)
    assert len(resumed.history) == 6
    assert without_times(resumed.history) == without_times(whole.history)
    assert resumed.report.splits == whole.report.splits


def test_a_binary_column_is_one_sigmoid_and_a_column_of_classes_is_as_ever(images, tmp_path):
    folder, rows = images
    table = write_table(folder / "two.csv", rows, ["warm", "kind"])
    short = {"epochs": 2}
    binary = tune(table, targets=["warm"], human_error=0.1, **short)
    assert binary.model.output_shape == (None, 1)
    (found,) = dlzoo.predict(binary.model, folder / "0.png")
    assert set(found["warm"].probabilities) == {"no", "yes"}
    assert sum(found["warm"].probabilities.values()) == pytest.approx(1)
    assert binary.report.diagnoses["warm"].human_known
    classes = tune(table, targets=["kind"], **short)
    pairs = [(folder / row["path"], row["kind"]) for row in rows]
    listed = tune(pairs, **short)
    assert without_times(classes.history) == without_times(listed.history)
    assert classes.report.splits == listed.report.splits
    (found,) = dlzoo.predict(classes.model, folder / "0.png")
    assert isinstance(found, Prediction)


@pytest.mark.slow
def test_a_regression_model_can_be_trained_on(images):
    folder, rows = images
    table = write_table(folder / "shade.csv", rows, ["shade"])
    first = tune(table)
    assert first.report.scores["shade"].r2 > 0.5
    again = dlzoo.fine_tune(first.model, table, **QUICK | {"epochs": 1, "learning_rate": 1e-9})
    assert again.report.scores["shade"].mae == pytest.approx(
        first.report.scores["shade"].mae, rel=1e-3
    )


@pytest.mark.backend
def test_two_epochs_on_this_backend(holes):
    result = tune(holes, epochs=(2, 1), unfreeze=1)
    stages = [record["stage"] for record in result.history]
    assert stages == ["head", "head", "last 1 stages"]
    assert result.history[1]["loss"] < result.history[0]["loss"]


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"class_weights": "balanced"}, "class_weights must be None here"),
        ({"human_error": 0.1}, "human_error must be one number for one target and a dict"),
        ({"human_error": {"size": 0.1}}, "human_error must be one number for one target"),
        ({"human_error": {"warm": 3}}, r"human_error\['warm'\] must be between 0 and 1"),
        ({"targets": {"shade": "size"}}, r"targets\['shade'\] must be one of"),
        ({"targets": ["size"]}, "there is no column 'size'"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_written(holes, tmp_path, arguments, match):
    with pytest.raises(ValueError, match=match):
        tune(holes, out=tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_saved_model_answers_the_same_in_a_fresh_process(several, images):
    folder, _ = images
    code = (
        "import dlzoo, json, keras, sys\n"
        "model = keras.saving.load_model(sys.argv[1])\n"
        "print(json.dumps([p.to_dict() for p in dlzoo.predict(model, sys.argv[2])]))"
    )
    arguments = [several.folder / "model.keras", folder / "0.png"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        check=True,
        capture_output=True,
        text=True,
    )
    (got,) = json.loads(done.stdout)
    (wanted,) = dlzoo.predict(several.model, folder / "0.png")
    for answer, other in zip(got["tasks"], wanted.tasks, strict=True):
        assert answer["target"] == other.target
        assert answer["probabilities"] == pytest.approx(other.probabilities, abs=1e-5)
