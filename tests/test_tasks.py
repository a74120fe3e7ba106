"""Which task `dlzoo.fine_tune` and `dlzoo.predict` take to be meant."""

import keras
import pytest

import dlzoo
from dlzoo import tasks
from dlzoo.data.forms import has_boxes, has_masks
from dlzoo.layers import L2Normalize
from dlzoo.layers.box_labels import BoxLabels
from dlzoo.layers.pixel_labels import PixelLabels


@pytest.fixture
def called(monkeypatch):
    """The task that was called, and its arguments."""
    seen = {}

    def remember(name):
        home = tasks._home(name)
        real = home.fine_tune

        def fine_tune(model, data, **options):
            seen.update(task=name, model=model, data=data, **options)

        fine_tune.__signature__ = __import__("inspect").signature(real)
        monkeypatch.setattr(home, "fine_tune", fine_tune)

    for name in tasks.TASKS:
        remember(name)
    return seen


@pytest.fixture
def masks(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    return tmp_path


def any_model():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, keras.layers.Conv2D(2, 1)(image))


def test_a_named_network_says_what_it_is_for(called, masks):
    dlzoo.fine_tune("resnet18", "images")
    assert called["task"] == "classification"
    assert "batch_size" not in called  # the task's own
    dlzoo.fine_tune("resnet18", "images", batch_size=4, label_smoothing=0.1)
    assert (called["batch_size"], called["label_smoothing"]) == (4, 0.1)


def test_a_network_for_classification_can_learn_faces(called):
    dlzoo.fine_tune("mobilefacenet", "people", margin=0.3)
    assert (called["task"], called["margin"]) == ("faces", 0.3)
    dlzoo.fine_tune("resnet18", "people", task="faces", loss="arcface")
    assert (called["task"], called["loss"]) == ("faces", "arcface")
    with pytest.raises(ValueError, match="mining is for faces, but this is classification"):
        dlzoo.fine_tune("resnet18", "people", mining="semi_hard")


def test_a_model_of_ones_own_does_what_the_data_are_for(called, masks):
    dlzoo.fine_tune(any_model(), masks, crop=32)
    assert (called["task"], called["crop"]) == ("segmentation", 32)
    dlzoo.fine_tune(any_model(), "images")
    assert called["task"] == "classification"
    dlzoo.fine_tune(any_model(), "images", task="segmentation")
    assert called["task"] == "segmentation"


def test_boxes_are_known_by_their_files(called, masks, tmp_path):
    boxes = [("a.png", [(1, 2, 3, 4)], ["cell"])]
    assert has_boxes(boxes)
    assert not has_masks(boxes)
    voc = tmp_path / "voc" / "Annotations"
    voc.mkdir(parents=True)
    (voc.parent / "JPEGImages").mkdir()
    assert has_masks(voc.parent)
    (voc / "a.xml").write_text("<annotation/>")
    yolo = tmp_path / "yolo" / "train"
    for part, name, text in (("images", "a.png", ""), ("labels", "a.txt", "0 .5 .5 .1 .1\n")):
        (yolo / part).mkdir(parents=True)
        (yolo / part / name).write_text(text)
    table = tmp_path / "a.csv"
    table.write_text("path,xmin,ymin,xmax,ymax,label\n")
    assert not has_boxes(table)  # there is no row
    table.write_text("path,xmin,ymin,xmax,ymax,label\na.png,1,2,3,4,cell\n")
    for data in (voc.parent, yolo.parent, table, {"train": voc.parent}):
        assert (has_boxes(data), has_masks(data)) == (True, False)
        dlzoo.fine_tune(any_model(), data)
        assert called.pop("task") == "detection"
    (voc.parent / "SegmentationClass").mkdir()
    assert has_boxes(voc.parent)
    assert has_masks(voc.parent)
    assert has_boxes("a.json")  # COCO's may be either: what the network is for decides
    assert has_masks("a.json")
    dlzoo.fine_tune("yolo", "a.json", anchors=None)
    assert called.pop("task") == "detection"
    dlzoo.fine_tune("unet", "a.json")
    assert called.pop("task") == "segmentation"
    with pytest.raises(
        ValueError, match=r"because the data are images with boxes.*'yolo' with"
    ):
        dlzoo.fine_tune("resnet18", boxes)
    with pytest.raises(ValueError, match="network for segmentation, because the data are"):
        dlzoo.fine_tune("yolo", masks)


def test_what_does_not_belong_together_is_told(called, masks):
    with pytest.raises(ValueError, match="network for segmentation, because the data"):
        dlzoo.fine_tune("mobilenet_v2", masks)
    with pytest.raises(ValueError, match="'resnet18', which is for classification"):
        dlzoo.fine_tune("resnet18", masks, task="segmentation")
    with pytest.raises(ValueError, match="task must be one of"):
        dlzoo.fine_tune("resnet18", masks, task="pose")
    with pytest.raises(ValueError, match="crop is for segmentation, but this is classific"):
        dlzoo.fine_tune("resnet18", "images", crop=32)
    with pytest.raises(TypeError, match="no argument 'epoch'"):
        dlzoo.fine_tune("resnet18", "images", epoch=3)
    assert not called


def test_a_model_says_what_it_answers():
    image = keras.Input((8, 8, 3))
    scores = keras.layers.Conv2D(2, 1, activation="softmax")(image)
    pixels = keras.Model(image, PixelLabels(["a", "b"])(scores))
    assert tasks.task_of(pixels) == "segmentation"
    assert tasks.task_of(any_model()) == "segmentation"  # an answer a pixel
    names = ("boxes", "classes", "count", "scores")
    found = {name: keras.layers.Flatten(name=name)(image) for name in names}
    boxes = keras.Model(image, BoxLabels(["a", "b"])(found))
    assert tasks.task_of(boxes) == "detection"
    vectors = keras.layers.Flatten()(image)
    assert tasks.task_of(keras.Model(image, L2Normalize()(vectors))) == "faces"
    assert (
        tasks.task_of(dlzoo.models.siamese(backbone="lenet5", input_shape=(32, 32, 1)))
        == "faces"
    )
    with pytest.raises(ValueError, match="top is for classification, but this is segment"):
        dlzoo.predict(pixels, "a.png", top=3)


def test_forms_of_data(tmp_path, masks):
    assert has_masks(masks)
    assert has_masks(str(masks))
    assert has_masks({"train": (masks / "images", masks / "masks")})
    assert has_masks({"train": [("a.jpg", "a.png")]})
    assert has_masks("annotations.json")
    assert has_masks("tfds:oxford_iiit_pet:4.0.0")
    split = tmp_path / "more"
    for name in ("images", "masks"):
        (split / "train" / name).mkdir(parents=True)
    assert has_masks(split)
    for other in ("tfds:cifar10", "nowhere", "a.csv", [("a.jpg", 3)], [], {"train": "nowhere"}):
        assert not has_masks(other)
