"""R-CNN from proposals to detections, saved and read again."""

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from dlzoo.detection import RCNN, Search, load_rcnn, train_rcnn
from dlzoo.detection.boxes import iou
from dlzoo.detection.hard_negatives import COST, train_svm
from dlzoo.errors import DataError

LABELS = ("red", "blue")
FEW = Search(width=None, most=60, context=4)


def shapes(number, seed=0):
    """Noisy images of 72 x 96 pixels, a red or a blue rectangle in each but every fourth."""
    rng = np.random.default_rng(seed)
    for index in range(number):
        image = rng.normal(70, 3, (72, 96, 3))
        boxes, classes = np.zeros((2, 4), "float32"), np.full(2, -1)
        if index % 4 != 3:
            width, height = rng.integers(20, 40, 2)
            x, y = rng.integers(0, 96 - width), rng.integers(0, 72 - height)
            label = index % 2
            image[y : y + height, x : x + width] = (
                (220, 60, 60) if label == 0 else (60, 60, 220)
            )
            boxes[0], classes[0] = (x, y, x + width, y + height), label
        yield image.clip(0, 255).astype("uint8"), boxes, classes


def colours():
    """A network by hand: how red and how blue each quarter of a crop is."""
    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 128, -1)(image)
    x = layers.Conv2D(8, 4, strides=4, activation="relu")(x)
    return keras.Model(image, x)


@pytest.fixture(scope="module")
def detector():
    return train_rcnn(shapes(12), LABELS, network=colours(), grid=8, cost=0.1, search=FEW)


def test_it_finds_the_shapes(detector):
    right = there = 0
    for image, boxes, classes in shapes(8, seed=1):
        found = detector(image)
        count = (classes >= 0).sum()
        there += count
        assert len(found["boxes"]) == count
        if count:
            overlap = np.asarray(iou(found["boxes"], boxes[:1]))
            right += overlap[0, 0] > 0.6 and found["classes"][0] == classes[0]
    assert right == there == 6


def test_answers(detector):
    image = next(shapes(1, seed=2))[0]
    found = detector(image, score_threshold=-1.0, most=3)
    assert {name: part.dtype.name for name, part in found.items()} == {
        "boxes": "float32",
        "scores": "float32",
        "classes": "int32",
    }
    assert len(found["scores"]) <= 3
    assert (np.diff(found["scores"]) <= 0).all()
    assert (found["boxes"] >= 0).all()
    assert (found["boxes"] <= [96, 72, 96, 72]).all()
    nothing = detector(image, score_threshold=1e9)
    assert [len(part) for part in nothing.values()] == [0, 0, 0]


def test_saved_and_read(detector, tmp_path):
    detector.save(tmp_path / "rcnn")
    again = load_rcnn(tmp_path / "rcnn")
    assert isinstance(again, RCNN)
    assert (again.labels, again.search) == (LABELS, FEW)
    image = next(shapes(1, seed=3))[0]
    for one, two in zip(detector(image).values(), again(image).values(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)
    assert not list(tmp_path.rglob("*.pkl"))


@pytest.mark.parametrize("name", ["rcnn.json", "rcnn.safetensors", "network.keras"])
def test_a_missing_file_is_told(detector, tmp_path, name):
    detector.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=r"load_rcnn: .* must hold"):
        load_rcnn(tmp_path)


def test_hard_negatives_stand_for_all():
    """Mining ends where training on every negative at once would."""
    from sklearn.svm import LinearSVC

    rng = np.random.default_rng(0)
    negatives = rng.normal(0, 4, (6000, 3)).astype("float32")
    positives = rng.normal([9, 0, 0], 3, (60, 3)).astype("float32")
    vector = train_svm(positives, negatives)
    whole = LinearSVC(
        C=COST, loss="hinge", intercept_scaling=10.0, class_weight={1: 2.0}, max_iter=200_000
    ).fit(np.concatenate([positives, negatives]), [1] * 60 + [0] * 6000)
    ours = negatives @ vector[:-1] + vector[-1]
    np.testing.assert_allclose(ours, whole.decision_function(negatives), atol=0.05)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"examples": []}, "examples must have an object at least"),
        ({"labels": ("red", "blue", "green")}, "'green' has no box"),
        ({"labels": ("red",)}, "a class below 1 for each box"),
        ({"network": "unet"}, "network must be one of"),
        ({"network": keras.Sequential([keras.Input((3,)), layers.Dense(2)])}, "must be a name"),
    ],
)
def test_refuses(change, words):
    arguments = {"examples": shapes(4), "labels": LABELS, "network": colours()} | change
    with pytest.raises(ValueError, match=f"train_rcnn: .*{words}"):
        train_rcnn(**arguments, search=FEW)


def bccd(numbers):
    """Images of blood cells with their boxes, of the first lines of its training list."""
    folder = Path(os.environ["DLZOO_TEST_DATA"]) / "bccd"
    labels = ("RBC", "WBC", "Platelets")
    names = (folder / "ImageSets" / "Main" / "train.txt").read_text().split()
    for name in names[numbers]:
        root = ET.parse(folder / "Annotations" / f"{name}.xml").getroot()
        boxes = [
            [
                float(item.find("bndbox").find(side).text)
                for side in ("xmin", "ymin", "xmax", "ymax")
            ]
            for item in root.iter("object")
        ]
        classes = [labels.index(item.find("name").text) for item in root.iter("object")]
        yield folder / "JPEGImages" / f"{name}.jpg", boxes, classes


@pytest.mark.slow
@pytest.mark.skipif("DLZOO_TEST_DATA" not in os.environ, reason="needs real images")
def test_white_blood_cells():
    """The large purple cell of each image, by the network that dlzoo brings."""
    detector = train_rcnn(
        bccd(slice(8)),
        ("RBC", "WBC", "Platelets"),
        network="vgg_small",
        weights="tiny_imagenet",
        side=48,
        cost=0.1,
        search=Search(width=200, most=150, context=4),
    )
    right = 0
    for path, boxes, classes in bccd(slice(8, 13)):
        found = detector(path, score_threshold=-1.0)
        cells = found["boxes"][found["classes"] == 1][:1]
        true = np.array(boxes)[np.array(classes) == 1]
        right += bool(len(cells) and np.asarray(iou(cells, true)).max() > 0.4)
    assert right >= 3
