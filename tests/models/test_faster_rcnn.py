"""Faster R-CNN: the numbers of torchvision's, its files, and what every network must do."""

from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import dlzoo
from dlzoo._boxes import decode
from dlzoo.layers.inside import sublayers
from dlzoo.models.loading import design_of
from tests.models.zoo import count, fill, images, outputs
from tests.references.draw import draw, image, sample
from tests.references.files import Golden

FOLDER = Path(__file__).parents[1] / "references" / "detection"
SMALL = {
    "backbone": "mobilenet_v2",
    "backbone_options": {"alpha": 0.35},
    "channels": 16,
    "hidden": 24,
    "proposals": 12,
    "candidates": 30,
    "sizes": (8, 16, 32, 64, 128),
    "most": 7,
}


# A backbone of few layers: quick to trace, and to compile on JAX.
PLAIN = {"backbone": "vgg_small", "backbone_options": {}}
ON_ONE_MAP = PLAIN | {
    "pyramid": False,
    "sizes": (16, 32),
}


def small(classes=3, input_shape=(64, 96, 3), **more):
    return dlzoo.models.faster_rcnn(None, classes, input_shape, **SMALL | more)


def seeded(golden):
    """The reference's tensors by name."""
    for name, shape in golden.facts["state"].items():
        scales = golden.facts["scales"]
        scale = next((scale for part, scale in scales.items() if part in name), 1.0)
        yield name, draw(name, shape, golden.facts["gain"]) * np.float32(scale)


def old_names(name):
    """torchvision's before 0.13, as in the published file."""
    name = name.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
    if name.startswith("backbone.fpn."):
        parts = name.split(".")
        del parts[4]
        name = ".".join(parts)
    return name


@pytest.fixture(scope="module")
def golden():
    return Golden.read("faster_rcnn", FOLDER)


@pytest.fixture(scope="module")
def loaded(golden, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "published.safetensors"
    save_file({old_names(name): value for name, value in seeded(golden)}, path)
    limits = golden.facts["limits"]
    model = dlzoo.models.faster_rcnn(
        path,
        golden.facts["classes"],
        (*golden.facts["size"], 3),
        proposals=limits["rpn_post_nms_top_n_test"],
        candidates=limits["rpn_pre_nms_top_n_test"],
        most=limits["box_detections_per_img"],
    )
    path.unlink()
    return model


@pytest.fixture(scope="module")
def found(golden, loaded):
    """What each part of our network answers."""
    nodes = {
        name: loaded.get_layer(name)._inbound_nodes[0].input_tensors
        for name in ("proposals", "detections")
    }
    wanted = {f"pyramid{n}": loaded.get_layer(f"pyramid{n}").output for n in range(1, 6)}
    wanted |= {f"rpn{n}": nodes["proposals"][n] for n in range(1, 6)}
    wanted |= dict(zip(("proposals", "logits", "steps"), nodes["detections"][1:], strict=True))
    probe = keras.Model(loaded.inputs, wanted | loaded.output)
    height, width = golden.facts["size"]
    x = keras.ops.convert_to_tensor(image((1, height, width, 3), seed=height))
    return {name: keras.ops.convert_to_numpy(v) for name, v in outputs(probe, x).items()}


def close(golden, name, value, tolerance=1e-3):
    """As the golden has it, within a part of its standard deviation."""
    expected, shape = golden.arrays[name], tuple(golden.arrays[f"{name}/shape"])
    assert value.size == np.prod(shape)
    value = value.reshape(shape)
    value = value if value.size < 1500 else sample(value)
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance * expected.std())


@pytest.mark.slow
def test_what_it_detects_is_what_torchvision_detects(golden, found):
    many = len(golden.arrays["scores"])
    assert found["count"] == [many]
    assert many > 5
    assert (found["classes"][0, :many] == golden.arrays["labels"] - 1).all()
    assert (found["classes"][0, many:] == -1).all()
    close(golden, "boxes", found["boxes"][0, :many])
    close(golden, "scores", found["scores"][0, :many])


@pytest.mark.slow
def test_every_part_gives_the_numbers_of_torchvision(golden, found):
    for place in range(1, 6):
        close(golden, f"pyramid{place}", found[f"pyramid{place}"], 1e-4)
        close(golden, f"objectness{place}", found[f"rpn{place}"][..., 0], 1e-4)
        close(golden, f"steps{place}", found[f"rpn{place}"][..., 1:5], 1e-4)
    many = len(golden.arrays["proposals"])
    assert many > 20
    assert not found["proposals"][0, many:].any()
    close(golden, "proposals", found["proposals"][0, :many])
    close(golden, "logits", found["logits"][0, :many])
    close(golden, "steps", found["steps"][0, :many])
    steps = found["steps"][0, :many].reshape(many, -1, 4)
    proposals = found["proposals"][0, :many, None]
    decoded = decode(steps, proposals, weights=(10.0, 10.0, 5.0, 5.0))
    close(golden, "decoded", keras.ops.convert_to_numpy(decoded))


@pytest.mark.slow
def test_epsilon_parameters_and_report(golden, loaded):
    report = loaded.load_report
    assert (report.layout, report.random, report.unused) == ("torchvision-0.12", (), ())
    norms = [x for x in sublayers(loaded) if isinstance(x, keras.layers.BatchNormalization)]
    assert len(norms) == 53
    assert {layer.epsilon for layer in norms} == {0.0}  # trap of torchvision's detector
    assert not any(layer.trainable for layer in norms)
    head = 5 * (1 + 1024)  # parameters of the last layers for a class
    published = dlzoo.card("faster_rcnn").parameters["torch"]
    assert count(loaded) == published - (90 - golden.facts["classes"]) * head


def test_both_generations_of_names():
    layouts = design_of("faster_rcnn").layouts
    new, old = (dict(layouts[name]) for name in ("torchvision", "torchvision-0.12"))
    assert new["rpn/hidden"] == "rpn.head.conv.0.0"
    assert old["rpn/hidden"] == "rpn.head.conv"
    assert new["pyramid4"] == "backbone.fpn.layer_blocks.3.0"
    assert old["pyramid1_across"] == "backbone.fpn.inner_blocks.0"


@pytest.mark.backend
def test_detections_are_in_the_image_and_in_order():
    model = fill(small(score_threshold=0.0, **PLAIN), 0.7)
    found = {
        name: keras.ops.convert_to_numpy(value)
        for name, value in outputs(model, images(2, 64, 96, 3)).items()
    }
    assert found["boxes"].shape == (2, 7, 4)
    assert found["classes"].dtype == "int32"
    for boxes, scores, classes, many in zip(
        found["boxes"], found["scores"], found["classes"], found["count"], strict=True
    ):
        assert (np.diff(scores[:many]) <= 0).all()
        assert (boxes >= 0).all()
        assert (boxes <= [96, 64, 96, 64]).all()
        assert (classes[:many] >= 0).all()
        assert (classes[:many] < 3).all()
        assert (classes[many:] == -1).all()
        assert not scores[many:].any()


def test_a_saved_one_answers_the_same(tmp_path):
    model = fill(small(score_threshold=0.0), 0.7)
    model.save(tmp_path / "detector.keras")
    again = keras.saving.load_model(tmp_path / "detector.keras")
    x = images(1, 64, 96, 3)
    before, after = model(x), again(x)
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name])
    learning = [weight.path for weight in model.trainable_weights]
    assert [weight.path for weight in again.trainable_weights] == learning  # norms are frozen
    other = small(classes=5)
    model.save_weights(tmp_path / "mine.weights.h5")
    report = dlzoo.load_weights(other, tmp_path / "mine.weights.h5")
    assert {name.split("/")[0] for name in report.random} == {"class_scores", "box_steps"}


def test_sides_of_any_size():
    model = fill(small(input_shape=(None, None, 3), score_threshold=0.0), 0.7)
    fixed = small(score_threshold=0.0)
    fixed.set_weights(model.get_weights())
    x = images(1, 64, 96, 3)
    for name, value in fixed(x).items():
        np.testing.assert_allclose(model(x)[name], value, rtol=1e-4, atol=1e-4)


def test_the_backbone_brings_its_weights(tmp_path):
    backbone = dlzoo.models.mobilenet_v2(alpha=0.35, input_shape=(64, 64, 3))
    fill(backbone).save(tmp_path / "backbone.keras")
    model = dlzoo.models.faster_rcnn(tmp_path / "backbone.keras", 3, (64, 64, 3), **SMALL)
    assert model.load_report.origin == "keras"
    assert any(name.startswith("rpn/") for name in model.load_report.random)
    kernel = model.get_layer("stem").conv.kernel
    np.testing.assert_array_equal(kernel, backbone.get_layer("stem").conv.kernel)


def test_one_class_and_none():
    assert small(classes=1).output["boxes"].shape == (None, 7, 4)
    body = small(classes=0)
    assert {name: x.shape for name, x in body.output.items()} == {
        "proposals": (None, 12, 4),
        "features": (None, 12, 24),
    }


def test_an_image_with_nothing_in_it():
    found = small(score_threshold=0.99)(images(1, 64, 96, 3))
    assert int(found["count"][0]) == 0
    assert not keras.ops.convert_to_numpy(found["boxes"]).any()


@pytest.mark.backend
def test_on_one_map_as_in_the_paper():
    model = fill(small(score_threshold=0.0, **ON_ONE_MAP), 0.7)
    rpn, pool = model.get_layer("rpn"), model.get_layer("roi_pool")
    assert (rpn.anchors, len(rpn.sizes), pool.size, pool.stride) == (6, 1, (7, 7), 16)
    assert rpn.hidden.filters == 256  # as many as the map has
    found = {
        name: keras.ops.convert_to_numpy(value)
        for name, value in outputs(model, images(2, 64, 96, 3)).items()
    }
    assert found["count"].min() > 0
    assert (found["boxes"] >= 0).all()
    assert (found["boxes"] <= [96, 64, 96, 64]).all()


def test_the_papers_network_takes_vggs_weights(tiny_vgg, tmp_path):
    vgg = fill(dlzoo.models.vgg16(input_shape=(224, 224, 3), classes=5))
    vgg.save_weights(tmp_path / "vgg.weights.h5")
    options = {"backbone": "vgg16", "pyramid": False, "hidden": 8}
    model = dlzoo.models.faster_rcnn(tmp_path / "vgg.weights.h5", 3, (64, 64, 3), **options)
    parts = {name.split("/")[0] for name in model.load_report.random}
    assert parts == {"rpn", "class_scores", "box_steps"}
    np.testing.assert_array_equal(model.get_layer("fc1").kernel, vgg.get_layer("fc1").kernel)
    assert model.get_layer("rpn").anchors == 9  # three sizes, three ratios
    model.save_weights(tmp_path / "mine.weights.h5")
    again = dlzoo.models.faster_rcnn(tmp_path / "mine.weights.h5", 3, (64, 64, 3), **options)
    assert again.load_report.random == ()
    with pytest.raises(ValueError, match="nothing is published for weights 'coco' with"):
        dlzoo.models.faster_rcnn("coco", pyramid=False)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"backbone": "lenet5"}, "faster_rcnn: backbone must be one of"),
        ({"sizes": (32, 64)}, "faster_rcnn: sizes must be given for 5 levels"),
        ({"sizes": ((8,), (9,)), "pyramid": False}, "sizes must be given for 1 level,"),
        ({"pyramid": None}, "faster_rcnn: pyramid must be one of"),
        ({"channels": 0}, "faster_rcnn: channels must be a whole number of at least 1"),
        ({"input_shape": (100, 96, 3)}, "faster_rcnn: height must be a multiple of 32"),
        ({"proposals": 0}, "Proposals: most must be a whole number of at least 1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
