"""Fast R-CNN from selective search to detections."""

import keras
import numpy as np
import pytest
from keras import layers

import dlzoo
from dlzoo.data import fit_image
from dlzoo.detection import Search, boxes, networks, predict, train_fast_rcnn
from dlzoo.detection.fast_rcnn_training import _batches
from dlzoo.detection.rcnn_detector import proposed
from tests.detection.test_rcnn import shapes

FEW = Search(width=None, most=60)


def small(side=(32, 32), **more):
    options = {"backbone": "vgg_small", "hidden": 32, "proposals": 80} | more
    return dlzoo.models.fast_rcnn(
        "tiny_imagenet", 2, (*side, 3), include_preprocessing=True, **options
    )


@pytest.mark.slow
def test_it_finds_the_shapes():
    keras.utils.set_random_seed(0)
    model = small((96, 96), hidden=256, proposals=None)
    arguments = {"learning_rate": 2e-3, "rois": 32, "search": FEW}
    history = train_fast_rcnn(model, shapes(24), epochs=10, **arguments)
    assert len(history["loss"]) == 10
    assert history["loss"][-1] < history["loss"][0] / 2
    right = 0
    for image, true, classes in shapes(8, seed=1):
        image = fit_image(image, (96, 96))
        inputs = {
            "image": image[None].astype("float32"),
            "proposals": proposed(image, FEW)[None],
        }
        found = {name: np.asarray(value)[0] for name, value in model(inputs).items()}
        sure = found["scores"] > 0.5
        if classes[0] < 0:
            right += not sure.any()
        elif sure.any():
            overlap = np.asarray(boxes.iou(found["boxes"][:1], true[:1]))
            right += bool(overlap[0, 0] > 0.6 and found["classes"][0] == classes[0])
    assert right >= 7
    (found,) = predict(model, image[:72], threshold=0.5)  # searched by itself
    assert found.size == (72, 96)
    assert not len(found.boxes)


def test_batches():
    """Each example once, and what is missing of the last batch again; boxes are mirrored."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (5, 4, 10, 3), "uint8")
    rows = np.array([[1, 0, 4, 2], [0, 0, 0, 0]], "float32")
    proposals = np.stack([rows] * 5)
    true = np.array([[1, 0, 4, 2, 7], [-1] * 5], "float32")
    found = images, proposals, np.stack([true] * 5)
    seen, mirrored = [], 0
    for x, y in _batches(found, 2, rng):
        assert y["rois"] is x["truth"]
        for place in range(2):
            flipped = x["proposals"][place, 0, 0] == 6
            image = x["image"][place, :, :: -1 if flipped else 1]
            number = (image == images).all(axis=(1, 2, 3)).argmax()
            seen.append(int(number))
            mirrored += flipped
            corners = [6, 0, 9, 2] if flipped else [1, 0, 4, 2]
            assert x["proposals"][place].tolist() == [corners, [0] * 4]
            assert x["truth"][place].tolist() == [[*corners, 7], [-1] * 5]
    assert sorted(set(seen)) == [0, 1, 2, 3, 4]
    assert len(seen) == 6
    assert 0 < mirrored < 6


@pytest.mark.parametrize(
    "change, words",
    [
        ({"examples": []}, "examples must have an image at least"),
        ({"examples": [(np.zeros((9, 9, 3), "uint8"), [[1, 1, 5, 5]], [2])]}, "below 2 for"),
        ({"epochs": 0}, "epochs must be a whole number"),
        ({"learning_rate": 0}, "learning_rate must be between"),
        ({"model": keras.Sequential([keras.Input((3,)), layers.Dense(2)])}, "model must be"),
    ],
)
def test_refuses(change, words):
    arguments = {"model": None, "examples": shapes(2)} | change
    if arguments["model"] is None:
        arguments["model"] = small(hidden=2)
    with pytest.raises(ValueError, match=f"train_fast_rcnn: .*{words}"):
        train_fast_rcnn(**arguments, search=FEW)


def test_what_needs_more_than_images():
    bare = dlzoo.models.fast_rcnn(None, 2, (32, 32, 3), backbone="vgg_small", hidden=2)
    with pytest.raises(ValueError, match="train_fast_rcnn: model must be"):
        train_fast_rcnn(bare, shapes(2))
    options = {"backbone": "vgg_small", "hidden": 2}
    with pytest.raises(ValueError, match=r"trained by dlzoo\.detection\.train_fast_rcnn"):
        networks.from_zoo("fast_rcnn", None, 2, (32, 32), 0, options)
