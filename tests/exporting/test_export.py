"""`dlzoo.export`: what it writes, and that it leaves nothing where it must not."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo._plain import uses_plain_operations
from dlzoo.errors import DataError, ExportError, MissingExtraError
from dlzoo.exporting import FORMATS, Description, artefact, folders, formats, writing
from dlzoo.exporting.checking import compared
from dlzoo.exporting.formats import load
from dlzoo.exporting.writing import foreign_classes
from tests.exporting.networks import SIDE, classifier, photographs

BACKEND = keras.backend.backend()
# That of the backend in use: it needs nothing else.
FORMAT = {"tensorflow": "saved_model"}.get(BACKEND, BACKEND)


def in_this_process(folder, description, images, expected):
    run = load(folder, description, batch_size=4)
    return compared(description, expected, run(images), 1.0)


@pytest.fixture
def quick(monkeypatch):
    """The comparison without a fresh process, which takes seconds."""
    monkeypatch.setattr(artefact, "check", in_this_process)


class Doubled(keras.layers.Layer):
    """A user's layer, in a module of theirs, not registered."""

    def call(self, x):
        return 2 * x


def test_what_is_written_is_described_and_answers_in_a_fresh_process(model, tmp_path):
    images = photographs(3)
    exported = dlzoo.export(model, tmp_path / "net", FORMAT, images=images)
    assert [path.name for path in tmp_path.iterdir()] == ["net"]
    assert Description.read(tmp_path / "net") == exported.description
    assert exported.description.input_shape == (SIDE, SIDE, 3)
    assert exported.description.labels == tuple(f"class {n}" for n in range(5))
    assert (tmp_path / "net" / "labels.txt").read_text().split("\n")[4] == "class 4"
    found = exported.check
    assert (found.images, found.tolerance, found.agreement) == (3, 1e-3, 1.0)
    assert 0 <= found.difference < 1e-4
    assert exported.description.check == found.to_dict()
    assert exported.size > 1000
    assert str(exported).splitlines()[1].split()[:2] == [FORMAT, "float32"]
    assert json.loads(json.dumps(exported.to_dict()))["format"] == FORMAT
    fast = dlzoo.predictor(tmp_path / "net")
    pixels = np.stack([fast.description.reading(image) for image in images])
    np.testing.assert_allclose(fast(images), model.predict_on_batch(pixels), atol=1e-5)
    with pytest.raises(ValueError, match=f"engine must be '{fast.engine}' or 'auto' for"):
        dlzoo.predictor(tmp_path / "net", "litert")
    with pytest.raises(ValueError, match="precision must be"):
        dlzoo.predictor(tmp_path / "net", precision="int8")


def test_another_answer_leaves_nothing_or_what_was_there(model, tmp_path, quick, monkeypatch):
    dlzoo.export(model, tmp_path / "earlier", FORMAT)
    before = (tmp_path / "earlier" / "dlzoo.json").read_text()
    right = artefact.answers_of

    def other(model, images):
        return [answer[:, ::-1] for answer in right(model, images)]

    monkeypatch.setattr(artefact, "answers_of", other)
    for name in ("new", "earlier"):
        with pytest.raises(ExportError, match=r"away from Keras, of 0.001 allowed; nothing w"):
            dlzoo.export(model, tmp_path / name, FORMAT)
    assert [path.name for path in tmp_path.iterdir()] == ["earlier"]
    assert (tmp_path / "earlier" / "dlzoo.json").read_text() == before


def test_an_earlier_export_is_replaced_and_nothing_else(model, tmp_path, quick):
    target = tmp_path / "net"
    first = dlzoo.export(model, target, FORMAT)
    (target / "left.over").write_text("of the earlier one")
    second = dlzoo.export(classifier(seed=1), target, FORMAT)
    assert second.description.digest != first.description.digest
    assert not (target / "left.over").exists()
    assert Description.read(target) == second.description
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "cat.jpg").touch()
    (tmp_path / "file").touch()
    for path in (foreign, tmp_path / "file"):
        with pytest.raises(DataError, match="path must be a folder that is new, empty, or"):
            dlzoo.export(model, path, FORMAT)
    assert (foreign / "cat.jpg").exists()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_cannot_take_its_place_leaves_what_was_there(tmp_path, monkeypatch):
    target, real = tmp_path / "net", folders.os.replace
    target.mkdir()
    (target / "earlier").touch()

    def interrupted(source, place):
        if place == target and source.name != "old":
            raise KeyboardInterrupt
        real(source, place)

    monkeypatch.setattr(folders.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), folders.new_folder(target) as folder:
        (folder / "later").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["net", "earlier"]


@pytest.mark.backend
def test_what_was_trained_in_bfloat16_is_compared_in_float32(tmp_path, quick):
    with_policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = classifier()
    finally:
        keras.config.set_dtype_policy(with_policy)
    images = np.stack([image[:16, :16] for image in photographs(3)])
    images = np.pad(images, [(0, 0), (0, SIDE - 16), (0, SIDE - 16), (0, 0)])
    before = model.predict_on_batch(images)
    assert dlzoo.export(model, tmp_path / "net", FORMAT).check.difference < 1e-4
    assert model.layers[2].compute_dtype == "bfloat16"
    np.testing.assert_array_equal(model.predict_on_batch(images), before)


def test_an_artefact_that_answers_other_shapes_or_no_numbers(model):
    about = artefact.describe(model, FORMAT, "float32")
    answers = [np.ones((2, 5), "float32")]
    with pytest.raises(ExportError, match=r"answers arrays of \[\(1, 5\)\]; Keras answers"):
        compared(about, answers, [answers[0][:1]])
    with pytest.raises(ExportError, match="answers nan away from Keras"):
        compared(about, answers, [answers[0] * np.nan])


def test_a_converter_that_fails_says_it_briefly(model, tmp_path, monkeypatch):
    def write(model, folder):
        (folder / "half").touch()
        assert uses_plain_operations() == FORMATS[FORMAT].plain
        raise RuntimeError("a node\n" * 9000 + "and why")

    monkeypatch.setattr(writing, "module_of", lambda name: SimpleNamespace(write=write))
    with pytest.raises(ExportError, match="cannot be written as") as caught:
        dlzoo.export(model, tmp_path / "net", FORMAT)
    message = str(caught.value)
    assert "RuntimeError: a node" in message
    assert len(message) < 1000
    assert message.splitlines()[-2] == "and why"
    assert message.splitlines()[-1].startswith("Try another of the formats ")
    assert not list(tmp_path.iterdir())


def test_what_is_not_installed_is_named(model, tmp_path, monkeypatch):
    real = formats._importable
    monkeypatch.setattr(
        formats, "_importable", lambda modules: real(m for m in modules if m != BACKEND) and
        not set(modules) & {"tensorflow", "tf2onnx", "onnxscript", "onnx"},
    )  # fmt: skip
    monkeypatch.setattr(writing, "require", lambda *args, **kwargs: None)
    with pytest.raises(MissingExtraError, match="onnx is written by tensorflow with onnx with"):
        dlzoo.export(model, tmp_path / "net", "onnx")
    assert not list(tmp_path.iterdir())


def test_layers_that_another_process_can_read():
    class Hidden(Doubled):
        pass

    image = keras.Input((8, 8, 3))
    known = foreign_classes(keras.Model(image, Doubled()(keras.layers.ReLU()(image))))
    assert known == [f"{__name__}:Doubled"]
    assert writing._imported(known[0]) == ("Doubled", Doubled)
    with pytest.raises(ExportError, match=r"must be in a module that can be imported.*Hidden"):
        foreign_classes(keras.Model(image, Hidden()(image)))


def test_networks_of_two_images_name_the_way_round(tmp_path):
    image = keras.Input((16, 16, 3))
    encoder = keras.Model(image, keras.layers.Conv2D(4, 3, padding="same")(image))
    pair = dlzoo.models.siamese(
        backbone="vgg_small", dimensions=4, input_shape=(32, 32, 3), include_preprocessing=True
    )
    for model in (dlzoo.models.adain(encoder=encoder), pair):
        with pytest.raises(ValueError, match=r"must take one image.*Of a siamese"):
            dlzoo.export(model, tmp_path / "net", FORMAT)


def test_bad_arguments(model, tmp_path):
    with pytest.raises(ValueError, match=r"export: format must be one of .*; got 'tflite'"):
        dlzoo.export(model, tmp_path / "net", "tflite")
    with pytest.raises(ValueError, match=r"precision must be one of .*; got 'bfloat16', which"):
        dlzoo.export(model, tmp_path / "net", "litert", precision="bfloat16")
    with pytest.raises(DataError, match=r"there is no dlzoo\.json"):
        Description.read(tmp_path)
    (tmp_path / "dlzoo.json").write_text('{"schema": 99}')
    with pytest.raises(DataError, match="it was written by another dlzoo"):
        Description.read(tmp_path)
