"""`fine_tune` on images with masks: what it learns, what it leaves, what it refuses."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

import dlzoo
from dlzoo.errors import DataError
from dlzoo.layers.pixel_labels import pixel_labels_inside
from dlzoo.segmentation import MaskReport
from dlzoo.training import Batches
from tests.segmentation.conftest import CLASSES, SIZE, draw, tiny_network

QUICK = {"epochs": (3, 4), "learning_rate": (3e-2, 1e-2), "batch_size": 4, "augment": ["flip"]}
FILES = {
    "classes.png",
    "confusion_matrix.png",
    "history.json",
    "learning_curves.png",
    "model.keras",
    "predictions.png",
    "report.json",
    "report.txt",
    "run.json",
    "worst.png",
}


def tune(data, **arguments):
    return dlzoo.fine_tune(tiny_network(None), data, **QUICK | arguments)


def without_times(history):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


@pytest.fixture(scope="module")
def tuned(shapes, tmp_path_factory):
    return tune(shapes, out=tmp_path_factory.mktemp("out") / "run")


def test_it_learns_in_two_stages(tuned):
    assert {record["stage"] for record in tuned.history} == {"head", "all layers"}
    assert tuned.report.mean_iou > 0.75
    assert tuned.report.splits["test"].classes[1].iou > 0.6
    best = max(record["val_mean_iou"] for record in tuned.history)
    assert tuned.report.splits["dev"].mean_iou == pytest.approx(best, abs=1e-3)


def test_the_folder_holds_what_was_promised(tuned):
    assert {path.name for path in tuned.folder.iterdir()} == FILES
    values = json.loads((tuned.folder / "report.json").read_text())
    assert MaskReport.from_dict(values) == tuned.report
    text = (tuned.folder / "report.txt").read_text()
    for part in ("mean IoU", "borders F1", "disc", "Worst images", "avoidable bias"):
        assert part in text
    for score in tuned.report.splits.values():
        # the first row of each picture is void
        assert np.sum(score.confusion) == score.images * (SIZE[0] - 1) * SIZE[1]


def test_the_model_takes_raw_pixels_and_carries_names_and_colours(tuned, shapes):
    model = keras.saving.load_model(tuned.folder / "model.keras")
    labels = pixel_labels_inside(model)
    assert labels.labels == CLASSES
    assert labels.resized is None
    image = np.array(Image.open(shapes / "images" / "000.png"), "float32")
    answer = keras.ops.convert_to_numpy(model(image[None], training=False))[0]
    np.testing.assert_allclose(answer.sum(axis=-1), 1, atol=1e-5)
    mask = np.array(Image.open(shapes / "masks" / "000.png"))
    assert (answer.argmax(-1) == mask)[1:].mean() > 0.85


@pytest.mark.slow
def test_interrupted_it_goes_on_to_the_same_result(tuned, shapes, tmp_path, monkeypatch):
    deal, left = Batches.__getitem__, [25]

    def interrupted(self, step):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return deal(self, step)

    monkeypatch.setattr(Batches, "__getitem__", interrupted)
    with pytest.raises(BaseException):  # noqa: B017  TensorFlow wraps the interrupt
        tune(shapes, out=tmp_path / "run")
    monkeypatch.setattr(Batches, "__getitem__", deal)
    assert (tmp_path / "run" / "checkpoint.npz").exists()
    resumed = tune(shapes, out=tmp_path / "run")
    assert without_times(resumed.history) == without_times(tuned.history)
    assert resumed.report.splits == tuned.report.splits


def test_a_run_that_has_ended_is_loaded(tuned, shapes):
    again = tune(shapes, out=tuned.folder)
    assert again.report == tuned.report
    with pytest.raises(DataError, match=r"settings\.crop: None there"):
        tune(shapes, out=tuned.folder, crop=16)


def test_images_of_several_sizes_are_brought_to_one_and_back(shapes, tmp_path):
    folder = draw(tmp_path / "large", 6, size=(48, 64), seed=1)
    for name in ("images", "masks"):
        for number in range(6):
            source = shapes / name / f"{number:03d}.png"
            (folder / name / f"x{number}.png").write_bytes(source.read_bytes())
    options = {"epochs": 1, "image_size": SIZE, "fractions": {"train": 0.8, "test": 0.2}}
    result = tune(folder, **options)
    assert result.report.settings["image_size"] == list(SIZE)
    assert pixel_labels_inside(result.model).resized == SIZE
    (found,) = dlzoo.predict(result.model, folder / "images" / "000.png")
    assert found.mask.shape == (48, 64)


@pytest.mark.slow
def test_crops_and_every_change_of_images(shapes):
    every = ["flip", "flip_vertical", "rotate", "scale", "elastic", "brightness", "contrast"]
    result = tune(shapes, crop=16, augment=every, epochs=1, class_weights="balanced")
    assert np.isfinite(result.history[0]["loss"])


@pytest.mark.slow
def test_a_network_for_grey_images(shapes):
    network = tiny_network(None, channels=1)
    result = dlzoo.fine_tune(network, shapes, **QUICK | {"epochs": 1})
    (found,) = dlzoo.predict(result.model, shapes / "images" / "000.png")
    assert found.mask.shape == SIZE


@pytest.mark.backend
def test_an_epoch_on_this_backend(shapes):
    result = tune(shapes, epochs=(1, 1), fractions={"train": 0.5, "test": 0.5})
    losses = [record["loss"] for record in result.history]
    assert losses[1] < losses[0]


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"crop": 17}, "crop must be multiples of 2"),
        ({"crop": 64}, r"at most the images' size, \(24, 32\)"),
        ({"loss": "hinge"}, "loss"),
        ({"augment": ["zoom"]}, "each name in augment must be one of"),
        ({"class_weights": {"cat": 1}}, "class_weights must be"),
        ({"backbone": "resnet18"}, "backbone and model_options must be None"),
        ({"targets": ["age"]}, "targets is for classification, but this is segmentation"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_written(
    shapes, tmp_path, arguments, match
):
    with pytest.raises(ValueError, match=match):
        tune(shapes, out=tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


def test_a_vector_is_no_map(shapes):
    image = keras.Input((24, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    with pytest.raises(ValueError, match="must end in a map"):
        dlzoo.fine_tune(keras.Model(image, x), shapes)
