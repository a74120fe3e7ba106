"""What builders refuse, in which words; the registry; the signatures that are documented."""

import inspect

import keras
import pytest

import dlzoo
from tests.models.zoo import SCALED, ZOO, each_first_row

NOT_BUILDERS = {
    "MTCNN",
    "AuxiliaryNetwork",
    "LayerProfile",
    "Network",
    "Profile",
    "build",
    "create_model",
    "dense_to_conv",
    "features",
    "load_weights",
    "mtcnn",
    "profile",
    "stages",
    "write_darknet",
    "yolo_detector",
    "yolo_loss",
}


def refuse(message, builder=dlzoo.models.resnet50, **arguments):
    with pytest.raises(ValueError) as caught:
        builder(**arguments)
    assert str(caught.value) == message


@each_first_row
@pytest.mark.parametrize(
    "shape",
    [224, None, "224", (224, 224), (None, 224, 224, 3), [], {"height": 224}],
    ids=repr,
)
def test_input_shape_must_have_three_parts(row, shape):
    with pytest.raises(ValueError) as caught:
        getattr(dlzoo.models, row.name)(input_shape=shape)
    assert str(caught.value) == (
        f"{row.name}: input_shape must be (height, width, channels) without the batch axis, "
        f"e.g. (224, 224, 3); got {shape!r}."
    )


@pytest.mark.parametrize(
    "shape, word, value",
    [
        (("64", 64, 3), "height", "'64'"),
        ((64, 64.0, 3), "width", "64.0"),
        ((True, 64, 3), "height", "True"),
    ],
)
def test_sides_must_be_whole_numbers(shape, word, value):
    refuse(
        f"resnet50: {word} must be a whole number of pixels or None; got {value} in "
        f"input_shape={shape!r}.",
        input_shape=shape,
    )


def test_sides_must_not_be_too_small():
    refuse(
        "resnet50: width must be at least 32 pixels, because the network shrinks it 32 times; "
        "got 16 in input_shape=(None, 16, 3).",
        input_shape=(None, 16, 3),
    )


@pytest.mark.parametrize("channels", [None, 0, -3, 3.0, True, "3"])
def test_channels(channels):
    shape = (64, 64, channels)
    refuse(
        f"resnet50: channels must be a whole number of at least 1; got {channels!r} in "
        f"input_shape={shape!r}.",
        input_shape=shape,
    )


@each_first_row
@pytest.mark.parametrize("classes", [-1, True, 10.0, "10", None])
def test_classes(row, classes):
    with pytest.raises(ValueError) as caught:
        row.build(classes=classes)
    rule = f"{row.name}: classes must be a whole number of at least 0; got {classes!r}."
    assert str(caught.value) == rule


def test_pooling_is_not_for_a_network_with_a_head():
    refuse(
        "resnet50: pooling is for classes=0, because a head brings its own average pooling; "
        "got pooling='avg' with classes=1000.",
        pooling="avg",
    )


def test_unknown_pooling():
    refuse(
        "resnet50: pooling must be one of ['avg', 'max']; got 'mean'.",
        classes=0,
        pooling="mean",
    )


@pytest.mark.parametrize("origin", ["caffe", "tf", 3])
def test_unknown_origin(origin):
    refuse(
        f"resnet50: origin must be one of ['keras', 'torch']; got {origin!r}.", origin=origin
    )


def test_an_origin_in_which_the_network_does_not_exist():
    refuse(
        "resnet18: origin must be one of ['torch']; got 'keras'.",
        dlzoo.models.resnet18,
        origin="keras",
    )


@pytest.mark.parametrize(
    "alpha, rule",
    [
        (0, "be between 0.1 and 4"),
        (-1.0, "be between 0.1 and 4"),
        (5, "be between 0.1 and 4"),
        (float("nan"), "be between 0.1 and 4"),
        ("1", "be a number"),
        (True, "be a number"),
        (None, "be a number"),
    ],
)
def test_alpha(alpha, rule):
    refuse(
        f"mobilenet_v2: alpha must {rule}; got {alpha!r}.",
        dlzoo.models.mobilenet_v2,
        alpha=alpha,
    )


def test_an_option_that_the_network_does_not_have():
    with pytest.raises(TypeError, match="unexpected keyword argument 'alpha'"):
        dlzoo.create_model("resnet50", alpha=0.5)


def test_names_that_do_not_exist():
    with pytest.raises(ValueError, match=r"'resnet51'; did you mean 'resnet50' or 'resnet1"):
        dlzoo.create_model("resnet51")
    with pytest.raises(ValueError, match="no network is called 'perceiver'; there are: "):
        dlzoo.create_model("perceiver")
    for name in ("features", "Network", "build", None, 50):
        with pytest.raises(ValueError, match=f"no network is called {name!r}"):
            dlzoo.create_model(name)


def test_the_name_of_the_model():
    shape = (32, 32, 3)
    assert dlzoo.models.resnet18(input_shape=shape).name == "resnet18"
    assert dlzoo.create_model("resnet18", input_shape=shape, name="mine").name == "mine"


def test_the_registry_is_the_builders_and_the_table():
    builders = set(dlzoo.models.__all__) - NOT_BUILDERS
    assert set(dlzoo.list_models()) == builders
    builders &= set(dlzoo.list_models(task="classification"))
    scaled = {row.name for row in SCALED}  # all their origins are in the goldens
    assert {(row.name, row.origin) for row in ZOO} >= {
        (name, origin)
        for name in builders - scaled - {"mlp"}  # takes more than images: test_mlp.py
        for origin in dlzoo.card(name).origins
    }


@pytest.mark.parametrize("name", dlzoo.list_models(task="classification"))
def test_signatures(name):
    builder = getattr(dlzoo.models, name)
    signature = inspect.signature(builder)
    parameters = dict(signature.parameters)
    side = dlzoo.card(name).input_size
    channels = parameters["input_shape"].default[-1]
    documented = {
        "weights": None,
        "classes": dlzoo.card(name).classes,
        "input_shape": (side, side, channels),
        "pooling": None,
        "classifier_activation": "softmax",
        "include_preprocessing": False,
        "origin": None,
        "name": None,
    }
    assert {key: parameters[key].default for key in documented} == documented
    by_place = [p.name for p in parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    assert by_place == ["weights", "classes", "input_shape"]
    assert all(p.kind != p.VAR_KEYWORD for p in parameters.values())
    assert signature.return_annotation is keras.Model
    assert builder.__name__ == name
    assert builder.__module__.startswith("dlzoo.models.")
    assert "parameters" in builder.__doc__
    assert "`dlzoo.models.build`" in builder.__doc__
