"""What only EfficientNet has: its table, images scaled inside the peer, ambiguous files."""

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.errors import WeightsError
from dlzoo.layers import MBConv
from dlzoo.models.efficientnet import SCALING, blocks
from dlzoo.weights import IMAGENET
from tests.models.zoo import answer, images
from tests.references.files import Golden, write_keras_h5

SHAPE = (64, 64, 3)

# The course's table: width, depth, resolution, parameters in 10**6, multiply-adds in 10**9.
TABLE = (
    (1.0, 1.0, 224, 5.3, 0.39),
    (1.0, 1.1, 240, 7.8, 0.70),
    (1.1, 1.2, 260, 9.2, 1.0),
    (1.2, 1.4, 300, 12, 1.8),
    (1.4, 1.8, 380, 19, 4.2),
    (1.6, 2.2, 456, 30, 9.9),
    (1.8, 2.6, 528, 43, 19),
    (2.0, 3.1, 600, 66, 37),
)


@pytest.mark.parametrize("phi", range(8))
def test_the_table_of_the_course(phi):
    width, depth, resolution, parameters, gmacs = TABLE[phi]
    scaling, card = SCALING[phi], dlzoo.card(f"efficientnet_b{phi}")
    assert scaling[:3] == (width, depth, resolution)
    assert card.input_shape == (resolution, resolution, 3)
    assert card.parameters["keras"] / 1e6 == pytest.approx(parameters, rel=0.02)
    assert card.gmacs == pytest.approx(gmacs, rel=0.05)


@pytest.mark.parametrize("phi", range(8))
def test_stages_grow_as_the_peers_do(phi):
    """Blocks and channels at the end of each stage, from torchvision 0.28 and timm 1.0.31."""
    counts = {
        0: (1, 2, 2, 3, 3, 4, 1),
        1: (2, 3, 3, 4, 4, 5, 2),
        2: (2, 3, 3, 4, 4, 5, 2),
        3: (2, 3, 3, 5, 5, 6, 2),
        4: (2, 4, 4, 6, 6, 8, 2),
        5: (3, 5, 5, 7, 7, 9, 3),
        6: (3, 6, 6, 8, 8, 11, 3),
        7: (4, 7, 7, 10, 10, 13, 4),
    }[phi]
    stages = [block.stage for block in blocks(phi)]
    assert tuple(stages.count(stage) for stage in range(1, 8)) == counts


def test_the_deeper_a_block_the_more_often_it_is_left_out():
    model = dlzoo.models.efficientnet_b0(input_shape=SHAPE, classes=0)
    keep = [layer.keep_prob for layer in model.layers if isinstance(layer, MBConv)]
    # keras.applications and torchvision: 0.2 * index / 16.
    np.testing.assert_allclose(keep, 1 - 0.2 * np.arange(16) / 16)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """keras.applications' `weights="imagenet"`, its download replaced by drawn weights, and
    the file: what is drawn are the layers; mean and "variance" are those it publishes."""
    golden = Golden.read("keras-efficientnet_b0")
    statistics = {
        "normalization/mean": np.array([0.485, 0.456, 0.406], "float32"),
        "normalization/variance": np.array([0.229, 0.224, 0.225], "float32"),
        "normalization/count": np.array(1, "int32"),
    }
    path = tmp_path_factory.mktemp("published") / "efficientnetb0.h5"
    write_keras_h5(path, statistics | golden.state())
    from keras.src.applications import efficientnet

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(efficientnet.file_utils, "get_file", lambda *_, **__: str(path))
        peer = keras.applications.EfficientNetB0(weights="imagenet", classifier_activation=None)
    return peer, path


def test_raw_pixels_as_in_keras_applications(published, monkeypatch):
    """Its scaling of images depends on the word "imagenet", and no tensor shows it."""
    peer, path = published
    monkeypatch.setattr("dlzoo.weights.fetch", lambda entry: path)
    ours = dlzoo.models.efficientnet_b0(
        "imagenet", classifier_activation=None, include_preprocessing=True
    )
    assert ours.load_report.origin == "keras"
    assert set(ours.load_report.unused) == {
        f"normalization/{name}" for name in ("mean", "variance", "count")
    }
    x = np.random.default_rng(0).uniform(0, 255, (2, 224, 224, 3)).astype("float32")
    expected = answer(peer, x)
    assert np.abs(answer(ours, x) - expected).max() < 1e-4 * expected.std()
    without_word = keras.applications.EfficientNetB0(
        weights=str(path), classifier_activation=None
    )
    assert np.abs(answer(without_word, x) - expected).max() > 0.1 * expected.std()


@pytest.mark.parametrize("name", [f"efficientnet_b{phi}" for phi in range(8)])
def test_the_card_knows_the_scaling_of_images(name):
    entry = dlzoo.card(name).find("imagenet")
    assert (entry.origin, entry.preprocessing.size) == ("keras", SCALING[int(name[-1])][2])
    found = entry.preprocessing
    assert (found.scale, found.mean, found.std) == (
        IMAGENET.scale,
        IMAGENET.mean,
        IMAGENET.std,
    )


def test_a_file_that_fits_two_origins(tmp_path):
    path = Golden.read("timm-efficientnet_b0").write(tmp_path)
    taken = dlzoo.models.efficientnet_b0(path, input_shape=SHAPE)
    asked = dlzoo.models.efficientnet_b0(path, input_shape=SHAPE, origin="tf")
    told = dlzoo.models.efficientnet_b0(path, input_shape=SHAPE, origin="torch")
    note = "The file does not tell its origin; taken as 'torch'."
    assert (taken.load_report.origin, taken.load_report.notes) == ("torch", (note,))
    assert (asked.load_report.origin, asked.load_report.notes) == ("tf", ())
    x = images(1, *SHAPE)
    np.testing.assert_array_equal(answer(taken, x), answer(told, x))
    assert np.abs(answer(taken, x) - answer(asked, x)).max() > 1e-3
    with pytest.raises(WeightsError, match="of origin 'torch' or 'tf'"):
        dlzoo.models.efficientnet_b0(path, input_shape=SHAPE, origin="keras")


def test_names_of_files_in_timm_layout_know_their_origin(tmp_path, monkeypatch):
    path = Golden.read("timm-efficientnet_b0").write(tmp_path)
    asked = []
    monkeypatch.setattr("dlzoo.weights.hub.fetch_hub", lambda url: asked.append(url) or path)
    origins = {
        name: dlzoo.models.efficientnet_b0(name, input_shape=SHAPE).load_report.origin
        for name in ("ra_in1k", "aa_in1k")
    }
    assert origins == {"ra_in1k": "torch", "aa_in1k": "tf"}
    assert asked == [
        "hf://timm/efficientnet_b0.ra_in1k",
        "hf://timm/tf_efficientnet_b0.aa_in1k",
    ]


@pytest.mark.parametrize(
    "name, origin, epsilon, momentum",
    [
        ("efficientnet_b0", "keras", 1e-3, 0.99),
        ("efficientnet_b0", "tf", 1e-3, 0.99),
        ("efficientnet_b0", "torch", 1e-5, 0.9),
        pytest.param("efficientnet_b5", "torch", 1e-3, 0.99, marks=pytest.mark.slow),
        pytest.param("efficientnet_b5", "timm", 1e-5, 0.9, marks=pytest.mark.slow),
    ],
)
def test_constants_of_the_normalisation(name, origin, epsilon, momentum):
    model = dlzoo.create_model(name, origin=origin, input_shape=(32, 32, 3))
    norms = [layer for layer in model._flatten_layers() if layer.name == "bn"]
    assert {(norm.epsilon, norm.momentum) for norm in norms} == {(epsilon, momentum)}
