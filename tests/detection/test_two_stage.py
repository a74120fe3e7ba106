"""Training a two-stage detector: one model, true boxes among its inputs."""

import keras
import numpy as np
import pytest

from dlzoo.detection import training_losses, training_network, truth
from dlzoo.layers import SampledRoIs
from tests.models.test_faster_rcnn import ON_ONE_MAP, PLAIN, small
from tests.models.zoo import images


def tensor(value):
    return keras.ops.convert_to_tensor(np.asarray(value, "float32"))


BOXES = np.zeros((2, 3, 4), "float32")
BOXES[0, :2] = [[4, 4, 40, 36], [50, 10, 90, 60]]
CLASSES = np.array([[2, 0, -1], [-1, -1, -1]])  # and an image with no box


@pytest.mark.backend
def test_one_step_on_images_with_and_without_boxes():
    keras.utils.set_random_seed(0)
    model = small(**PLAIN)
    network = training_network(model, rois=8, seed=1)
    network.compile(keras.optimizers.Adam(1e-3), loss=training_losses())
    true = keras.ops.convert_to_numpy(truth(BOXES, CLASSES))
    x = {"image": keras.ops.convert_to_numpy(images(2, 64, 96, 3)), "truth": true}
    before = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
    y = {"rpn": true, "rois": true}
    assert np.isfinite(network.train_on_batch(x, y)).all()
    changed = {
        w.path.split("/")[0]
        for w, old in zip(model.trainable_weights, before, strict=True)
        if not np.array_equal(keras.ops.convert_to_numpy(w), old)
    }
    assert {"stage1_conv1", "pyramid1", "rpn", "fc6", "class_scores", "box_steps"} <= changed


ODD = {  # the true boxes of an image of 64 x 96
    "none": [],
    "one": [[4, 4, 40, 36, 2]],
    "all without a side": [[20, 10, 20, 50, 1], [5, 5, 5, 5, 0], [30, 9, 10, 20, 1]],
    "beyond the border": [[-30, -20, 40, 90, 0], [120, 70, 140, 99, 1]],
}


def test_one_step_on_odd_images_without_a_pyramid():
    keras.utils.set_random_seed(0)
    model = small(**ON_ONE_MAP)
    network = training_network(model, rois=8, seed=1)
    found = {name: tensor.shape for name, tensor in network.output.items()}
    assert found == {"rpn": (None, 144, 10), "rois": (None, 8, 24)}
    network.compile(keras.optimizers.SGD(1e-2), loss=training_losses(model))
    true = np.full((len(ODD), 3, 5), -1, "float32")
    for place, rows in enumerate(ODD.values()):
        true[place, : len(rows)] = np.reshape(rows, (-1, 5))
    x = {"image": np.asarray(images(len(ODD), 64, 96, 3)), "truth": true}
    before = model.get_layer("fc1").get_weights()[0]
    assert np.isfinite(network.train_on_batch(x, {"rpn": true, "rois": true})).all()
    assert (model.get_layer("fc1").get_weights()[0] != before).any()
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.slow
def test_it_learns_where_one_object_is():
    keras.utils.set_random_seed(0)
    model = small(iou_threshold=0.3)
    network = training_network(model, rois=16, seed=1)
    network.compile(keras.optimizers.Adam(2e-3), loss=training_losses())
    x = np.random.default_rng(0).normal(0, 0.1, (1, 64, 96, 3)).astype("float32")
    x[0, 16:48, 30:62] += 1
    true = keras.ops.convert_to_numpy(truth([[[30.0, 16.0, 62.0, 48.0]]], [[1]]))
    y = {"rpn": true, "rois": true}
    first = float(network.train_on_batch({"image": x, "truth": true}, y)[0])
    for _ in range(40):
        last = float(network.train_on_batch({"image": x, "truth": true}, y)[0])
    assert last < first / 3
    found = model.predict(x, verbose=0)
    assert found["classes"][0, 0] == 1
    np.testing.assert_allclose(found["boxes"][0, 0], true[0, 0, :4], atol=6)


@pytest.mark.slow
def test_a_second_training_network_and_a_saved_detector(tmp_path):
    model = small(**PLAIN)
    for _ in range(2):
        network = training_network(model, rois=4)
    assert len(network.trainable_weights) == len(model.trainable_weights)
    model.save(tmp_path / "detector.keras")
    again = keras.saving.load_model(tmp_path / "detector.keras")
    assert training_network(again, rois=4).output["rois"].shape == (None, 4, 24)
    assert len(again.trainable_weights) == len(model.trainable_weights)


def test_drawn_boxes():
    proposals = np.zeros((2, 40, 4), "float32")
    proposals[0, :10] = [4, 4, 40, 35]  # on the first object
    proposals[:, 10:30] = [60, 40, 70, 50]
    layer = SampledRoIs(8, 0.25, seed=0)
    found = keras.ops.convert_to_numpy(layer([tensor(proposals), truth(BOXES, CLASSES)]))
    objects = (found[0, :, 0] < 51) & (found[0, :, 2] > 0)
    assert objects.sum() == 2  # of ten and the two true boxes themselves
    assert (found[0][~objects] == [60, 40, 70, 50]).all()
    assert (found[1] == [60, 40, 70, 50]).all()  # the true boxes that are none are not drawn
    few = keras.ops.convert_to_numpy(layer([tensor(proposals * 0), truth(BOXES, CLASSES)]))
    assert (few[0].any(axis=1).sum(), few[1].any()) == (2, False)
