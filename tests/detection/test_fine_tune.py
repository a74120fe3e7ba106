"""`fine_tune` on images with boxes: what it learns, what it leaves, what it refuses."""

import json

import keras
import numpy as np
import pytest

import dlzoo
from dlzoo.data import open_boxes
from dlzoo.detection import BoxReport
from dlzoo.errors import DataError
from dlzoo.layers.box_labels import ANSWERS, box_labels_inside
from dlzoo.training import Batches
from tests.detection.conftest import CLASSES, SIZE, draw, tiny_network

pytest.importorskip("pycocotools")

QUICK = {
    "weights": None,
    "epochs": 14,
    "learning_rate": 1e-2,
    "batch_size": 4,
    "augment": ["flip"],
    "fractions": {"train": 0.7, "dev": 0.15, "test": 0.15},
}
FILES = {
    "history.json",
    "learning_curves.png",
    "model.keras",
    "precision_recall.png",
    "predictions.png",
    "report.json",
    "report.txt",
    "run.json",
    "worst.png",
}


def tune(data, **arguments):
    return dlzoo.fine_tune(tiny_network(), data, **QUICK | arguments)


def without_times(history):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


@pytest.fixture(scope="module")
def tuned(shapes, tmp_path_factory):
    return tune(shapes, out=tmp_path_factory.mktemp("out") / "run")


def test_it_learns(tuned):
    assert tuned.history[-1]["loss"] < 0.5 * tuned.history[0]["loss"]
    assert tuned.report.ap50 > 0.5
    assert {one.name for one in tuned.report.splits["test"].classes} == set(CLASSES)
    best = max(record["val_ap50"] for record in tuned.history)
    dev = tuned.report.splits["dev"]
    assert dev.voc == pytest.approx(best, abs=1e-3)
    assert dev.images == 6


def test_the_folder_holds_what_was_promised(tuned):
    assert {path.name for path in tuned.folder.iterdir()} == FILES
    values = json.loads((tuned.folder / "report.json").read_text())
    assert BoxReport.from_dict(values) == tuned.report
    text = (tuned.folder / "report.txt").read_text()
    for part in ("AP50", "VOC 2007", "square", "images a second", "avoidable bias"):
        assert part in text
    assert tuned.report.images_per_second > 0
    assert sum(score.empty for score in tuned.report.splits.values()) == 8


def test_the_model_takes_raw_pixels_and_carries_names(tuned, shapes):
    model = keras.saving.load_model(tuned.folder / "model.keras")
    labels = box_labels_inside(model)
    assert (labels.labels, labels.size) == (CLASSES, SIZE)
    assert sorted(model.output) == list(ANSWERS)
    examples = open_boxes(shapes, fractions={"train": 1.0}).splits["train"]
    found = dlzoo.predict(model, [str(path) for path in examples.paths[:8]])
    assert [one.source for one in found] == [str(path) for path in examples.paths[:8]]
    right = sum(
        len(one) == len(boxes) for one, boxes in zip(found, examples.boxes, strict=False)
    )
    assert right >= 4
    assert len(found[4]) <= 1  # nothing is there


@pytest.mark.slow
def test_interrupted_it_goes_on_to_the_same_result(shapes, tmp_path, monkeypatch):
    every = {"epochs": 3, "augment": True}
    whole = tune(shapes, out=tmp_path / "whole", **every)
    deal, left = Batches.__getitem__, [12]

    def interrupted(self, step):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return deal(self, step)

    monkeypatch.setattr(Batches, "__getitem__", interrupted)
    with pytest.raises(BaseException):  # noqa: B017  TensorFlow wraps the interrupt
        tune(shapes, out=tmp_path / "run", **every)
    monkeypatch.setattr(Batches, "__getitem__", deal)
    assert (tmp_path / "run" / "checkpoint.npz").exists()
    resumed = tune(shapes, out=tmp_path / "run", **every)
    assert without_times(resumed.history) == without_times(whole.history)
    assert resumed.report.splits == whole.report.splits


def test_a_run_that_has_ended_is_loaded(tuned, shapes):
    again = tune(shapes, out=tuned.folder)
    assert again.report == tuned.report
    with pytest.raises(DataError, match=r"settings\.epochs: 14 there"):
        tune(shapes, out=tuned.folder, epochs=3)


@pytest.mark.slow
def test_yolo_on_a_backbone_that_has_learnt_something(shapes):
    body = dlzoo.models.mobilenet_v2(classes=0, input_shape=(64, 64, 3), alpha=0.35)
    weights = shapes.parent / "body.weights.h5"
    body.save_weights(weights)
    result = dlzoo.fine_tune(
        "yolo",
        shapes,
        backbone="mobilenet_v2",
        model_options={"backbone_options": {"alpha": 0.35}, "width": 16, "strides": [16, 8]},
        anchors=[(10, 10), (14, 14), (20, 10), (24, 24)],
        weights=weights,
        image_size=64,
        epochs=1,
        unfreeze="head",
    )
    assert [record["stage"] for record in result.history] == ["head"]
    assert np.isfinite(result.history[-1]["val_loss"])
    (found,) = dlzoo.predict(result.model, shapes.parent / "000.png", threshold=0.0)
    assert (found.boxes[:, 2] <= SIZE[1]).all()
    assert found.size == SIZE


@pytest.mark.slow
def test_two_stages_are_trained_and_answer(shapes):
    network = dlzoo.models.faster_rcnn(
        classes=2,
        input_shape=(64, 64, 3),
        backbone="vgg_small",  # few layers: quick to trace
        channels=16,
        hidden=16,
        proposals=20,
        candidates=50,
        sizes=(8, 16, 24, 32, 48),
        include_preprocessing=True,
    )
    few = {"train": 0.8, "dev": 0.2}
    result = dlzoo.fine_tune(network, shapes, **QUICK | {"epochs": 2, "fractions": few})
    losses = [record["loss"] for record in result.history]
    assert losses[1] < losses[0]
    assert {"rpn_loss", "rois_loss", "val_ap50"} <= set(result.history[0])
    (found,) = dlzoo.predict(result.model, shapes.parent / "000.png", threshold=0.0)
    assert found.size == SIZE


@pytest.mark.backend
def test_an_epoch_on_this_backend(shapes):
    few = open_boxes(shapes, fractions={"train": 0.85, "dev": 0.15})
    result = dlzoo.fine_tune(tiny_network(), few, **QUICK | {"epochs": 2, "fractions": None})
    losses = [record["loss"] for record in result.history]
    assert losses[1] < losses[0]
    (found,) = dlzoo.predict(result.model, shapes.parent / "000.png", threshold=0.0)
    assert found.labels == CLASSES


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"augment": ["zoom"]}, "each name in augment must be one of"),
        ({"class_weights": "balanced"}, "class_weights must be None"),
        ({"backbone": "resnet18"}, "backbone and model_options must be None"),
        ({"image_size": 96}, r"what 'tiny' was built for, \(48, 64\); got \(96, 96\)"),
        ({"targets": ["age"]}, "targets is for classification, but this is detection"),
        ({"on_bad_box": "mend"}, "on_bad_box must be one of"),
        ({"classes": ["square"]}, "must be for 1 classes"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_written(
    shapes, tmp_path, arguments, match
):
    with pytest.raises(ValueError, match=match):
        tune(shapes, out=tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


def test_networks_for_other_things(shapes):
    with pytest.raises(
        ValueError, match=r"for detection, because the data are images with boxes"
    ):
        dlzoo.fine_tune("resnet18", shapes)
    image = keras.Input((24, 32, 3))
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))
    with pytest.raises(ValueError, match="must be a network that answers candidates"):
        dlzoo.fine_tune(model, shapes)


@pytest.mark.slow
def test_images_of_other_sizes_are_fitted(tmp_path):
    data = draw(tmp_path / "large", 10, size=(96, 96))
    result = tune(data, epochs=1, fractions={"train": 0.5, "test": 0.5})
    (found,) = dlzoo.predict(result.model, data.parent / "000.png", threshold=0.0)
    assert found.size == (96, 96)
    assert found.boxes.max() <= 96
