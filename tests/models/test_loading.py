"""Weights through the public API, in files that other programs or dlzoo itself wrote."""

import warnings

import keras
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

import dlzoo
from dlzoo.layers import ClassLabels
from dlzoo.weights.porting import LoadReport
from tests.models.zoo import answer, fill, images
from tests.references.files import Golden, write_keras_h5

SIDE = 64
SHAPE = (SIDE, SIDE, 3)


@pytest.fixture(scope="module")
def x():
    return images(2, *SHAPE)


@pytest.fixture(scope="module")
def mobilenet():
    """keras.applications' own, with weights that are not degenerate."""
    return fill(keras.applications.MobileNetV2(SHAPE, alpha=0.35, weights=None))


@pytest.fixture(scope="module")
def ours():
    """A small network of ours of the origin that is not the default."""
    return fill(small(classes=10))


def small(**arguments):
    arguments = {"alpha": 0.35, "origin": "torch", "input_shape": SHAPE} | arguments
    return dlzoo.models.mobilenet_v2(**arguments)


def save(model, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras does not like .h5
        (model.save_weights if ".weights." in path.name else model.save)(path)
    return path


def everything(model):
    return {v.path for v in model.variables if "seed" not in v.path}


@pytest.mark.parametrize("file", ["whole.h5", "new.weights.h5", "archive.keras"])
def test_mobilenet_of_keras_applications(mobilenet, x, tmp_path, file):
    path = save(mobilenet, tmp_path / file)
    model = dlzoo.models.mobilenet_v2(path, input_shape=SHAPE, alpha=0.35)
    report = model.load_report
    assert (report.origin, report.layout, report.source) == ("keras", "keras", str(path))
    assert set(report.loaded) == everything(model)
    assert (report.random, report.unused, report.notes) == ((), (), ())
    np.testing.assert_allclose(answer(model, x), answer(mobilenet, x), rtol=1e-4, atol=1e-6)


def test_the_published_layout_of_keras_applications(mobilenet, x, tmp_path):
    state = {v.path: keras.ops.convert_to_numpy(v) for v in mobilenet.weights}
    path = write_keras_h5(tmp_path / "published.h5", state)
    model = dlzoo.models.mobilenet_v2(path, input_shape=SHAPE, alpha=0.35)
    np.testing.assert_allclose(answer(model, x), answer(mobilenet, x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("file", ["new.weights.h5", "archive.keras"])
def test_resnet_of_keras_applications(x, tmp_path, file):
    peer = fill(keras.applications.ResNet50(weights=None, input_shape=SHAPE), gain=0.7)
    model = dlzoo.models.resnet50(save(peer, tmp_path / file), input_shape=SHAPE)
    assert model.load_report.origin == "keras"
    np.testing.assert_allclose(answer(model, x), answer(peer, x), rtol=1e-3, atol=1e-6)


def test_a_file_without_head(x, tmp_path):
    peer = fill(keras.applications.MobileNetV2(SHAPE, 0.35, include_top=False, weights=None))
    path = save(peer, tmp_path / "no_top.weights.h5")
    body = dlzoo.models.mobilenet_v2(path, 0, SHAPE, alpha=0.35)
    assert body.load_report.random == ()
    np.testing.assert_allclose(answer(body, x), answer(peer, x), rtol=1e-4, atol=1e-4)
    whole = dlzoo.models.mobilenet_v2(path, 5, SHAPE, alpha=0.35)
    assert set(whole.load_report.random) == {"head/kernel", "head/bias"}
    assert whole.load_report.notes == ("The file has no head; ours stays random.",)


@pytest.mark.parametrize("golden", ["torchvision-mobilenet_v2-alpha0.5", "timm-resnet50"])
def test_checkpoints_of_pytorch(golden, x, tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    golden = Golden.read(golden)
    state = {name: torch.tensor(value) for name, value in golden.state().items()}
    norms = [name.removesuffix("running_mean") for name in state if "running_mean" in name]
    state |= {f"{norm}num_batches_tracked": torch.tensor(7) for norm in norms}
    path = tmp_path / "checkpoint.pth"
    torch.save({"state_dict": state, "epoch": 3}, path)
    facts = golden.facts
    build = getattr(dlzoo.models, facts["model"])
    model = build(path, input_shape=SHAPE, **facts["options"])
    same = build(golden.write(tmp_path), input_shape=SHAPE, **facts["options"])
    assert model.load_report.origin == "torch"
    assert model.load_report.unused == ()
    np.testing.assert_array_equal(answer(model, x), answer(same, x))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype, x, tmp_path):
    golden = Golden.read("timm-mobilenet_v2-alpha0.5")
    half = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16}[dtype]
    state = {name: value.astype(half) for name, value in golden.state().items()}
    save_file(state, path := tmp_path / "half.safetensors")
    model = dlzoo.models.mobilenet_v2(path, input_shape=SHAPE, alpha=0.5)
    assert model.load_report.layout == "timm"
    for variable in model.variables:
        assert keras.backend.standardize_dtype(variable.dtype) == "float32"
    kernel = keras.ops.convert_to_numpy(model.get_layer("stem").conv.kernel)
    expected = state["conv_stem.weight"].astype("float32").transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(kernel, expected)
    assert np.isfinite(answer(model, x)).all()


@pytest.mark.parametrize("file", ["ours.keras", "ours.weights.h5", "ours.h5"])
def test_our_own_files(ours, x, tmp_path, file):
    path = save(ours, tmp_path / file)
    asked = None if file.endswith(".keras") else "torch"  # an archive tells its origin
    model = small(weights=path, classes=10, origin=asked)
    assert (model.load_report.layout, model.load_report.origin) == ("dlzoo", "torch")
    assert (model.load_report.random, model.load_report.unused) == ((), ())
    np.testing.assert_array_equal(answer(model, x), answer(ours, x))


@pytest.mark.parametrize("file", ["ours.keras", "ours.weights.h5"])
def test_our_own_files_into_a_head_of_another_size(ours, x, tmp_path, file):
    path = save(ours, tmp_path / file)
    model = small(weights=path, classes=4)
    report = model.load_report
    assert set(report.random) == {"head/kernel", "head/bias"}
    assert set(report.unused) == {"head/kernel", "head/bias"}
    assert "The file's head has 10 outputs, ours 4; ours stays random." in report.notes
    assert set(report.loaded) == everything(model) - set(report.random)
    top = [dlzoo.features(network, ["top"]) for network in (model, ours)]
    one, two = (keras.ops.convert_to_numpy(f(x, training=False)["top"]) for f in top)
    np.testing.assert_array_equal(one, two)


def test_an_origin_that_can_be_seen_is_not_guessed(tmp_path):
    """Files of weights alone do not name it, but ResNets of Keras have more biases."""
    peer = dlzoo.models.resnet50(origin="torch", classes=2, input_shape=SHAPE)
    path = save(peer, tmp_path / "ours.weights.h5")
    report = dlzoo.models.resnet50(path, classes=2, input_shape=SHAPE).load_report
    assert (report.origin, report.notes) == ("torch", ())


def test_an_origin_that_cannot_be_seen_is_said_to_be_guessed(ours, tmp_path):
    path = save(ours, tmp_path / "ours.weights.h5")
    report = small(weights=path, classes=10, origin=None).load_report
    assert report.origin == "keras"
    assert report.notes == ("The file does not tell its origin; taken as 'keras'.",)


def test_the_body_from_a_file_with_a_head(ours, x, tmp_path):
    path = save(ours, tmp_path / "ours.keras")
    body = small(weights=path, classes=0)
    assert set(body.load_report.unused) == {"head/kernel", "head/bias"}
    assert body.load_report.random == ()
    features = dlzoo.features(ours, ["top"])(x, training=False)["top"]
    np.testing.assert_array_equal(answer(body, x), keras.ops.convert_to_numpy(features))


def test_into_a_model_that_was_saved_and_loaded(ours, x, tmp_path):
    path = save(ours, tmp_path / "ours.weights.h5")
    again = keras.saving.load_model(save(small(classes=10), tmp_path / "random.keras"))
    report = dlzoo.load_weights(again, path)
    assert report.origin == "torch"
    np.testing.assert_array_equal(answer(again, x), answer(ours, x))


def test_a_fine_tuned_model(ours, x, tmp_path):
    """Preprocessing in front, labels at the end: the network in between is still known."""

    def tuned(origin):
        network = small(classes=2, include_preprocessing=True, origin=origin)
        labelled = ClassLabels(["cat", "dog"], name="labels")(network.output)
        return keras.Model(network.input, labelled, name="cats_and_dogs")

    pixels = keras.ops.convert_to_tensor(
        np.random.default_rng(0).uniform(0, 255, (2, *SHAPE)).astype("float32")
    )
    trained = fill(tuned("torch"))
    path = save(trained, tmp_path / "model.keras")
    other = keras.saving.load_model(save(tuned("torch"), tmp_path / "random.keras"))
    report = dlzoo.load_weights(other, path)
    assert (report.origin, report.random, report.unused) == ("torch", (), ())
    np.testing.assert_array_equal(answer(other, pixels), answer(trained, pixels))
    bare = small(weights=path, classes=7, origin=None)
    assert bare.load_report.origin == "torch"
    dlzoo.load_weights(trained, save(ours, tmp_path / "ours.weights.h5"))
    assert (
        dlzoo.features(trained, ["stage7"]).get_layer("stem").get_weights()[0]
        == ours.get_layer("stem").get_weights()[0]
    ).all()


def test_the_report(ours, tmp_path):
    path = save(ours, tmp_path / "ours.weights.h5")
    report = small(weights=path, classes=4, origin=None).load_report
    assert isinstance(report, LoadReport)
    lines = str(report).splitlines()
    assert lines[0] == (
        f"{path}: {len(report.loaded)} variables loaded (dlzoo layout, origin 'keras')"
    )
    assert lines[1] == f"  stayed random: {', '.join(report.random)}"
    assert lines[2] == "  not used: head/bias, head/kernel"
    assert lines[3:] == [f"  {note}" for note in report.notes]
    values = report.to_dict()
    assert values["loaded"] == list(report.loaded)
    assert LoadReport(**{k: tuple(v) if isinstance(v, list) else v
                         for k, v in values.items()}) == report  # fmt: skip
