import json

import keras
import numpy as np
import pytest
from PIL import Image

import dlzoo
from dlzoo.cli.exporting import export
from dlzoo.weights import CAFFE
from tests.cli.run import run
from tests.exporting.networks import classifier, photographs


def test_an_unknown_format_or_network():
    done = run("export", "lenet5", "out", "--format", "tflite")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "Error: export: format must be one of ['jax', 'litert', 'onnx', 'openvino',"
    )
    assert "got 'tflite'" in done.stderr


@pytest.mark.parametrize(
    ("given", "wanted"), [("included", "included"), ("caffe", CAFFE), (None, None)]
)
def test_preprocessing_reaches_the_library(given, wanted, tmp_path, monkeypatch):
    classifier().save(tmp_path / "model.keras")
    seen = {}
    monkeypatch.setattr(dlzoo, "export", lambda *_, **options: seen.update(options))
    export(str(tmp_path / "model.keras"), tmp_path / "net", preprocessing=given)
    assert seen["preprocessing"] == wanted


@pytest.mark.slow
def test_int8_of_a_saved_network(tmp_path):
    pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    model = classifier()
    model.save(tmp_path / "model.keras")
    answers = model.predict_on_batch(np.stack([np.full((24, 24, 3), 200, "float32")]))
    folder = tmp_path / "labelled" / f"class {answers.argmax()}"
    folder.mkdir(parents=True)
    Image.fromarray(np.full((24, 24, 3), 200, "uint8")).save(folder / "plain.png")
    (tmp_path / "images").mkdir()
    for number, picture in enumerate(photographs(12)):
        Image.fromarray(picture).save(tmp_path / "images" / f"{number}.png")
    done = run(
        "export", str(tmp_path / "model.keras"), str(tmp_path / "net"),
        *("--format", "litert", "--precision", "int8"),
        *("--calibration", str(tmp_path / "images")),
        *("--evaluate", str(tmp_path / "labelled"), "--json"),
        KERAS_BACKEND=keras.backend.backend(),
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert (found["format"], found["precision"]) == ("litert", "int8")
    assert [side["top1"] for side in found["gain"]["sides"]] == [1.0, 1.0]
    assert (tmp_path / "net" / "labels.txt").read_text().startswith("class 0\nclass 1\n")
