"""The inside of a network by name: where stages end, what strides and channels they have."""

import keras
import numpy as np
import pytest

import dlzoo
from tests.models.zoo import answer, images

BOTTLENECKS = (256, 512, 1024, 2048)
PLAIN = (64, 128, 256, 512)
# timm 1.0.31, feature_info(out_indices=(1, 2, 3, 4)): channels at strides 4, 8, 16, 32.
RESNETS = {
    "resnet18": PLAIN,
    "resnet34": PLAIN,
    "resnet50": BOTTLENECKS,
    "resnet101": BOTTLENECKS,
    "resnet152": BOTTLENECKS,
}
# The same for mobilenetv2_100, _050 and _140, whose five feature maps are the last stages of
# each stride: blocks 0, 1, 2, 4 and 6.
MOBILENETS = {
    1.0: {1: (2, 16), 2: (4, 24), 3: (8, 32), 5: (16, 96), 7: (32, 320)},
    0.5: {1: (2, 8), 2: (4, 16), 3: (8, 16), 5: (16, 48), 7: (32, 160)},
    1.4: {1: (2, 24), 2: (4, 32), 3: (8, 48), 5: (16, 136), 7: (32, 448)},
}


@pytest.mark.parametrize("shape", [(64, 64, 3), (None, None, 3), (97, 33, 3)], ids=repr)
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if "1" in n[6:7] and n != "resnet18" else n
             for n in RESNETS]
)  # fmt: skip
def test_stages_of_resnets(name, shape):
    model = dlzoo.create_model(name, classes=0, input_shape=shape)
    expected = zip((4, 8, 16, 32), RESNETS[name], strict=True)
    assert dlzoo.models.stages(model) == {
        f"stage{number}": facts for number, facts in enumerate(expected, 1)
    }


@pytest.mark.parametrize("shape", [(64, 64, 3), (None, None, 3)], ids=repr)
@pytest.mark.parametrize("alpha", MOBILENETS)
def test_stages_of_mobilenet_v2(alpha, shape):
    model = dlzoo.models.mobilenet_v2(classes=10, input_shape=shape, alpha=alpha)
    found = dlzoo.models.stages(model)
    assert list(found) == [f"stage{number}" for number in range(1, 8)]
    for number, facts in MOBILENETS[alpha].items():
        assert found[f"stage{number}"] == facts
    assert (found["stage4"][0], found["stage6"][0]) == (16, 32)


@pytest.mark.parametrize("shape", [(64, 64, 3), (None, None, 3)], ids=repr)
def test_stages_of_efficientnet(shape):
    """timm's efficientnet_b0: feature_info of the last stages of each stride."""
    found = dlzoo.models.stages(dlzoo.models.efficientnet_b0(classes=0, input_shape=shape))
    assert found == {
        "stage1": (2, 16),
        "stage2": (4, 24),
        "stage3": (8, 40),
        "stage4": (16, 80),
        "stage5": (16, 112),
        "stage6": (32, 192),
        "stage7": (32, 320),
    }


@pytest.mark.parametrize("origin", ["keras", "torch"])
def test_stages_of_mobilenet(origin):
    network = dlzoo.models.mobilenet(
        alpha=0.5, input_shape=(None, None, 3), origin=origin, classes=0
    )
    channels = (32, 64, 128, 256, 512)  # timm's mobilenetv1_100, halved
    expected = zip((2, 4, 8, 16, 32), channels, strict=True)
    assert dlzoo.models.stages(network) == {
        f"stage{number}": facts for number, facts in enumerate(expected, 1)
    }
    # Zeros at the end only: keras.applications loses a pixel of an odd side, timm none.
    sides = {"keras": (4, 4), "torch": (5, 5)}[origin]
    found = dlzoo.features(network, ["stage4"])(images(1, 75, 65, 3), training=False)
    assert tuple(found["stage4"].shape) == (1, *sides, 256)


@pytest.fixture(scope="module")
def model():
    return dlzoo.models.resnet18(classes=10, input_shape=(None, None, 3))


@pytest.mark.parametrize("origin", ["keras", "torch"])
def test_odd_sides_are_rounded_up(origin):
    network = dlzoo.models.mobilenet_v2(
        alpha=0.35, input_shape=(None, None, 3), origin=origin, classes=0
    )
    height, width = 75, 65
    found = dlzoo.features(network)(images(1, height, width, 3), training=False)
    for name, (stride, channels) in dlzoo.models.stages(network).items():
        sides = (-(-height // stride), -(-width // stride))
        assert tuple(found[name].shape) == (1, *sides, channels)


def test_stages_layers_and_their_order(model):
    wanted = ["stage3", "stem", "stage1_block2", "head", "stage1"]
    inside = dlzoo.features(model, wanted)
    assert list(inside.output) == wanted
    x = images(1, 48, 40, 3)
    found = {name: keras.ops.convert_to_numpy(v) for name, v in inside(x).items()}
    assert {name: value.shape for name, value in found.items()} == {
        "stage3": (1, 3, 3, 256),
        "stem": (1, 24, 20, 64),
        "stage1_block2": (1, 12, 10, 64),
        "head": (1, 10),
        "stage1": (1, 12, 10, 64),
    }
    np.testing.assert_array_equal(found["stage1"], found["stage1_block2"])
    np.testing.assert_allclose(found["head"], answer(model, x), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("names", [["stage9"], ["stage1", "block"], ["stage"], [None]])
def test_unknown_names(model, names):
    with pytest.raises(ValueError, match="features: names must be stages") as error:
        dlzoo.features(model, names)
    message = str(error.value)
    assert "['stage1', 'stage2', 'stage3', 'stage4'] or layers of 'resnet18'" in message
    assert message.endswith(f"got {names[-1]!r}.")


def test_a_model_without_stages():
    image = keras.Input((8, 8, 3))
    plain = keras.Model(image, keras.layers.Conv2D(2, 3, name="c")(image), name="plain")
    with pytest.raises(
        ValueError, match=r"'plain' has no layers named 'stage1\.\.\.', so names must be given"
    ):
        dlzoo.features(plain)
    assert dlzoo.features(plain, ["c"]).output["c"].shape == (None, 6, 6, 2)


def test_weights_are_shared(model):
    x = images(1, 32, 32, 3)
    inside = dlzoo.features(model, ["stage1"])
    before = keras.ops.convert_to_numpy(inside(x)["stage1"])
    kernel = model.get_layer("stem").conv.kernel
    old = keras.ops.convert_to_numpy(kernel)
    kernel.assign(old * 2 + 1)
    assert (keras.ops.convert_to_numpy(inside(x)["stage1"]) != before).any()
    kernel.assign(old)
    assert inside.get_layer("stem") is model.get_layer("stem")


def test_of_a_model_with_preprocessing_inside():
    raw, plain = (
        dlzoo.models.mobilenet_v2(
            alpha=0.35, input_shape=(64, 64, 3), classes=0, include_preprocessing=included
        )
        for included in (True, False)
    )
    plain.set_weights(raw.get_weights())
    pixels = images(1, 64, 64, 3) * 50 + 127
    found = dlzoo.features(raw)(pixels, training=False)
    expected = dlzoo.features(plain)(pixels / 127.5 - 1, training=False)
    assert dlzoo.models.stages(raw) == dlzoo.models.stages(plain)
    for name, value in expected.items():
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(found[name]),
            keras.ops.convert_to_numpy(value),
            rtol=1e-3,
            atol=1e-4,
        )


def test_saved_and_loaded(model, tmp_path):
    x = images(1, 33, 47, 3)
    inside = dlzoo.features(model, ["stage2", "stage4"])
    inside.save(tmp_path / "features.keras")
    again = keras.saving.load_model(tmp_path / "features.keras")
    for name, value in inside(x, training=False).items():
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(again(x, training=False)[name]),
            keras.ops.convert_to_numpy(value),
        )
