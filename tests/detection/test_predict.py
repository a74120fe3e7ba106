"""Predicting: boxes in pixels of the image as it is, pictures, JSON, films."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import dlzoo
from dlzoo.data import open_boxes
from dlzoo.data.fitting import fit_scale, fitted_size
from dlzoo.detection import Detections, detect_film, to_coco
from dlzoo.detection.prediction import unfitted
from dlzoo.errors import DataError
from dlzoo.layers import BoxLabels
from dlzoo.visualize import class_colours, draw_boxes

SIZE = (32, 64)


@keras.saving.register_keras_serializable("tests")
class Bright(keras.layers.Layer):
    """Finds the box around what is brighter than 200, and one more that is unsure."""

    def call(self, images):
        ops = keras.ops
        bright = ops.cast(images[..., 0] > 200, "float32")
        sides = []
        for axis, side in ((1, 2), (2, 1)):  # columns, then rows
            line = ops.max(bright, axis=axis)
            places = ops.arange(line.shape[1], dtype="float32")
            high = ops.max(line * (places + 1), axis=1)
            low = ops.min(ops.where(line > 0, places, 1e6), axis=1)
            sides.append((low, high))
            del side
        columns, rows = sides
        box = ops.stack([columns[0], rows[0], columns[1], rows[1]], axis=-1)
        there = ops.cast(ops.max(bright, axis=(1, 2)) > 0, "int32")
        return {
            "boxes": ops.stack([ops.zeros_like(box), box], axis=1),
            "scores": ops.ones_like(box[:, :2]) * ops.convert_to_tensor([0.2, 0.9]),
            "classes": ops.ones_like(box[:, :2], dtype="int32") * [[0, 1]],
            "count": 2 * there,
        }


def detector(size=SIZE, labels=("dark", "bright")):
    image = keras.Input((*size, 3), name="image")
    x = keras.layers.Rescaling(1.0)(image)
    found = Bright()(x)
    return keras.Model(image, BoxLabels(labels, size)(found), name="bright")


def picture(height, width, box):
    image = np.full((height, width, 3), 20, "uint8")
    x1, y1, x2, y2 = box
    image[y1:y2, x1:x2] = 255
    return image


def test_boxes_are_in_pixels_of_the_image_as_it_is(tmp_path):
    model = detector()
    wide, high = picture(64, 128, (20, 10, 60, 40)), picture(128, 64, (8, 32, 40, 96))
    for array, name in ((wide, "a.png"), (high, "b.png")):
        Image.fromarray(array).save(tmp_path / name)
    for found in (
        dlzoo.predict(model, tmp_path),
        dlzoo.predict(model, [wide, high], batch_size=1),
    ):
        assert [len(one) for one in found] == [1, 1]
        np.testing.assert_allclose(found[0].boxes[0], (20, 10, 60, 40), atol=2)
        np.testing.assert_allclose(found[1].boxes[0], (8, 32, 40, 96), atol=4)
        assert found[0].names == ["bright"]
    (both,) = dlzoo.predict(model, wide, threshold=0.1)
    assert both.names == ["bright", "dark"]  # the surest first
    (none,) = dlzoo.predict(model, picture(64, 128, (0, 0, 0, 0)))
    assert str(none) == "image 1: 0 objects"


SIDES = st.integers(1, 700)


@given(size=st.tuples(SIDES, SIDES), target=st.tuples(SIDES, SIDES), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=50)
def test_fitting_and_back(size, target, seed):
    generator = np.random.default_rng(seed)
    inside = fitted_size(size, target)
    assert all(1 <= mine <= side for mine, side in zip(inside, target, strict=True))
    assert inside[0] == target[0] or inside[1] == target[1]
    low = generator.uniform(0, 0.5, (3, 2)) * size[::-1]
    high = low + generator.uniform(0, 0.5, (3, 2)) * size[::-1]
    boxes = np.concatenate([low, high], axis=1)
    scores = np.array([0.1, 0.9, 0.9], "float32")
    fitted = boxes * np.tile(fit_scale(size, target), 2)
    back, sure, numbers = unfitted((fitted, scores, np.arange(3)), size, target)
    assert numbers.tolist() == [1, 2, 0]  # the surest first, ties in their order
    assert sure[0] == sure[1] > sure[2]
    np.testing.assert_allclose(back, boxes[numbers], atol=1e-3)


def test_what_is_found_is_printed_drawn_and_read_again(tmp_path):
    image = picture(64, 128, (20, 10, 60, 40))
    Image.fromarray(image).save(tmp_path / "a.png")
    (found,) = dlzoo.predict(detector(), tmp_path / "a.png")
    assert str(found) == f"{tmp_path / 'a.png'}: 1 object: bright 1 (90%)"
    values = found.to_dict()
    assert (values["height"], values["width"]) == (64, 128)
    assert values["objects"][0]["label"] == "bright"
    found.save_picture(tmp_path / "drawn.png", image)
    drawn = np.array(Image.open(tmp_path / "drawn.png"))
    assert (drawn[25, 18:23] == class_colours(2)[1]).all(axis=-1).any()
    (tmp_path / "found.json").write_text(json.dumps(to_coco([found])))
    again = open_boxes(tmp_path / "found.json", fractions={"train": 1.0})
    assert again.classes == ("dark", "bright")
    np.testing.assert_allclose(again.splits["train"].boxes[0], found.boxes, atol=0.02)


def test_a_model_keeps_its_names(tmp_path):
    detector().save(tmp_path / "model.keras")
    found = dlzoo.predict(tmp_path / "model.keras", picture(32, 64, (4, 4, 20, 20)))
    assert found[0].labels == ("dark", "bright")


def test_drawing_at_the_border_and_in_many_colours():
    image = np.zeros((30, 40, 3), "uint8")
    drawn = draw_boxes(image, [(0, 0, 40, 30), (35, 25, 40, 30)], ["a long caption", "b"])
    assert drawn.shape == image.shape
    assert image.max() == 0
    assert len(set(class_colours(60))) == 60
    assert draw_boxes(image, []).max() == 0


def test_captions_are_whole_and_over_all_boxes():
    """Of a box in the corner the caption moves inside; no other box crosses it out."""
    image = np.zeros((60, 120, 3), "uint8")
    red, green = (255, 0, 0), (0, 255, 0)

    def plate(box):
        return (draw_boxes(image, [box], ["RBC 90%"], [red]) == red).all(-1)

    high = plate((30, 30, 60, 50))[:30]
    for corner in ((115, 30, 120, 50), (115, 58, 120, 60)):
        assert plate(corner)[: corner[1]].sum() == high.sum()
    two = draw_boxes(image, [(30, 30, 60, 50), (35, 5, 50, 55)], ["RBC 90%", ""], [red, green])
    assert ((two == red).all(-1)[18:30] == plate((30, 30, 60, 50))[18:30]).all()


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"threshold": 2}, "threshold must be between"),
        ({"batch_size": 0}, "batch_size must be a whole number"),
        ({"tile": 3}, "tile is for segmentation, but this is detection"),
    ],
)
def test_wrong_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        dlzoo.predict(detector(), np.zeros((5, 7, 3), "uint8"), **arguments)


def test_labels_are_checked():
    with pytest.raises(ValueError, match="one name a class, each another"):
        BoxLabels(["a", "a"])
    with pytest.raises(ValueError, match="must be a dict of boxes, classes, count, scores"):
        BoxLabels(["a"])(keras.Input((3,)))
    candidates = dlzoo.models.yolo_v3_tiny(
        classes=2, input_shape=(32, 32, 3), include_preprocessing=True
    )
    with pytest.raises(ValueError, match="must be a detector that answers boxes"):
        dlzoo.detection.predict(candidates, np.zeros((5, 7, 3), "uint8"))


def test_films(tmp_path):
    cv2 = pytest.importorskip("cv2")
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 32))
    for frame in range(5):
        writer.write(picture(32, 64, (4 + 4 * frame, 8, 20 + 4 * frame, 24)))
    writer.release()
    found = detect_film(detector(), path, tmp_path / "out.mp4", batch_size=2)
    assert [one.source for one in found] == [f"{path}, frame {n}" for n in range(1, 6)]
    for frame, one in enumerate(found):
        np.testing.assert_allclose(one.boxes[0][0], 4 + 4 * frame, atol=2)
    reader = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    assert int(reader.get(cv2.CAP_PROP_FRAME_COUNT)) == 5
    reader.release()
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    with pytest.raises(DataError, match=r"broken\.mp4: OpenCV cannot read this film"):
        detect_film(detector(), tmp_path / "broken.mp4")
    with pytest.raises(DataError, match="there is no such file"):
        detect_film(detector(), tmp_path / "none.mp4")


def test_a_detection_without_names():
    empty = np.zeros((0, 4), "float32")
    found = Detections("a.png", empty, empty[:, 0], empty[:, 0].astype("int32"), (), (4, 5))
    assert to_coco([found])["categories"] == []
    assert len(found) == 0
