"""int8: calibrated, compared, and counted beside float32."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import dlzoo
from dlzoo.errors import DataError, ExportError, MissingExtraError
from dlzoo.exporting import FORMATS
from dlzoo.exporting.calibration import LEAST, MOST, open_calibration
from dlzoo.exporting.checking import compared, unexplained
from dlzoo.exporting.describing import describe
from dlzoo.exporting.gain import labelled_images
from tests.exporting.networks import SIDE, photographs

NEEDED = {
    "openvino": ("tensorflow", "openvino", "nncf"),
    "onnx": ("tensorflow", "onnxruntime", "onnx", "tf2onnx"),
    "litert": ("tensorflow", "ai_edge_litert"),
}


def images(count=24, seed=3):
    return photographs(count, seed)


@pytest.fixture(scope="module")
def about(model):
    return describe(model, "onnx", "int8")


def class_folders(root, model, count=12):
    """Images in folders named by what float32 says, but for one that is named otherwise."""
    pictures = np.stack([Image.fromarray(i).resize((SIDE, SIDE)) for i in images(count, 7)])
    answers = model.predict_on_batch(pictures.astype("float32")).argmax(1)
    answers[0] = (answers[0] + 1) % 5
    for number, (picture, answer) in enumerate(zip(pictures, answers, strict=True)):
        folder = root / f"class {answer}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{number}.png")
    return root


@pytest.mark.parametrize(
    "form",
    # Importing NNCF, which imports PyTorch, takes longer than all the rest.
    [pytest.param(f, marks=[pytest.mark.slow] * (f == "openvino")) for f in NEEDED],
)
def test_export_says_what_int8_gains_and_costs(form, model, tmp_path):
    for module in NEEDED[form]:
        pytest.importorskip(module, reason=f"{module} is not installed")
    labelled = class_folders(tmp_path / "labelled", model)
    exported = dlzoo.export(
        model, tmp_path / "net", form, precision="int8", calibration=images(), evaluate=labelled
    )
    before, after = exported.gain.sides
    assert (before.precision, after.precision) == ("float32", "int8")
    assert before.top1 == pytest.approx(11 / 12)
    assert after.top1 >= 9 / 12
    assert (before.agreement, exported.check.images) == (1.0, 16)
    assert after.agreement >= 10 / 12
    assert 0 < exported.check.difference < 0.05
    assert [line.split()[:1] for line in str(exported).splitlines()[-3:-1]] == [
        ["float32"],
        ["int8"],
    ]
    kept = json.loads((tmp_path / "net" / "dlzoo.json").read_text())["quantised"]
    assert (kept["calibrated_on"], kept["images"]) == (24, 12)
    assert json.loads(json.dumps(exported.to_dict()))["gain"] == {
        name: kept[name] for name in ("images", "labelled", "sides")
    }
    fast = dlzoo.predictor(tmp_path / "net")
    assert (fast.engine, fast.precision) == (FORMATS[form].engine, "int8")


def test_a_predictor_is_kept_by_what_it_was_calibrated_on(model, tmp_path):
    pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    few = [tmp_path / f"{number}.png" for number in range(LEAST)]
    for path, picture in zip(few, images(), strict=False):
        Image.fromarray(picture).save(path)

    def kept():
        fast = dlzoo.predictor(model, "litert", "int8", calibration=few)
        folders = [p for p in (tmp_path / "cache" / "predictors").iterdir() if p.is_dir()]
        return len(folders), fast(images())

    count, answers = kept()
    assert count == 2  # float32, from which it was made, too
    again, same = kept()
    assert again == 2
    np.testing.assert_array_equal(answers, same)
    expected = dlzoo.predictor(model, "litert")(images())
    assert 0 < np.abs(answers - expected).max() < 0.1  # it is not float32, and near it
    Image.fromarray(images()[20]).save(few[3])
    assert kept()[0] == 3


def test_many_images_are_taken_from_all_over(about):
    pixels = np.zeros((2 * MOST + 1, 2, 2, 3), "uint8")
    pixels[:, 0, 0, 0], pixels[:, 0, 0, 1] = np.divmod(np.arange(len(pixels)), 256)
    chosen = open_calibration("export", about, pixels)
    numbers = [256 * int(one[0, 0, 0]) + int(one[0, 0, 1]) for one in chosen.sources]
    assert (len(numbers), numbers[0], numbers[-1]) == (MOST, 0, 2 * MOST)
    assert set(np.diff(numbers)) == {2, 3}
    assert chosen.digest != open_calibration("export", about, pixels[::-1]).digest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "export: calibration must be images for int8, because the range"),
        ({"calibration": images(9)}, "export: calibration must be at least 10 images, .*got 9"),
        ({"precision": "float32", "calibration": images(10)}, "must be None for float32"),
        ({"precision": "float32", "evaluate": "here"}, "evaluate must be None for float32"),
        ({"format": "torch", "calibration": images(10)}, "int8', which openvino and onnx and"),
        (
            {"calibration": images(10), "evaluate": [("a.png", "cat")]},
            "each label of evaluate must be the name of one class .*got 'cat', of 5 classes",
        ),
        ({"calibration": images(10), "evaluate": [("a.png", 5)]}, "got '5', of 5 classes"),
    ],
)
def test_wrong_arguments(model, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        dlzoo.export(
            model, tmp_path / "net", **{"format": "onnx", "precision": "int8"} | options
        )
    assert not (tmp_path / "net").exists()


def test_sides_must_be_fixed():
    image = keras.Input((None, None, 3))
    free = keras.Model(image, keras.layers.Conv2D(4, 3)(keras.layers.Rescaling(0.1)(image)))
    with pytest.raises(ValueError, match=r"fixed sides for int8.*Build it with input_shape="):
        dlzoo.predictor(free, "litert", "int8", calibration=images(10))


def test_what_is_missing_is_named(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(MissingExtraError, match=r"openvino as int8 .*'nncf'.*dlzoo\[export\]"):
        dlzoo.export(model, tmp_path / "net", precision="int8", calibration=images(10))


def test_every_format_that_can_be_int8_is_tested():
    assert set(NEEDED) == {name for name, form in FORMATS.items() if "int8" in form.precisions}


def test_labels_are_names_or_numbers(about):
    pairs = [("a.png", "class 3"), ("b.png", 1), ("c.png", "2")]
    paths, classes = labelled_images("export", about, pairs)
    assert paths == [Path("a.png"), Path("b.png"), Path("c.png")]
    assert classes.tolist() == [3, 1, 2]
    faces = about.at(task="faces")
    with pytest.raises(ValueError, match=r"evaluate must be None .* its task is 'faces'"):
        labelled_images("export", faces, pairs)
    twice = about.at(labels=("crane", "crane"))
    with pytest.raises(DataError, match="name of one class"):
        labelled_images("export", twice, [("a.png", "crane")])


def broken(kind, answers):
    """What quantisation may do to a network if it goes wrong."""
    return {
        "all alike": np.repeat(answers.mean(axis=0, keepdims=True), len(answers), axis=0),
        "another scale": 1.6 * answers,
        "shifted": answers + 0.2,
        "classes exchanged": answers[:, ::-1],
        "images exchanged": np.roll(answers, 1, axis=0),
        "no numbers": np.full_like(answers, np.nan),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["all alike", "another scale", "shifted", "classes exchanged", "images exchanged",
     "no numbers"],
)  # fmt: skip
def test_the_comparison_sees_a_broken_quantisation(kind, about):
    rng = np.random.default_rng(0)
    answers = np.exp(rng.normal(0, 1.5, (16, 5)))
    answers /= answers.sum(axis=1, keepdims=True)
    noisy = answers + rng.normal(0, 0.03, answers.shape)
    assert 0.001 < compared(about, [answers], [noisy]).difference < 0.1
    with pytest.raises(ExportError, match=r"int8 answers .* away from Keras"):
        compared(about, [answers], [broken(kind, answers)])


def test_the_measure_is_no_correlation():
    right = np.array([[0.0], [1.0], [2.0]])
    assert unexplained(right, right + 1) == pytest.approx(1.5)
    assert unexplained(right[:1], right[:1]) == 0
