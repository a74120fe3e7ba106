"""MTCNN's networks: the numbers of facenet-pytorch, and files that load or are refused."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from safetensors.numpy import load_file, save_file

import dlzoo
from dlzoo.errors import WeightsError
from tests.models.test_parity import TOLERANCE, compared_sizes, largest_error
from tests.models.zoo import count, fill, images, outputs
from tests.references.files import FOLDER, Golden

FACES = FOLDER.parent / "faces"
NETWORKS = ("mtcnn_pnet", "mtcnn_rnet", "mtcnn_onet")
DATA = os.environ.get("DLZOO_TEST_DATA")
each_network = pytest.mark.parametrize("name", NETWORKS)


def answers(model, x):
    """What `model` says to `x`, as NumPy."""
    return {name: ops.convert_to_numpy(part) for name, part in outputs(model, x).items()}


def golden_of(name):
    return Golden.read(f"facenet-pytorch-{name}", FACES)


def together(folder):
    """A file with all three networks, as the published weights often come."""
    state = {}
    for name in NETWORKS:
        prefix = name.removeprefix("mtcnn_")
        state |= {f"{prefix}.{key}": value for key, value in golden_of(name).state().items()}
    save_file(state, folder / "mtcnn.safetensors")
    return folder / "mtcnn.safetensors"


@pytest.mark.parametrize(
    "name",
    [  # what the second one is made of, the third is, too
        pytest.param(name, marks=[pytest.mark.backend] * (name != "mtcnn_rnet"))
        for name in NETWORKS
    ],
)
def test_outputs_equal_facenet_pytorch(name, tmp_path):
    golden = golden_of(name)
    model = dlzoo.create_model(name, golden.write(tmp_path))
    assert model.load_report.layout == "facenet-pytorch"
    assert not model.load_report.random + model.load_report.unused
    assert largest_error(model, golden, compared_sizes(golden)) < TOLERANCE


def test_the_tolerance_sees_the_other_order_of_flattening(tmp_path):
    golden = golden_of("mtcnn_rnet")
    state = golden.state()
    by_column = state["dense4.weight"].reshape(-1, 3, 3, 64)
    state["dense4.weight"] = by_column.transpose(0, 2, 1, 3).reshape(-1, 576).copy()
    model = dlzoo.models.mtcnn_rnet(golden.write(tmp_path, state))
    assert largest_error(model, golden) > TOLERANCE


def test_all_three_from_one_file(tmp_path):
    path = together(tmp_path)
    networks = dlzoo.models.mtcnn(path)
    for name, network in zip(NETWORKS, networks, strict=True):
        assert network.name == name
        assert network.load_report.layout == "mtcnn"
        alone = dlzoo.create_model(name, golden_of(name).write(tmp_path))
        for mine, theirs in zip(network.get_weights(), alone.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    # raw pixels in
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 3)).astype("float32")
    raw = answers(networks.rnet, pixels)
    scaled = answers(dlzoo.models.mtcnn_rnet(path), (pixels - 127.5) / 128)
    np.testing.assert_allclose(raw["steps"], scaled["steps"], rtol=1e-4, atol=1e-4)


def test_all_three_from_a_folder(tmp_path):
    """As facenet-pytorch has them; what is in a file is what counts, not its suffix."""
    for name in NETWORKS:
        file = golden_of(name).write(tmp_path)
        file.rename(tmp_path / f"{name.removeprefix('mtcnn_')}.pt")
    for network in dlzoo.models.mtcnn(tmp_path):
        assert network.load_report.layout == "facenet-pytorch"
    (tmp_path / "rnet.pt").unlink()
    with pytest.raises(WeightsError, match=r"mtcnn_rnet: .*rnet\.pt"):
        dlzoo.models.mtcnn(str(tmp_path))


def test_without_weights_they_are_random():
    assert [network.name for network in dlzoo.models.mtcnn(None)] == list(NETWORKS)


def test_what_a_file_lacks_is_named(tmp_path):
    state = load_file(together(tmp_path))
    del state["rnet.prelu2.weight"]
    save_file(state, tmp_path / "cut.safetensors")
    with pytest.raises(WeightsError, match="not filled: prelu2/alpha"):
        dlzoo.models.mtcnn(tmp_path / "cut.safetensors")


def test_the_file_of_another_of_the_three_is_refused(tmp_path):
    path = golden_of("mtcnn_onet").write(tmp_path)
    with pytest.raises(WeightsError, match="nothing was loaded"):
        dlzoo.models.mtcnn_rnet(path)


@each_network
def test_size_and_work_are_those_of_the_card(name):
    card = dlzoo.card(name)
    model = dlzoo.create_model(name, input_shape=card.input_shape)
    assert count(model) == card.parameters["torch"]
    assert dlzoo.profile(model).multiply_adds == round(card.gmacs * 1e9)


@pytest.mark.parametrize("side, rows", [(12, 1), (13, 2), (14, 2), (37, 14)])
def test_pnet_answers_for_every_second_pixel(side, rows):
    model = dlzoo.models.mtcnn_pnet()
    found = answers(model, images(1, side, 12, 3))
    # the last window may reach a pixel beyond the image: poolings round up
    assert found["scores"].shape == (1, rows, 1, 2)
    np.testing.assert_allclose(found["scores"].sum(axis=-1), 1, rtol=1e-5)


@each_network
def test_a_saved_one_answers_the_same_and_loads(name, tmp_path):
    model = fill(dlzoo.create_model(name))
    side = dlzoo.card(name).input_size
    x = images(2, side, side, 3)
    model.save(tmp_path / "model.keras")
    before, after = (
        answers(model, x),
        answers(keras.saving.load_model(tmp_path / "model.keras"), x),
    )
    for key in before:
        np.testing.assert_array_equal(before[key], after[key])
    report = dlzoo.load_weights(dlzoo.create_model(name), tmp_path / "model.keras")
    assert report.layout == "dlzoo"
    assert not report.random


def test_training_steps_lower_the_loss():
    keras.utils.set_random_seed(0)
    model = dlzoo.models.mtcnn_rnet()
    losses = {"scores": "sparse_categorical_crossentropy", "steps": "mse"}
    model.compile("adam", losses, jit_compile=False)
    x = np.random.default_rng(0).normal(size=(4, 24, 24, 3)).astype("float32")
    wanted = {"scores": np.array([0, 1, 0, 1]), "steps": np.full((4, 4), 0.1, "float32")}
    first, *_, last = (float(model.train_on_batch(x, wanted)[0]) for _ in range(4))
    assert last < first


def test_half_precision_answers_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        outputs = dlzoo.models.mtcnn_onet().output
    finally:
        keras.config.set_dtype_policy("float32")
    assert {tensor.dtype for tensor in outputs.values()} == {"float32"}


@pytest.mark.parametrize(
    "name, shape, words",
    [
        ("mtcnn_rnet", (48, 48, 3), r"^mtcnn_rnet: input_shape must be \(24, 24, 3\), because"),
        ("mtcnn_onet", (None, None, 3), r"^mtcnn_onet: input_shape must be \(48, 48, 3\)"),
        ("mtcnn_pnet", (11, 20, 3), "^mtcnn_pnet: height must be at least 12 pixels"),
        ("mtcnn_pnet", (20, 20, 1), "^mtcnn_pnet: channels must be 3"),
    ],
)
def test_shapes_that_do_not_fit(name, shape, words):
    with pytest.raises(ValueError, match=words):
        dlzoo.create_model(name, input_shape=shape)


@pytest.mark.skipif(not DATA, reason="DLZOO_TEST_DATA does not name the folder with real data")
@each_network
def test_the_published_weights_load(name):
    path = Path(DATA, "weights", "mtcnn_torch.safetensors")
    report = dlzoo.create_model(name, path).load_report
    assert report.layout == "mtcnn"
    assert not report.random
    assert not [key for key in report.unused if key.startswith(name.removeprefix("mtcnn_"))]
