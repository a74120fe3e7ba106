"""TensorFlow Datasets: its mock data, a builder of our own, and its ImageFolder."""

import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from dlzoo.data import open_boxes, open_images, open_masks, read_image
from dlzoo.data.tfds import export_tfds
from dlzoo.errors import DataError, MissingExtraError

pytest.importorskip("tensorflow")
tfds = pytest.importorskip("tensorflow_datasets")

CLASSES = ["zebra", "black/white"]


def picture(number):
    return np.full((9, 7, 3), (number, 100, 255 - number), np.uint8)


class DlzooToy(tfds.core.GeneratorBasedBuilder):
    """Twelve images, JPEG and PNG as they come; two have no label."""

    VERSION = tfds.core.Version("1.2.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "label": tfds.features.ClassLabel(names=CLASSES),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate(0, 8), "test": self._generate(8, 12)}

    def _generate(self, start, stop):
        folder = Path(self._data_dir_root, "raw")
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(start, stop):
            path = folder / f"{number}.{'png' if number % 2 else 'jpg'}"
            Image.fromarray(picture(number)).save(path)
            label = -1 if number in (0, 8) else number % 3 % 2
            yield number, {"image": str(path), "label": label}

    def _generate_examples(self):  # the splits have their own generators
        yield from ()


class DlzooMasks(tfds.core.GeneratorBasedBuilder):
    """Two images with masks that count from 0."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "segmentation_mask": tfds.features.Image(shape=(None, None, 1)),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate()}

    def _generate(self):
        for number in range(2):
            mask = np.arange(63, dtype=np.uint8).reshape(9, 7, 1) % 3 + self.first
            yield number, {"image": picture(number), "segmentation_mask": mask}

    first = 0

    def _generate_examples(self):
        yield from ()


class DlzooBoxes(tfds.core.GeneratorBasedBuilder):
    """Two images; one has two boxes, one of them difficult, the other has none."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "objects": tfds.features.Sequence(
                {
                    "bbox": tfds.features.BBoxFeature(),
                    "label": tfds.features.ClassLabel(names=CLASSES),
                    "is_difficult": np.bool_,
                }
            ),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate()}

    def _generate(self):
        for number in range(2):
            objects = [
                {
                    "bbox": tfds.features.BBox(ymin=0.0, xmin=0.0, ymax=1.0, xmax=place / 2),
                    "label": place - 1,
                    "is_difficult": place == 2,
                }
                for place in (1, 2)
            ]
            yield number, {"image": picture(number), "objects": [] if number else objects}

    def _generate_examples(self):
        yield from ()


class DlzooText(tfds.core.GeneratorBasedBuilder):
    """No image."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {"text": tfds.features.Text()}
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {}

    def _generate_examples(self):
        yield from ()


@pytest.fixture
def data_dir(tmp_path):
    """Let `tfds.builder` keep its files in a temporary folder."""
    folder = tmp_path / "tensorflow_datasets"
    builder = tfds.builder
    with mock.patch.object(
        tfds, "builder", lambda name, **more: builder(name, data_dir=folder, **more)
    ):
        yield folder


def test_a_builder_of_our_own(data_dir, tmp_path):
    folder = export_tfds("tfds:dlzoo_toy", tmp_path / "cache")
    assert folder == tmp_path / "cache" / "dlzoo_toy" / "1.2.0"
    files = sorted(path for path in folder.rglob("*.*") if path.is_file())
    assert len(files) == 10  # without the two that have no label
    assert {path.parent.name for path in files} == {"zebra", "black_white"}
    for path in files:  # the bytes are those of the source
        originals = data_dir.rglob(f"raw/*{path.suffix}")
        assert path.read_bytes() in [original.read_bytes() for original in originals]
    assert [path.name for path in folder.parent.iterdir()] == ["1.2.0"]


def test_an_export_is_made_once(data_dir, tmp_path):
    folder = export_tfds("tfds:dlzoo_toy:1.2.0", tmp_path / "cache")
    before = folder.stat().st_mtime_ns
    with mock.patch.object(DlzooToy, "download_and_prepare", side_effect=OSError):
        assert export_tfds("tfds:dlzoo_toy", tmp_path / "cache") == folder
    assert folder.stat().st_mtime_ns == before


def test_open_images(data_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path / "cache"))
    dataset = open_images("tfds:dlzoo_toy", fractions={"train": 1.0})
    assert dataset.classes == ("black_white", "zebra")
    assert {name: len(part) for name, part in dataset.splits.items()} == {
        "train": 7,
        "test": 3,
    }


@pytest.mark.parametrize("first", [0, 1])
def test_open_masks(data_dir, tmp_path, monkeypatch, first):
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(DlzooMasks, "first", np.uint8(first))
    known = {"dlzoo_masks": (1, ("pet", "background", "border"))} if first else {}
    monkeypatch.setattr("dlzoo.data.mask_tfds.KNOWN", known)
    dataset = open_masks("tfds:dlzoo_masks", fractions={"train": 1.0})
    assert dataset.classes == (known["dlzoo_masks"][1] if first else ("0", "1", "2"))
    image, mask = dataset.splits["train"].read(1)
    np.testing.assert_array_equal(image, picture(1))
    np.testing.assert_array_equal(mask, np.arange(63).reshape(9, 7) % 3)


def test_no_masks(data_dir):
    with pytest.raises(DataError, match=r"needs an image and a mask; .* has image"):
        open_masks("tfds:dlzoo_toy")


def test_open_boxes(data_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path / "cache"))
    dataset = open_boxes("tfds:dlzoo_boxes", fractions={"train": 1.0})
    assert dataset.classes == tuple(CLASSES)
    examples = dataset.splits["train"]
    held = next(place for place, boxes in enumerate(examples.boxes) if len(boxes))
    assert examples.boxes[held].tolist() == [[0, 0, 3.5, 9], [0, 0, 7, 9]]
    assert examples.labels[held].tolist() == [0, 1]
    assert examples.ignored[held].tolist() == [False, True]
    assert len(examples.boxes[1 - held]) == 0
    with pytest.raises(DataError, match=r"detection needs an image and objects with a"):
        open_boxes("tfds:dlzoo_toy")


def test_a_failure_leaves_nothing_behind(data_dir, tmp_path):
    with (
        mock.patch("dlzoo.data.tfds.image_suffix", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        export_tfds("tfds:dlzoo_toy", tmp_path / "cache")
    assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file()] == []


def test_mock_data(tmp_path):
    splits = {
        name: tfds.core.SplitInfo(name=name, shard_lengths=[20], num_bytes=0)
        for name in ("train", "test", "unsupervised")
    }
    with (
        tfds.testing.mock_data(num_examples=20),
        mock.patch.object(tfds.core.DatasetInfo, "splits", splits),
    ):
        folder = export_tfds("tfds:cifar10:3.0.2", tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train"]
    paths = list(folder.glob("train/*/*.png"))
    assert len(paths) == 20
    assert read_image(paths[0]).shape == (32, 32, 3)


def test_a_folder_in_the_layout_of_tfds_opens_as_it_is(tmp_path):
    """`tfds.folder_dataset.ImageFolder` reads the folders that dlzoo reads."""
    for split, count in (("train", 5), ("test", 1)):
        for offset, name in ((0, "a"), (50, "b")):
            place = tmp_path / "mine" / split / name
            place.mkdir(parents=True)
            for number in range(count):
                colour = offset + number + 100 * (split == "test")
                Image.fromarray(picture(colour)).save(place / f"{number}.png")
    builder = tfds.folder_dataset.ImageFolder(tmp_path / "mine")
    dataset = open_images(tmp_path / "mine")
    assert tuple(builder.info.features["label"].names) == dataset.classes
    assert len(dataset.splits["test"]) == builder.info.splits["test"].num_examples


def test_unknown_name_and_version(tmp_path):
    with pytest.raises(DataError, match="tfds:no_such_set: TensorFlow Datasets does not"):
        export_tfds("tfds:no_such_set", tmp_path)
    with pytest.raises(DataError, match=r"cannot be loaded at version 9\.9\.9"):
        export_tfds("tfds:cifar10:9.9.9", tmp_path)


def test_no_images(data_dir, tmp_path):
    with pytest.raises(DataError, match=r"needs an image and a class label; .* has text"):
        export_tfds("tfds:dlzoo_text", tmp_path)


def test_no_network(data_dir, tmp_path):
    with (
        mock.patch.object(
            DlzooToy, "download_and_prepare", side_effect=ConnectionError("no route")
        ),
        pytest.raises(DataError, match=r"cannot be downloaded \(no route\).*TFDS_DATA_DIR"),
    ):
        export_tfds("tfds:dlzoo_toy", tmp_path)
    assert list(tmp_path.rglob("*.png")) == []


def test_a_package_that_the_data_set_needs(data_dir, tmp_path):
    missing = ModuleNotFoundError("No module named 'scipy'", name="scipy")
    with (
        mock.patch.object(DlzooToy, "download_and_prepare", side_effect=missing),
        pytest.raises(MissingExtraError, match="pip install scipy"),
    ):
        export_tfds("tfds:dlzoo_toy", tmp_path)


def test_without_tensorflow_datasets(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install \"dlzoo\[datasets\]\""):
        export_tfds("tfds:cifar10", tmp_path)
