"""The network behind style transfer: features, preprocessing, and where it comes from."""

import logging

import keras
import numpy as np
import pytest
from keras import ops

import dlzoo
from dlzoo.errors import DownloadError
from dlzoo.layers import ImagePreprocessing
from dlzoo.style import default_layers, feature_network, networks
from dlzoo.weights import CAFFE, IMAGENET
from tests.references.draw import image, sample
from tests.references.files import Golden

TOLERANCE = 1e-4  # of the output's standard deviation


def body_file(golden, folder):
    """The golden's weights without the head, which is 124 of 144 million numbers."""
    heads = ("fc", "predictions", "classifier")
    state = {n: shape for n, shape in golden.facts["state"].items() if not n.startswith(heads)}
    golden.facts["state"] = state
    return golden.write(folder)


def raw(normal, preprocessing):
    """The picture of 0 to 255 that the preprocessing turns into `normal`."""
    pixels = normal * np.array(preprocessing.std) + np.array(preprocessing.mean)
    pixels = pixels / preprocessing.scale
    return (pixels[..., ::-1] if preprocessing.channel_order == "bgr" else pixels).astype("f4")


@pytest.mark.parametrize(
    "name, preprocessing", [("keras-vgg19", CAFFE), ("torchvision-vgg19", IMAGENET)]
)
def test_features_of_raw_pictures_equal_the_references(name, preprocessing, tmp_path):
    golden = Golden.read(name)
    size = golden.sizes[-1]
    taps = [tap for tap in golden.taps(size) if tap.startswith("stage")]
    network = feature_network("vgg19", body_file(golden, tmp_path), taps)
    assert network.get_layer("preprocessing").channel_order == preprocessing.channel_order
    found = network(raw(image((2, *size, 3), seed=size[0]), preprocessing))
    for tap in taps:
        expected, shape, std = golden.expected(size, tap)
        assert tuple(found[tap].shape) == shape
        error = np.abs(sample(ops.convert_to_numpy(found[tap])) - expected).max() / std
        assert error < TOLERANCE, tap


def test_it_ends_at_the_deepest_layer_and_is_frozen():
    network = feature_network("vgg16", None, ["conv2_2", "block1_conv1", "relu3_1"])
    assert list(network.output) == ["stage2_conv2", "stage1_conv1", "stage3_conv1"]
    assert network.layers[-1].name == "stage3_conv1"
    assert not network.trainable_weights


def test_default_layers():
    vgg = feature_network("vgg19", None)
    styles = [f"stage{stage}_conv1" for stage in range(1, 6)]
    assert sorted(vgg.output) == sorted([*styles, "stage4_conv2"])  # Gatys et al. 2015
    other = default_layers(dlzoo.models.mobilenet_v2(classes=0))
    assert other.style == tuple(f"stage{n}" for n in range(1, 8))
    assert other.content == ("stage4",)


def small():
    x = picture = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    return keras.Model(picture, keras.layers.Conv2D(5, 3, padding="same", name="last")(x))


def test_a_model_of_ones_own_is_copied_and_takes_any_size():
    model = small()
    network = feature_network(model, layers=["pool", "last"])
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 8, 8, 3)).astype("f4")
    np.testing.assert_allclose(network(pixels)["last"], model(pixels), rtol=1e-5)
    assert network(np.zeros((1, 20, 12, 3)))["last"].shape == (1, 10, 6, 5)
    assert len(model.trainable_weights) == 4


def test_average_pooling():
    model = small()
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 8, 8, 3)).astype("f4")
    found = feature_network(model, layers=["first", "pool"], pooling="avg")(pixels)
    first = ops.convert_to_numpy(found["first"])
    expected = first.reshape(1, 4, 2, 4, 2, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(found["pool"], expected, rtol=1e-5, atol=1e-4)
    assert type(model.get_layer("pool")) is keras.layers.MaxPooling2D
    vgg = feature_network("vgg16", None, pooling="avg")
    kinds = {type(layer) for layer in vgg.layers if "pool" in layer.name}
    assert kinds == {keras.layers.AveragePooling2D}


def test_mixed_precision_leaves_the_preprocessing_alone():
    network = feature_network("resnet18", None, ["stage1"], dtype="mixed_bfloat16")
    found = network(np.zeros((1, 32, 32, 3), "f4"))["stage1"]
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    kinds = [layer for layer in network.layers if isinstance(layer, ImagePreprocessing)]
    assert [layer.compute_dtype for layer in kinds] == ["float32"]
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("vgg16", None, ["conv9_1"]), "names must be stages"),
        (("vgg61", None), "did you mean"),
        (("vgg16", "nowhere.h5"), "there is no file"),
        ((keras.Sequential([keras.Input((4,))]),), "model of one RGB image"),
        ((keras.Sequential(),), "nothing that is known"),
    ],
)
def test_what_it_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        feature_network(*arguments)
    with pytest.raises(ValueError, match="pooling must be one of"):
        feature_network(*arguments, pooling="min")


class Fetched:
    """In the place of the network outside."""

    def __init__(self, works):
        self.works, self.asked = works, []

    def __call__(self, weights, timeout):
        self.asked.append((weights.filename, timeout))
        if not self.works:
            raise DownloadError(f"{weights.filename}: is there a network?")


def auto(monkeypatch, works):
    fetched = Fetched(works)
    monkeypatch.setattr(networks, "fetch", fetched)
    monkeypatch.setattr(networks, "create_model", lambda name, weights, **_: (name, weights))
    return fetched, networks.open_network("auto")


def test_auto_is_vgg19(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path))
    fetched, built = auto(monkeypatch, works=True)
    assert built == ("vgg19", "imagenet_notop")  # the smaller file where none is there
    with_head = dlzoo.card("vgg19").find("imagenet")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / with_head.filename).touch()
    fetched, built = auto(monkeypatch, works=True)
    assert built == ("vgg19", "imagenet")
    assert fetched.asked == [(with_head.filename, 10.0)]
    assert not caplog.records


def test_auto_is_the_shipped_network_where_there_is_no_other(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path))
    with caplog.at_level(logging.WARNING, "dlzoo"):
        _, built = auto(monkeypatch, works=False)
    assert built == networks.SHIPPED
    (record,) = [found for found in caplog.records if found.name == "dlzoo"]
    assert "cannot be fetched; using the smaller vgg_small" in record.getMessage()
    assert "is there a network?" in record.getMessage()
