"""Formats x backends x a network of each task: written, run again, compared.

What cannot be is in `KNOWN`, with the reason, and is an `ExportError` with a way round.
"""

import functools

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.errors import ExportError
from dlzoo.exporting import ENGINES, FORMATS, artefact, writing
from dlzoo.exporting.checking import compared
from dlzoo.exporting.describing import describe
from dlzoo.exporting.formats import load
from dlzoo.exporting.samples import sample_images
from dlzoo.exporting.writing import write
from dlzoo.layers.raw_pixels import taking_raw_pixels
from tests.exporting.each_task import MORE, NETWORKS, made

BACKEND = keras.backend.backend()
# (format, backend, network): the upstream reason. With TensorFlow installed these go by it.
KNOWN = {
    ("onnx", "torch", "detection"): "has no stable sort",
    ("openvino", "torch", "detection"): "wants a loop to give back what it only reads",
    ("openvino", "torch", "detection in two stages"): "as above",
    ("openvino", "torch", "segmentation of any size"): "has no larger of two sides",
}
QUICK = ["detection", "style"]  # on every backend


def writable(form):
    """Whether the backend in use itself writes the format, and all is installed."""
    row = FORMATS[form]
    return row.installed() and row.writer(BACKEND) == BACKEND


def skip_unless_writable(form):
    if not writable(form):
        pytest.skip(f"{BACKEND} does not write {form} here")


@pytest.fixture
def traced_once(monkeypatch):
    """Three formats are converted from the same function: tracing takes the most time."""
    if BACKEND == "tensorflow":
        from dlzoo.exporting.formats import _traced

        once = functools.lru_cache(maxsize=1)(_traced.traced)
        monkeypatch.setattr(_traced, "traced", once)


@functools.lru_cache(maxsize=1)
def example(name):
    """A network, images for it, and what Keras answers."""
    model = taking_raw_pixels(made(name), "included")
    about = describe(model, "saved_model", "float32")
    images = np.ascontiguousarray(sample_images(about)[:3, :128, :160])
    return model, about, images, artefact.answers_of(model, images)


def check(form, name, folder):
    """Write `name` as `form`, run it on batches of two sizes, compare."""
    model, about, images, expected = example(name)
    about = about.at(format=form)
    write(model, folder, about)
    run = load(folder, about, batch_size=2)
    parts = [run(part) for part in (images[:2], images[2:])]
    answers = [np.concatenate(part) for part in zip(*parts, strict=True)]
    found = compared(about, expected, answers)
    assert found.difference < 1e-3
    assert found.agreement in (None, 1.0)
    if about.task == "detection":
        assert expected[2].min() > 3  # objects: else there is nothing to compare
    else:
        spread = np.std(expected[0], axis=0).max()
        assert spread > 10 * found.difference * np.abs(expected[0]).max()
    if None in about.input_shape:
        other = np.ascontiguousarray(images[:1, :96, :128])
        same = compared(about, artefact.answers_of(model, other), run(other))
        assert same.difference < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NETWORKS])
def test_every_format_of_a_network_of_each_task(name, tmp_path, traced_once):
    """In one test, because making the network takes longer than writing it."""
    done = [form for form in FORMATS if writable(form)]
    for form in done:
        check(form, name, tmp_path)
    if not done:
        pytest.skip(f"{BACKEND} writes no format here")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*MORE])
def test_other_families_in_one_format(name, tmp_path):
    """Each has layers of its own: RoIAlign, RoIPool, Darknet's convolutions ..."""
    # all six had all of them when this was written; that takes minutes
    form = next((form for form in ("litert", *FORMATS) if writable(form)), None)
    if form is None:
        pytest.skip(f"{BACKEND} writes no format here")
    check(form, name, tmp_path)


@pytest.mark.backend
@pytest.mark.parametrize("name", QUICK)
def test_a_backend_writes_its_own_format(name, tmp_path):
    if BACKEND == "tensorflow":
        pytest.skip("its formats are in the slow test")
    check(BACKEND, name, tmp_path)


@pytest.mark.slow
def test_a_detector_in_a_fresh_process(tmp_path):
    """The whole of `export`, and the boxes in pixels of a photograph."""
    form = "litert"
    skip_unless_writable(form)
    model = example("detection")[0]
    exported = dlzoo.export(model, tmp_path / "net", form)
    assert exported.check.difference < 0.02
    photograph = np.zeros((120, 100, 3), "uint8")
    found = dlzoo.predictor(tmp_path / "net")([photograph])
    expected = dlzoo.predictor(model, FORMATS[form].engine)([photograph])
    np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["torch", "jax"])
def test_another_backend_writes_in_a_process_of_its_own(form, model, tmp_path):
    if FORMATS[form].writer(BACKEND) in (None, BACKEND):
        pytest.skip(f"{form} is not installed beside {BACKEND}")
    exported = dlzoo.export(model, tmp_path / "net", form)
    assert exported.check.agreement == 1.0
    assert exported.description.format == form


@pytest.mark.slow
@pytest.mark.parametrize(("form", "backend", "name"), KNOWN)
def test_what_cannot_be_says_the_way_round(form, backend, name, tmp_path, monkeypatch):
    if backend != BACKEND or not FORMATS[form].installed():
        pytest.skip(f"{form} by {backend} is not installed, or another backend in use")
    monkeypatch.setattr(writing, "_backend", lambda form: BACKEND)
    model, about, *_ = example(name)
    with pytest.raises(ExportError, match=r"Try another .* or install \"dlzoo\[tensorflow\]\""):
        write(model, tmp_path, about.at(format=form))


def test_every_format_has_its_row():
    assert set(ENGINES.values()) == set(FORMATS)
    assert all(backend in FORMATS[form].writers for form, backend, _ in KNOWN)
