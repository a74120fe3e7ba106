"""The network that ships with dlzoo: its file, its numbers, what it knows."""

import os
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors import safe_open

import dlzoo
from dlzoo.data import read_image
from dlzoo.weights import fetch
from dlzoo.weights.labels import labels

DATA = os.environ.get("DLZOO_TEST_DATA")
GOLDEN = dict(np.load(Path(__file__).parents[1] / "references" / "vgg_small.npz"))


@pytest.fixture(scope="module")
def network():
    return dlzoo.models.vgg_small(
        "tiny_imagenet",
        input_shape=(None, None, 3),
        classifier_activation=None,
        include_preprocessing=True,
    )


def published():
    return dlzoo.card("vgg_small").find("tiny_imagenet")


def test_the_file_is_small_and_half_precision():
    path = fetch(published())
    assert path.stat().st_size < 5_000_000
    with safe_open(path, framework="numpy") as file:
        tensors = [file.get_tensor(name) for name in file.keys()]  # noqa: SIM118
        assert {str(tensor.dtype) for tensor in tensors} == {"float16"}


def test_all_of_it_is_loaded_without_a_network(network, monkeypatch):
    report = network.load_report
    assert (report.random, report.unused) == ((), ())
    assert report.origin == "dlzoo"
    assert len(report.loaded) == 24


@pytest.mark.backend
def test_outputs_are_those_of_pytorch(network):
    image = GOLDEN["image"].astype("float32")
    ends = {name: name for name in GOLDEN if name.startswith("stage")}
    found = dlzoo.features(network, list(ends))(image)
    for name, expected in [*GOLDEN.items()][1:]:
        if name == "logits":
            got = network(image, training=False)
        elif name in ends:
            got = found[name][..., ::8]
        got = keras.ops.convert_to_numpy(got)
        np.testing.assert_allclose(got, expected, atol=1e-4 * expected.std(), rtol=1e-4)


@pytest.mark.skipif(not DATA, reason="DLZOO_TEST_DATA does not name the folder with real data")
def test_it_knows_photographs(network):
    """Those of `imagenet_100` whose class is one of its 200, by the names of the classes."""
    paths = {int(p.name[:3]): p for p in Path(DATA, "imagenet_100").glob("*.jpg")}
    names = labels("tiny_imagenet")
    known = {labels("imagenet")[n]: p for n, p in paths.items()}
    known = {names.index(name): path for name, path in known.items() if name in names}
    assert len(known) >= 15
    images = np.stack([read_image(path, 64, crop_fraction=1.0) for path in known.values()])
    scores = keras.ops.convert_to_numpy(network(images.astype("float32"), training=False))
    best = np.argsort(-scores, axis=1)[:, :5]
    hits = np.mean([number in row for number, row in zip(known, best, strict=True)])
    assert hits >= 0.5  # chance: 0.025


def test_the_card_tells_where_it_comes_from():
    weights = published()
    assert re.search("Tiny ImageNet", weights.note)
    assert 30 < weights.top1 < weights.top5 < 90
    assert weights.preprocessing.size == 64
