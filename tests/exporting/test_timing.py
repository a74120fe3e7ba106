"""`dlzoo.bench`, and choosing the fastest engine."""

import time
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo._cache import cache_dir
from dlzoo.errors import DataError
from dlzoo.exporting.timing import KERAS, BenchReport, Timing, alternate, fastest
from dlzoo.weights import IMAGENET


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def model():
    image = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3)(keras.layers.Rescaling(1 / 255)(image))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(x), name="small")


def test_turns():
    order = []
    steps = {name: lambda name=name: order.append(name) for name in "ab"}
    seconds = alternate(steps, rounds=3, turn=0)
    assert [len(values) for values in seconds.values()] == [3, 3]
    # Each is called once for a start, then in each turn once more than is counted.
    assert "".join(order) == "ab" + 3 * "aabb"
    slow = alternate({"slow": lambda: time.sleep(0.002)}, rounds=2, turn=0.02)["slow"]
    assert 2 < len(slow) <= 22
    assert min(slow) >= 0.002


def sleeping(seconds, batch_size=2):
    """Something like a predictor; it notes what it was given."""
    seen = []

    def answer(images):
        seen.append((images.shape, images.dtype))
        time.sleep(seconds)

    class Sleeping:
        __call__ = staticmethod(answer)

    one = Sleeping()
    one.batch_size, one.seen = batch_size, seen
    one.description = SimpleNamespace(input_shape=(None, 32, 3))
    return one


def test_the_fastest():
    slow, quick = sleeping(0.01), sleeping(0.0)
    assert fastest(iter([slow, quick, sleeping(0.02)]), rounds=1) is quick
    assert set(quick.seen) == {((2, 224, 32, 3), np.dtype("uint8"))}
    with pytest.raises(ValueError, match="no engine that is installed"):
        fastest([])


def test_the_table():
    rows = (
        Timing(KERAS, "float32", 8, 80.0, 100.0),
        Timing("openvino", "bfloat16", 8, 10.0, 12.5),
    )
    report = BenchReport("net", (224, 224, 3), rows, {"jax, float32": "why"}, "a machine")
    head, first, second, *notes = str(report).splitlines()
    assert head.split()[:3] == ["batch", "engine", "precision"]
    assert first.split()[-5:] == ["float32", "80.0", "100.0", "100", "1.0"]
    assert second.split() == ["8", "openvino", "bfloat16", "10.0", "12.5", "800", "8.0"]
    assert notes == ["not timed: jax, float32: why", "net, images of 224 x 224 x 3; a machine"]
    values = report.to_dict()
    assert values["timings"][1]["images_per_second"] == 800
    assert values["absent"] == {"jax, float32": "why"}


@pytest.mark.backend
def test_a_model(model, cache):
    """On each backend, by the engine that is the backend itself."""
    engine = keras.backend.backend()
    found = dlzoo.bench(model, engines=[engine], batch_sizes=[2], rounds=1)
    assert found.absent == {}
    assert [(row.engine, row.batch_size) for row in found.timings] == [(KERAS, 2), (engine, 2)]
    assert (found.name, found.input_shape) == ("small", (16, 16, 3))
    for row in found.timings:
        assert 0 < row.median_ms <= row.p90_ms


@pytest.mark.parametrize("given", [IMAGENET, "included", keras.layers.Rescaling(1 / 255)])
def test_preprocessing(given, cache):
    """A model without takes what is given, of any kind, and is not timed without."""
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Conv2D(2, 3)(image))
    options = {"engines": [keras.backend.backend()], "batch_sizes": [1], "rounds": 1}
    with pytest.raises(ValueError, match="preprocessing must be given"):
        dlzoo.bench(model, **options)
    assert len(dlzoo.bench(model, preprocessing=given, **options).timings) == 2


def test_an_exported_folder(model, cache):
    engine = keras.backend.backend()
    dlzoo.predictor(model, engine)
    (described,) = (cache_dir() / "predictors").glob("*/dlzoo.json")
    found = dlzoo.bench(described.parent, batch_sizes=[1], rounds=1)
    assert [(row.engine, row.precision) for row in found.timings] == [(engine, "float32")]
    assert found.rows()[0][-1] == ""  # no Keras to compare with


def test_no_such_model(tmp_path):
    with pytest.raises(ValueError, match="no network is called 'resnet51'; did you mean"):
        dlzoo.bench("resnet51")
    with pytest.raises(DataError, match="there is no such model"):
        dlzoo.bench(tmp_path / "resnet50")


def test_a_model_of_two_images():
    image, other = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    with pytest.raises(ValueError, match="the model must take one image"):
        dlzoo.bench(keras.Model([image, other], keras.layers.Add()([image, other])))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engines": ["onnx"]}, "bench: engines must be one of .*got 'onnx'"),
        ({"precisions": ["float16"]}, "bench: precisions must be one of .*got 'float16'"),
        ({"batch_sizes": [0]}, "bench: batch_sizes must be a whole number of at least 1"),
        ({"rounds": 0}, "bench: rounds must be"),
        ({"image_size": 0}, "bench: image_size must be"),
    ],
)
def test_wrong_arguments(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        dlzoo.bench(model, **arguments)
