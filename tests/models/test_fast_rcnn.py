"""Fast R-CNN: VGG's numbers on a box, its weights, saving, and a step of training."""

import functools
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import dlzoo
from dlzoo.detection import training_losses, training_network, truth
from dlzoo.detection.boxes import iou
from dlzoo.models.loading import design_of
from tests.models.zoo import count, fill, images, outputs

SMALL = {"backbone": "vgg_small", "hidden": 16, "most": 7}
BOXES = np.zeros((2, 5, 4), "float32")
BOXES[0, :3] = [[4, 4, 60, 40], [50, 10, 90, 60], [-9, 20, 130, 80]]  # the last one sticks out


def small(classes=3, input_shape=(64, 96, 3), **more):
    return dlzoo.models.fast_rcnn(None, classes, input_shape, **SMALL | more)


@functools.cache
def drawn():
    """A network that finds something; not to be changed."""
    return fill(small(score_threshold=0.0), 0.7)


def asked(boxes=BOXES, **more):
    boxes = keras.ops.convert_to_tensor(np.asarray(boxes, "float32"))
    return {"image": images(len(boxes), 64, 96, 3), "proposals": boxes} | more


def numpy(found):
    return {name: keras.ops.convert_to_numpy(value) for name, value in found.items()}


@pytest.mark.backend
def test_detections():
    model = drawn()
    found = numpy(outputs(model, asked()))
    assert {name: value.shape for name, value in found.items()} == {
        "boxes": (2, 7, 4), "scores": (2, 7), "classes": (2, 7), "count": (2,),
    }  # fmt: skip
    many = found["count"][0]
    assert many > 1
    assert (np.diff(found["scores"][0, :many]) <= 0).all()
    assert (found["boxes"] >= 0).all()
    assert (found["boxes"] <= [96, 64, 96, 64]).all()
    for label in range(3):
        same = found["boxes"][0, :many][found["classes"][0, :many] == label]
        overlap = np.asarray(iou(same, same))
        assert (overlap[~np.eye(len(same), dtype=bool)] <= 0.3 + 1e-6).all()
    assert found["count"][1] == 0  # it was told of no place
    assert (found["classes"][1] == -1).all()
    assert not found["boxes"][1].any()


@pytest.mark.parametrize("number", [0, 1])
def test_no_box_and_one(number):
    model = drawn()
    found = numpy(model(asked(BOXES[:, :number])))
    assert found["boxes"].shape == (2, 7, 4)
    assert found["count"][0] >= number
    assert found["count"][1] == 0
    fixed = small(score_threshold=0.0, proposals=4)
    fixed.set_weights(model.get_weights())
    rows = np.zeros((2, 4, 4), "float32")
    rows[:, :number] = BOXES[:, :number]
    for name, value in numpy(fixed(asked(rows))).items():  # rows of zeros change nothing
        np.testing.assert_allclose(value, found[name], rtol=1e-4, atol=1e-4)


def test_boxes_without_a_side():
    model = drawn()
    boxes = [[[20, 20, 20, 50], [60, 30, 10, 40], [5, 5, 5, 5]]]
    assert int(model(asked(boxes))["count"][0]) == 0


@pytest.mark.parametrize("layout", ["torchvision", "dlzoo"])
def test_on_a_box_around_the_image_it_sees_what_vgg_sees(tiny_vgg, layout, tmp_path):
    """Then the bins of RoI pooling are those of VGG's last pooling (section 2.3)."""
    shape = (224, 224, 3)
    vgg = fill(dlzoo.models.vgg16(input_shape=shape, classes=5, origin="torch"))
    path = tmp_path / "vgg.weights.h5"
    if layout == "dlzoo":
        vgg.save_weights(path)
    else:
        path = tmp_path / "vgg.safetensors"
        save_file(dict(as_torchvision(vgg)), path)
    options = {"classes": 3, "input_shape": shape, "origin": "torch"}
    model = dlzoo.models.fast_rcnn(path, hidden=8, **options)
    random = {name.split("/")[0] for name in model.load_report.random}
    assert random == {"class_scores", "box_steps"}
    x = images(1, 224, 224, 3)
    expected = dlzoo.features(vgg, ["fc2"])(x)["fc2"]
    around = keras.ops.convert_to_tensor([[[0.0, 0.0, 208.0, 208.0]]])
    inside = {"image": x, "proposals": around}
    found = keras.Model(model.input, model.get_layer("fc2").output)(inside)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4, atol=1e-5)
    assert np.asarray(expected).any()
    fewer = dlzoo.models.fast_rcnn(path, hidden=4, **options)
    random = {name.split("/")[0] for name in fewer.load_report.random}
    assert random == {"fc1", "fc2", "class_scores", "box_steps"}


def as_torchvision(vgg):
    """The weights of a VGG in PyTorch's order of axes, which reads a map channel by channel."""
    for ours, theirs in design_of("vgg16").layouts["torchvision"]:
        kernel, bias = map(keras.ops.convert_to_numpy, vgg.get_layer(ours).weights)
        if ours == "fc1":
            kernel = kernel.reshape(7, 7, -1, kernel.shape[-1]).transpose(3, 2, 0, 1)
            kernel = kernel.reshape(len(kernel), -1).T
        kernel = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        yield f"{theirs}.weight", np.ascontiguousarray(kernel)
        yield f"{theirs}.bias", bias


def test_the_weights_that_dlzoo_brings():
    model = dlzoo.models.fast_rcnn("tiny_imagenet", 3, (64, 64, 3), **SMALL)
    assert model.load_report.origin == "dlzoo"
    assert len(model.load_report.loaded) == 22  # eleven convolutions


@pytest.mark.backend
def test_a_training_step():
    keras.utils.set_random_seed(0)
    model = small(include_preprocessing=True)
    for name in ("class_scores", "box_steps"):  # they begin so small that nothing comes back
        model.get_layer(name).kernel.assign(100 * model.get_layer(name).kernel)
    network = training_network(model, rois=8, seed=1)
    network.compile(keras.optimizers.SGD(1e-2), loss=training_losses(model))
    true = np.asarray(truth(BOXES[:, :2] + [[[1, 2, 1, 2]]], [[2, 0], [-1, -1]]), "float32")
    x = numpy(asked(image=128 + 60 * images(2, 64, 96, 3), truth=true))
    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    assert np.isfinite(network.train_on_batch(x, {"rois": true})).all()
    for weight, old in zip(model.trainable_weights, before, strict=True):
        new = keras.ops.convert_to_numpy(weight)
        assert np.isfinite(new).all()
        assert (new != old).any(), weight.path


CHILD = """
import sys
import dlzoo, keras, numpy as np

model = keras.saving.load_model(sys.argv[1] + "/detector.keras")
x = dict(np.load(sys.argv[1] + "/asked.npz"))
found = {name: keras.ops.convert_to_numpy(value) for name, value in model(x).items()}
np.savez(sys.argv[1] + "/found.npz", **found)
"""


@pytest.mark.slow
def test_a_fresh_process_answers_the_same(tmp_path):
    model = drawn()
    model.save(tmp_path / "detector.keras")
    np.savez(tmp_path / "asked.npz", **numpy(asked()))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": keras.backend.backend()},
    )
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "found.npz")
    for name, value in numpy(model(asked())).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-5)


def test_another_number_of_classes(tmp_path):
    small().save_weights(tmp_path / "mine.weights.h5")
    report = dlzoo.load_weights(small(classes=5), tmp_path / "mine.weights.h5")
    assert {name.split("/")[0] for name in report.random} == {"class_scores", "box_steps"}


def test_another_backbone_and_sides_of_any_size():
    model = small(classes=0, backbone="resnet18", input_shape=(None, None, 3))
    found = numpy(model(asked()))
    assert found["features"].shape == (2, 5, 16)
    assert not model.get_layer("stage1_block1").conv1.bn.trainable


@pytest.mark.slow
def test_what_is_published():
    card = dlzoo.card("fast_rcnn")
    model = dlzoo.create_model("fast_rcnn", proposals=2000)
    assert card.task == "detection"
    assert count(model) == card.parameters["keras"]
    work = dlzoo.profile(model).multiply_adds / 1e9
    assert work == pytest.approx(card.gmacs, rel=1e-3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"backbone": "lenet5"}, "fast_rcnn: backbone must be one of"),
        ({"hidden": 0}, "fast_rcnn: hidden must be a whole number of at least 1"),
        ({"proposals": 0}, "fast_rcnn: proposals must be a whole number of at least 1"),
        ({"input_shape": (100, 96, 3)}, "fast_rcnn: height must be a multiple of 32"),
        ({"iou_threshold": 2}, "RoIDetections: iou_threshold must be"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
