"""`weights="imagenet"`: from the card through a download to the network.

The addresses of a card are led to a server on this machine.
"""

import dataclasses
import hashlib

import numpy as np
import pytest

import dlzoo
from dlzoo.errors import DownloadError, WeightsError
from dlzoo.weights import catalogue, hub
from tests.models.zoo import answer, images
from tests.references.files import Golden
from tests.weights.server import serving

SHAPE = (64, 64, 3)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("DLZOO_CACHE", str(folder))
    return folder


@pytest.fixture
def published(monkeypatch):
    """Change the entry of a card: `published(name, origin, url=..., ...)`."""

    def change(name, origin, which="imagenet", options=None, **facts):
        card = dlzoo.card(name)
        entry = card.find(which, origin, **options or {})
        weights = tuple(
            dataclasses.replace(other, **facts) if other is entry else other
            for other in card.weights
        )
        changed = dataclasses.replace(card, weights=weights)
        monkeypatch.setitem(catalogue._BY_NAME, name, changed)
        return entry

    return change


@pytest.fixture
def resnet18_file(tmp_path):
    return Golden.read("torchvision-resnet18").write(tmp_path)


def test_a_name_is_downloaded_once_and_checked(published, resnet18_file, cache):
    content = resnet18_file.read_bytes()
    sha = hashlib.sha256(content).hexdigest()
    with serving(content) as site:
        entry = published("resnet18", "torch", url=site.url, hash=f"sha256:{sha[:8]}")
        models = [dlzoo.models.resnet18("imagenet", input_shape=SHAPE) for _ in range(2)]
        again = dlzoo.models.resnet18(input_shape=SHAPE)
        report = dlzoo.load_weights(again, "imagenet")
        assert site.asked == [None]
    assert (cache / "weights" / entry.filename).read_bytes() == content
    x = images(1, *SHAPE)
    same = dlzoo.models.resnet18(resnet18_file, input_shape=SHAPE)
    for model in (*models, again):
        np.testing.assert_array_equal(answer(model, x), answer(same, x))
    assert report == models[0].load_report
    assert (report.source, report.origin, report.notes) == ("imagenet", "torch", ())


def test_a_damaged_download_leaves_nothing(published, resnet18_file, cache):
    with serving(resnet18_file.read_bytes()[:-1]) as site:
        published("resnet18", "torch", url=site.url)
        with pytest.raises(DownloadError, match=r"not what was published: it has sha256"):
            dlzoo.models.resnet18("imagenet", input_shape=SHAPE)
    assert not [path for path in (cache / "weights").iterdir() if path.suffix == ".pth"]


def test_the_options_of_a_model_choose_the_file(published, tmp_path):
    """`load_weights` must look for the file of this alpha, not of the usual one."""
    golden = Golden.read("keras-mobilenet_v2-alpha0.35")
    content = golden.write(tmp_path).read_bytes()
    with serving(content) as site:
        published("mobilenet_v2", "keras", options={"alpha": 0.35}, url=site.url)
        built = dlzoo.models.mobilenet_v2("imagenet", input_shape=SHAPE, alpha=0.35)
        model = dlzoo.models.mobilenet_v2(input_shape=SHAPE, alpha=0.35)
        report = dlzoo.load_weights(model, "imagenet")
        assert site.asked == [None]
    assert (report.origin, report.random) == ("keras", ())
    x = images(1, *SHAPE)
    np.testing.assert_array_equal(answer(model, x), answer(built, x))


def test_the_card_brings_its_preprocessing(published, tmp_path):
    """Two files of one network may want their images differently."""
    path = Golden.read("torchvision-resnet50").write(tmp_path)
    with serving(path.read_bytes()) as site:
        published("resnet50", "torch", url=site.url, hash=None, megabytes=None)
        model = dlzoo.models.resnet50(
            "imagenet", input_shape=SHAPE, origin="torch", include_preprocessing=True
        )
    layer = model.get_layer("preprocessing")
    assert (layer.mean, layer.channel_order) == ((0.485, 0.456, 0.406), "rgb")
    keras_like = dlzoo.models.resnet50(input_shape=SHAPE, include_preprocessing=True)
    assert keras_like.get_layer("preprocessing").channel_order == "bgr"


def test_names_that_live_on_the_hub(monkeypatch, tmp_path):
    golden = Golden.read("timm-mobilenet_v2-alpha0.5")
    path = golden.write(tmp_path)
    asked = []
    monkeypatch.setattr(hub, "fetch_hub", lambda address: asked.append(address) or path)
    monkeypatch.setattr("dlzoo.weights.fetch_hub", hub.fetch_hub)
    by_name = dlzoo.models.mobilenet_v2("lamb_in1k", input_shape=SHAPE, alpha=0.5)
    by_address = dlzoo.models.mobilenet_v2("hf://me/mine", input_shape=SHAPE, alpha=0.5)
    assert asked == ["hf://timm/mobilenetv2_050.lamb_in1k", "hf://me/mine"]
    assert by_name.load_report.origin == by_address.load_report.origin == "torch"
    x = images(1, *SHAPE)
    np.testing.assert_array_equal(answer(by_name, x), answer(by_address, x))


def test_without_a_network_the_error_says_what_to_do(published, cache):
    entry = published("resnet18", "torch", url="http://127.0.0.1:9/resnet18-f37072fd.pth")
    with pytest.raises(DownloadError) as caught:
        dlzoo.models.resnet18("imagenet", input_shape=SHAPE)
    message = str(caught.value)
    assert isinstance(caught.value, WeightsError)
    for words in (
        f"{entry.filename}: the server cannot be reached; is there a network?",
        "To do it by hand, download http://127.0.0.1:9/resnet18-f37072fd.pth (44.661 MiB, "
        "sha256:f37072fd)",
        f"and put it at {cache / 'weights' / entry.filename}, or pass its path as weights=.",
    ):
        assert words in message


def test_a_file_put_by_hand_is_taken(published, resnet18_file, cache):
    content = resnet18_file.read_bytes()
    sha = hashlib.sha256(content).hexdigest()
    entry = published("resnet18", "torch", url="http://127.0.0.1:9/x", hash=f"sha256:{sha}")
    (cache / "weights").mkdir(parents=True)
    (cache / "weights" / entry.filename).write_bytes(content)
    model = dlzoo.models.resnet18("imagenet", input_shape=SHAPE)
    assert model.load_report.random == ()


def test_a_folder_called_like_a_name_is_not_taken_for_the_file(
    published, tmp_path, monkeypatch
):
    """A data set called "imagenet" often lies in the working folder."""
    (tmp_path / "imagenet").mkdir()
    monkeypatch.chdir(tmp_path)
    published("resnet18", "torch", url="http://127.0.0.1:9/x")
    with pytest.raises(DownloadError, match="cannot be reached"):
        dlzoo.models.resnet18("imagenet", input_shape=SHAPE)


def test_a_home_folder_is_found(resnet18_file, monkeypatch):
    monkeypatch.setenv("HOME", str(resnet18_file.parent))
    monkeypatch.setenv("USERPROFILE", str(resnet18_file.parent))
    model = dlzoo.models.resnet18(f"~/{resnet18_file.name}", input_shape=SHAPE)
    assert model.load_report.random == ()
