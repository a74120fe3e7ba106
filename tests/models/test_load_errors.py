"""Weights that do not fit: everything is listed in one error, and nothing is assigned."""

import re

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import dlzoo
from dlzoo.errors import WeightsError
from tests.models.zoo import fill
from tests.references.files import Golden, write_keras_h5

SHAPE = (64, 64, 3)
GOLDEN = "torchvision-mobilenet_v2-alpha0.5"


@pytest.fixture(scope="module")
def model():
    """The network whose weights must never change."""
    return fill(dlzoo.models.mobilenet_v2(alpha=0.5, input_shape=SHAPE, origin="torch"))


@pytest.fixture
def refused(model):
    """Loads a file into the model; the error, after a look that nothing was assigned."""

    def load(source):
        before = model.get_weights()
        with pytest.raises(WeightsError) as caught:
            dlzoo.load_weights(model, source)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        return str(caught.value)

    return load


def published(folder, change):
    """torchvision's file for the model, after `change` of its tensors."""
    state = Golden.read(GOLDEN).state()
    change(state)
    save_file(state, folder / "changed.safetensors")
    return folder / "changed.safetensors"


def problems(message):
    return sorted(line.strip() for line in message.splitlines()[1:])


def test_every_misfit_is_listed(refused, tmp_path):
    def change(state):
        del state["features.3.conv.1.1.running_var"]
        del state["features.0.0.weight"]
        state["features.19.weight"] = np.zeros(3, "float32")
        state["features.18.1.bias"] = np.zeros(7, "float32")
        state["features.1.conv.1.weight"] = np.zeros((9, 16, 1, 1), "float32")

    message = refused(published(tmp_path, change))
    first = "mobilenet_v2: weights do not fit (torchvision layout); nothing was loaded:"
    assert message.splitlines()[0] == first
    assert problems(message) == [
        "not filled: stage2_block2/depthwise/bn/moving_variance",
        "not filled: stem/conv/kernel",
        "not used: features.19.weight",
        "shape: stage1_block1/project/conv/kernel (1, 1, 16, 8) "
        "<- features.1.conv.1.weight (1, 1, 16, 9)",
        "shape: top/bn/beta (1280,) <- features.18.1.bias (7,)",
    ]


@pytest.mark.parametrize("leaf", ["weight", "bias"])
def test_half_a_head_is_not_taken_for_another_head(refused, tmp_path, leaf):
    message = refused(published(tmp_path, lambda state: state.pop(f"classifier.1.{leaf}")))
    ours = {"weight": "kernel", "bias": "bias"}[leaf]
    assert problems(message) == [f"not filled: head/{ours}"]


def test_a_kernel_with_ends_exchanged_is_not_taken_for_a_depthwise_one(refused, tmp_path):
    name = "features.1.conv.1.weight"

    def change(state):
        state[name] = state[name].transpose(1, 0, 2, 3).copy()

    message = refused(published(tmp_path, change))
    assert problems(message) == [
        f"shape: stage1_block1/project/conv/kernel (1, 1, 16, 8) <- {name} (1, 1, 8, 16)"
    ]


def test_another_alpha(refused, model, tmp_path):
    golden = Golden.read("torchvision-mobilenet_v2-alpha1.0")
    message = refused(golden.write(tmp_path))
    theirs = dlzoo.models.mobilenet_v2(input_shape=SHAPE, origin="torch")
    differ = {
        mine.path
        for mine, other in zip(model.variables, theirs.variables, strict=True)
        if mine.shape != other.shape
    }
    assert {line.split()[1] for line in problems(message)} == differ
    assert all(line.startswith("shape: ") for line in problems(message))


def test_another_network(refused, tmp_path):
    message = refused(path := Golden.read("torchvision-resnet18").write(tmp_path))
    assert message.startswith(f"mobilenet_v2: {path} holds weights of another network: ")
    assert re.search(r"Its first tensors are \['\S+', '\S+', '\S+'\]\.$", message)


def test_a_deeper_relative(tmp_path):
    path = Golden.read("torchvision-resnet34").write(tmp_path)
    with pytest.raises(
        WeightsError, match=r"(?s)resnet18: .*not used: layer1\.2\.bn1\.bias"
    ) as error:
        dlzoo.models.resnet18(path, input_shape=SHAPE)
    assert "not filled" not in str(error.value)


def test_another_origin_than_asked(refused, tmp_path):
    golden = Golden.read("keras-mobilenet_v2-alpha0.35")
    path = write_keras_h5(tmp_path / "keras.h5", golden.state())
    message = (
        f"mobilenet_v2: origin must be that of the weights, because padding and constants "
        f"differ; {path} is of origin 'keras' (keras layout), asked was 'torch'. Pass "
        f"origin='keras' or leave it out."
    )
    assert refused(path) == message
    with pytest.raises(WeightsError, match=re.escape(message)):
        dlzoo.models.mobilenet_v2(path, alpha=0.35, origin="torch", input_shape=SHAPE)


def test_another_origin_of_our_own(refused, tmp_path):
    other = dlzoo.models.mobilenet_v2(alpha=0.5, input_shape=SHAPE, origin="keras")
    other.save(tmp_path / "ours.keras")
    assert "is of origin 'keras' (dlzoo layout), asked was 'torch'" in refused(
        tmp_path / "ours.keras"
    )


def test_names_and_paths_that_are_not_there(refused, tmp_path):
    names = "['imagenet', 'imagenet_v2', 'ra_in1k', 'lamb_in1k']"
    assert refused("/no/such.h5") == (
        f"mobilenet_v2: weights must be a file, a name on the card {names} or 'hf://...'; "
        f"there is no file '/no/such.h5'."
    )
    assert "there is no file 'weights.h5'" in refused("weights.h5")
    assert "is a folder; pass the file of weights in it" in refused(tmp_path)
    for wrong in (17, True, b"imagenet", ["imagenet"]):
        assert refused(wrong) == (
            f"mobilenet_v2: weights must be None, a path, a name on the card {names} or "
            f"'hf://...'; got {wrong!r}."
        )


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"weights": "imagnet"}, "nothing is published for weights 'imagnet'"),
        ({"weights": "imagenet", "alpha": 0.6}, "with alpha=0.6"),
        ({"weights": "imagenet", "alpha": 0.5, "origin": "torch"}, "origin='torch'"),
    ],
)
def test_names_that_are_not_on_the_card(arguments, words):
    with pytest.raises(ValueError, match=r"There are: 'imagenet' \(origin='keras'") as error:
        dlzoo.models.mobilenet_v2(input_shape=SHAPE, **arguments)
    assert words in str(error.value)
    assert "For a file of your own pass its path." in str(error.value)


def test_a_model_that_is_not_ours(tmp_path):
    image = keras.Input(SHAPE)
    stranger = keras.Model(image, keras.layers.Conv2D(2, 3)(image), name="stranger")
    with pytest.raises(
        WeightsError,
        match=r"load_weights: the model must be built by dlzoo.models, .*'stranger' is none of",
    ) as error:
        dlzoo.load_weights(stranger, tmp_path)
    for name in dlzoo.list_models():
        assert repr(name) in str(error.value)
