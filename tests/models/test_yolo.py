"""The YOLO networks: OpenCV's numbers, Darknet's files, training and detecting."""

import functools
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import dlzoo
from dlzoo.detection import boxes
from dlzoo.errors import WeightsError
from dlzoo.layers import Reorg, YOLOBoxes
from dlzoo.losses import YOLOLoss
from dlzoo.models import write_darknet, yolo_detector, yolo_loss
from dlzoo.models.loading import variables
from tests.models.facts import check_work
from tests.models.zoo import answer, count, fill, images, outputs
from tests.references import darknet_peer
from tests.references.draw import image, sample
from tests.references.files import Golden

GOLDENS = Path(__file__).parents[1] / "references" / "darknet"
TOLERANCE = 1e-4  # of the output's standard deviation
NAMES = ("yolo_v2", "yolo_v2_tiny", "yolo_v3", "yolo_v3_tiny")
MARKS = {
    "yolo_v2": [pytest.mark.slow],
    "yolo_v3": [pytest.mark.slow],
    "yolo_v3_tiny": [pytest.mark.backend],
}
SMALL = {"backbone": "mobilenet_v2", "backbone_options": {"alpha": 0.35}, "width": 16}
ANCHORS = [(40, 30), (60, 60), (10, 14), (23, 20)]


def peer(name, classes=80):
    return next(each for each in darknet_peer.peers(classes) if each.name == name)


def small(**more):
    """A quick network of two scales."""
    arguments = {"classes": 3, "input_shape": (64, 96, 3), "strides": (32, 16)} | SMALL | more
    return dlzoo.models.yolo(**{"anchors": ANCHORS} | arguments)


def numpy(tensors):
    return {name: ops.convert_to_numpy(value) for name, value in tensors.items()}


def relative(corners, size):
    """Corners in pixels to centre and sides relative to the image, as Darknet has them."""
    scale = np.array([*size[::-1], *size[::-1]])
    low, high = corners[..., :2], corners[..., 2:]
    return np.concatenate([(low + high) / 2, high - low], axis=-1) / scale


@pytest.mark.parametrize("name", [pytest.param(n, marks=MARKS.get(n, ())) for n in NAMES])
def test_outputs_equal_opencv(name, tmp_path):
    golden = Golden.read(f"darknet-{name}", GOLDENS)
    reference = peer(name)
    path = darknet_peer.write(tmp_path / "drawn.weights", darknet_peer.state(reference))
    model = dlzoo.create_model(name, weights=path, input_shape=(None, None, 3))
    report = model.load_report
    assert (report.layout, report.origin, report.random) == ("darknet", "darknet", ())
    taps = list(reference.taps)
    decode = YOLOBoxes(**model.get_layer("candidates").facts)
    for size in golden.sizes:
        pixels = ops.convert_to_tensor(image((2, *size, 3), seed=size[0]))
        found = outputs(dlzoo.features(model, [*taps, "candidates"]), pixels)
        decoded = numpy(decode([found.pop("candidates"), pixels]))
        found = numpy(found) | decoded | {"boxes": relative(decoded["boxes"], size)}
        assert golden.taps(size) == sorted(found)
        for tap, value in found.items():
            expected, shape, std = golden.expected(size, tap)
            assert value.shape == shape
            got = sample(value)
            if tap == "scores":
                kept = expected != 0
                assert kept.mean() > 0.5
                got, expected = got[kept], expected[kept]
            assert np.abs(got - expected).max() < TOLERANCE * std, (size, tap)


def test_opencv_reads_what_we_write(tmp_path):
    pytest.importorskip("cv2", reason="needs the extra detection (OpenCV)")
    reference = peer("yolo_v3_tiny", classes=3)
    model = fill(dlzoo.models.yolo_v3_tiny(classes=3, input_shape=(64, 96, 3)))
    for layer in ("head_stride32", "head_stride16"):  # widths are exponentials
        model.get_layer(layer).kernel.assign(0.3 * model.get_layer(layer).kernel)
    write_darknet(model, tmp_path / "ours.weights")
    x = image((2, 64, 96, 3), seed=0)
    expected, rows = darknet_peer.ask(tmp_path, reference, tmp_path / "ours.weights", x)
    pixels = ops.convert_to_tensor(x)
    found = numpy(outputs(dlzoo.features(model, list(reference.taps)), pixels))
    for tap, value in expected.items():
        assert np.abs(found[tap] - value).max() < TOLERANCE * value.std(), tap
    decode = YOLOBoxes(**model.get_layer("candidates").facts)
    decoded = numpy(decode([outputs(model, pixels), pixels]))
    np.testing.assert_allclose(relative(decoded["boxes"], (64, 96)), rows[..., :4], rtol=1e-3)
    np.testing.assert_allclose(decoded["scores"], rows[..., 5:], atol=1e-5)


@functools.cache
def drawn(classes=3):
    """Tensors of the smallest network by their name in the reference."""
    return darknet_peer.state(peer("yolo_v3_tiny", classes))


def tiny(classes=3, **more):
    return dlzoo.models.yolo_v3_tiny(classes=classes, input_shape=(64, 64, 3), **more)


def test_a_file_comes_back_byte_by_byte(tmp_path):
    theirs = darknet_peer.write(tmp_path / "theirs.weights", drawn(), seen=7)
    model = tiny(weights=theirs)
    write_darknet(model, tmp_path / "ours.weights", seen=7)
    assert (tmp_path / "ours.weights").read_bytes() == theirs.read_bytes()
    old = darknet_peer.write(tmp_path / "old.weights", drawn(), minor=1, seen=7)
    assert old.stat().st_size == theirs.stat().st_size - 4  # `seen` had 32 bits
    again = tiny(weights=old)
    for one, two in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_files_for_other_classes_and_of_a_body_alone(tmp_path):
    path = darknet_peer.write(tmp_path / "three.weights", drawn())
    whole = tiny(weights=path)
    other = tiny(classes=5, weights=path)
    assert other.load_report.random == (
        "head_stride32/kernel", "head_stride32/bias",
        "head_stride16/kernel", "head_stride16/bias",
    )  # fmt: skip
    assert "The file's head_stride16 has 24 outputs, ours 30; ours stays random." in str(
        other.load_report
    )
    body = {name: value for name, value in drawn().items() if int(name.split(".")[0]) < 15}
    path = darknet_peer.write(tmp_path / "tiny.conv.15", body)
    started = tiny(weights=path)
    assert len(started.load_report.random) == 14  # two heads and two convolutions between
    mine, theirs = variables(started), variables(whole)
    for name in started.load_report.loaded:
        np.testing.assert_array_equal(
            ops.convert_to_numpy(mine[name]), ops.convert_to_numpy(theirs[name])
        )
    assert started.load_report.unused == ()


def test_files_that_do_not_fit(tmp_path):
    values = sum(tensor.size for tensor in drawn().values())
    path = darknet_peer.write(tmp_path / "whole.weights", drawn())
    content = path.read_bytes()
    model = tiny()
    before = model.get_weights()
    for change, found in (
        (content[:-40], f"{values - 10:,}"),
        (content[:-41], f"{values - 11:,} and 3 bytes of another"),
        (content + b"\0\0\0\0", f"{values + 1:,}"),
        (content[:20], "0"),
    ):
        path.write_bytes(change)
        with pytest.raises(
            WeightsError,
            match=rf"yolo_v3_tiny: .*must hold {values:,} values .*; found {found}\.",
        ):
            dlzoo.load_weights(model, path)
    for one, two in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(WeightsError, match=r"^resnet18: .* holds weights of another network"):
        dlzoo.models.resnet18(weights=path)
    with pytest.raises(WeightsError, match=r"^write_darknet: .*; got 'yolo'. Save it by"):
        write_darknet(small(), tmp_path / "no.weights")


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) for n in NAMES[:3]] + ["yolo_v3_tiny", "yolo"],
)
def test_what_is_published(name):
    model = dlzoo.create_model(name)
    card = dlzoo.card(name)
    assert card.task == "detection"
    assert count(model) == card.parameters[card.default_origin]
    check_work(model, name, card.default_origin)
    for weights in card.weights:
        if weights.name == "coco":  # the size of the file says how many numbers there are
            assert weights.megabytes == round(4 * model.count_params() / 2**20, 1)


def test_reorg_is_darknets():
    """Its loop, `reorg_cpu` of src/blas.c, in channels-first order."""
    channels, height, width = 8, 4, 6
    x = np.arange(channels * height * width, dtype="float32")
    expected = np.empty_like(x)
    fewer = channels // 4
    for k in range(channels):
        for j in range(height):
            for i in range(width):
                down, across = divmod(k // fewer, 2)
                there = 2 * i + across + 2 * width * (2 * j + down + 2 * height * (k % fewer))
                expected[i + width * (j + height * k)] = x[there]
    expected = expected.reshape(channels * 4, height // 2, width // 2).transpose(1, 2, 0)
    pixels = x.reshape(channels, height, width).transpose(1, 2, 0)[None]
    np.testing.assert_array_equal(ops.convert_to_numpy(Reorg(2)(pixels))[0], expected)
    with pytest.raises(ValueError, match="Reorg: sides must be multiples of 2 and channels"):
        Reorg(2)(np.zeros((1, 5, 4, 4)))


@pytest.mark.backend
def test_a_training_step():
    """Also on images without a box; all of the heads and the neck learns.

    (But gammas: where beta is 0, the next normalisation takes a scale away again.)
    """
    keras.utils.set_random_seed(0)
    plain = {"backbone": "vgg_small", "backbone_options": {}, "strides": (16, 8)}
    model = small(include_preprocessing=True, **plain)
    model.compile(keras.optimizers.SGD(1e-3), yolo_loss(model, box="giou"))
    before = {v.path: ops.convert_to_numpy(v) for v in model.trainable_variables}
    x = np.random.default_rng(0).uniform(0, 255, (4, 64, 96, 3)).astype("float32")
    y = np.zeros((4, 5, 5), "float32")
    y[..., 4] = -1
    y[0, 0] = (10, 10, 50, 40, 2)
    y[1, :2] = (30, 30, 52, 50, 1), (60, 5, 90, 60, 0)
    assert np.isfinite(model.train_on_batch(x, y))
    y[..., 4] = -1
    assert np.isfinite(model.train_on_batch(x, y))
    for variable in model.trainable_variables:
        value = ops.convert_to_numpy(variable)
        assert np.isfinite(value).all()
        if variable.path.startswith(("neck", "head")) and "gamma" not in variable.path:
            assert (value != before[variable.path]).any(), variable.path


@pytest.mark.backend
def test_a_detector(tmp_path):
    model = fill(small(include_preprocessing=True, input_shape=(None, None, 3)))
    detector = yolo_detector(model, most=20, score_threshold=0.1, candidates=30)
    x = 128 + 60 * images(2, 64, 96, 3)
    found = numpy(outputs(detector, x))
    assert {name: value.shape for name, value in found.items()} == {
        "boxes": (2, 20, 4), "scores": (2, 20), "classes": (2, 20), "count": (2,),
    }  # fmt: skip
    assert found["classes"].dtype == found["count"].dtype == "int32"
    decoded = YOLOBoxes(**model.get_layer("candidates").facts)([outputs(model, x), x])
    expected = numpy(boxes.class_wise_suppression(
        decoded["boxes"], decoded["scores"], iou_threshold=0.45, most=20, score_threshold=0.1
    ))  # fmt: skip
    assert (expected["count"] > 3).all()  # there is something to compare
    everything = numpy(outputs(yolo_detector(model, most=20, score_threshold=0.1), x))
    for name in ("scores", "classes", "count"):
        np.testing.assert_allclose(everything[name], expected[name], atol=1e-5)
    low, high = found["boxes"][..., :2], found["boxes"][..., 2:]
    assert (low >= 0).all()
    assert (high <= [96, 64]).all()
    assert (high >= low).all()
    for row in range(2):
        number = found["count"][row]
        scores = found["scores"][row]
        assert (np.diff(scores[:number]) <= 0).all()
        assert (scores[:number] > 0.1).all()
        assert (found["classes"][row, number:] == -1).all()
    detector.save(tmp_path / "detector.keras")
    again = numpy(outputs(keras.saving.load_model(tmp_path / "detector.keras"), x))
    for name, value in found.items():
        np.testing.assert_allclose(again[name], value, atol=1e-3)


def test_nothing_is_found():
    model = small()
    found = numpy(yolo_detector(model, most=4, score_threshold=1.0)(images(2, 64, 96, 3)))
    assert found["count"].tolist() == [0, 0]
    assert (found["classes"] == -1).all()
    assert not found["boxes"].any()


def test_a_backbones_weights(tmp_path):
    backbone = fill(dlzoo.models.mobilenet_v2(input_shape=(64, 96, 3), alpha=0.35))
    backbone.save_weights(tmp_path / "body.weights.h5")
    model = small(weights=tmp_path / "body.weights.h5")
    assert all(path.startswith(("neck", "head")) for path in model.load_report.random)
    theirs = variables(backbone)
    for path in model.load_report.loaded:
        np.testing.assert_array_equal(
            ops.convert_to_numpy(variables(model)[path]), ops.convert_to_numpy(theirs[path])
        )
    model.save_weights(tmp_path / "all.weights.h5")
    whole = small(weights=tmp_path / "all.weights.h5")
    assert whole.load_report.random == ()
    x = images(1, 64, 96, 3)
    np.testing.assert_array_equal(answer(whole, x), answer(model, x))
    other = small(weights=tmp_path / "all.weights.h5", classes=7)
    assert {path.split("/")[0] for path in other.load_report.random} == {
        "head_stride32", "head_stride16",
    }  # fmt: skip


def test_a_backbone_of_which_nobody_else_has_files():
    model = dlzoo.models.yolo(
        "tiny_imagenet", 2, (32, 32, 3), backbone="vgg_small", strides=(16, 8), width=8,
        anchors=[(20, 20), (9, 9)],
    )  # fmt: skip
    assert model.output_shape == (None, 4 + 16, 7)
    body = dlzoo.models.vgg_small("tiny_imagenet", 0, (32, 32, 3))
    for weight, own in zip(body.weights, model.weights, strict=False):
        np.testing.assert_array_equal(ops.convert_to_numpy(own), ops.convert_to_numpy(weight))
    unet = dlzoo.models.unet_backbone(
        "tiny_imagenet", 2, (32, 32, 3), backbone="vgg_small", decoder=(8,) * 5
    )
    assert unet.output_shape == (None, 32, 32, 2)


def test_the_body_alone():
    maps = small(classes=0).output
    assert {name: x.shape for name, x in maps.items()} == {
        "stride32": (None, 2, 3, 16), "stride16": (None, 4, 6, 16),
    }  # fmt: skip


def test_loss_of_a_network():
    loss = yolo_loss(small(), ignore=0.7)
    assert isinstance(loss, YOLOLoss)
    assert (loss.input_shape, loss.strides, loss.classes) == ((64, 96), (32, 16), 3)
    # The largest anchors are the coarsest scale's.
    assert loss.anchors == (((40, 30), (60, 60)), ((10, 14), (23, 20)))


@pytest.mark.parametrize(
    "build, words",
    [
        (lambda: small(input_shape=(64, 90, 3)),
         "yolo: width must be a multiple of 32, .*; got 90 .* Pad or resize it to 96"),
        (lambda: small(strides=(16, 32)), "yolo: strides must be some of 32, 16, 8, 4, from"),
        (lambda: small(backbone="lenet5"), "yolo: backbone must be one of"),
        (lambda: small(anchors=[(1, 2)]), "yolo: anchors must be as many for each of the 2 sc"),
        (lambda: small(width=1), "yolo: width must be a whole number of at least 2"),
        (lambda: yolo_detector(keras.Sequential([keras.Input((4,))])),
         "yolo_detector: model must be a YOLO network"),
        (lambda: yolo_detector(small(), iou_threshold=2), "iou_threshold must be between"),
    ],
)  # fmt: skip
def test_bad_arguments(build, words):
    with pytest.raises(ValueError, match=words):
        build()
