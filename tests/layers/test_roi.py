"""RoIAlign and RoIPool: torchvision's numbers, and slopes against finite differences."""

from pathlib import Path

import keras
import numpy as np
import pytest

from dlzoo.layers import RoIAlign, RoIPool
from dlzoo.testing import gradient_check
from tests.models.zoo import compiled
from tests.references.files import Golden

FOLDER = Path(__file__).parents[1] / "references" / "detection"
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def golden():
    return Golden.read("roi_align", FOLDER).arrays


def run(layer, boxes, *maps):
    inputs = [keras.ops.convert_to_tensor(np.asarray(x, "float32")) for x in (boxes, *maps)]
    return keras.ops.convert_to_numpy(compiled(layer)(inputs))


@pytest.mark.parametrize(
    "aligned, sampling",
    [
        pytest.param(False, 2, marks=pytest.mark.backend),
        pytest.param(True, 0, marks=pytest.mark.backend),
        (False, 0),
        (False, 1),
        (True, 1),
        (True, 2),
    ],
)
def test_aligned_as_torchvision(golden, aligned, sampling):
    layer = RoIAlign((3, 2), (4,), sampling, aligned)
    found = run(layer, golden["boxes"], golden["features"])
    np.testing.assert_allclose(found, golden[f"{aligned}-{sampling}"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sampling", [2, 0])
def test_each_box_from_its_level(golden, sampling):
    levels = [np.random.default_rng(n).normal(size=(1, 32 >> n, 48 >> n, 2)) for n in range(3)]
    boxes = golden["many/boxes"][None]
    layer = RoIAlign(2, (4, 8, 16), sampling)
    found = run(layer, boxes, *levels)[0]
    if sampling == 2:
        np.testing.assert_allclose(found, golden["many"], rtol=1e-4, atol=1e-5)
    # 20, 56 and about 107 pixels are read from the first level, the last from the third
    for place, level in enumerate((0, 0, 0, 1)):
        alone = RoIAlign(2, (4 << level,), sampling)
        expected = run(alone, boxes[:, place : place + 1], levels[level])[0, 0]
        np.testing.assert_allclose(found[place], expected, rtol=1e-5, atol=1e-6)


def test_what_is_far_outside_is_zero():
    boxes = [[[100.0, 100.0, 120.0, 120.0], [-50.0, 0.0, -20.0, 9.0]]]
    for sampling in (0, 2):
        assert not run(RoIAlign(2, (1,), sampling), boxes, np.ones((1, 9, 9, 3))).any()
    assert not run(RoIPool(2, 1), boxes, np.ones((1, 9, 9, 3))).any()


def pooled(boxes, features, size, stride):
    """Girshick's pooling, one number after the other."""
    batch, height, width, channels = features.shape
    found = np.zeros((batch, boxes.shape[1], *size, channels), features.dtype)
    for image, place, row, column in np.ndindex(*found.shape[:4]):
        box = boxes[image, place] / np.float32(stride)
        x1, y1, x2, y2 = np.trunc(box + np.copysign(0.5, box))  # half away from zero
        window = []
        for low, high, at, bins, side in (
            (y1, y2, row, size[0], height),
            (x1, x2, column, size[1], width),
        ):
            length = np.float32(max(high - low + 1, 1)) / np.float32(bins)
            begin = np.clip(np.floor(at * length) + low, 0, side)
            end = np.clip(np.ceil((at + 1) * length) + low, 0, side)
            window.append(slice(int(begin), int(end)))
        seen = features[image][tuple(window)].reshape(-1, channels)
        if len(seen):
            found[image, place, row, column] = seen.max(axis=0)
    return found


@pytest.mark.parametrize(
    "size", [pytest.param((2, 3), marks=pytest.mark.backend), (7, 7)], ids=str
)
def test_pooled_as_it_is_documented(size):
    low = RNG.uniform(-20, 60, (2, 20, 2))
    boxes = np.concatenate([low, low + RNG.uniform(-3, 60, (2, 20, 2))], -1)
    boxes[:, :3] = [[0, 0, 88, 72], [2, 6, 10, 14], [30, 30, 30, 30]]  # halves, and a point
    boxes = boxes.astype("float32")
    features = RNG.normal(size=(2, 18, 22, 3)).astype("float32")
    found = run(RoIPool(size, 4), boxes, features)
    np.testing.assert_array_equal(found, pooled(boxes, features, size, 4))


@keras.saving.register_keras_serializable("tests")
class OnBoxes(keras.layers.Layer):
    """A layer of boxes and a map as one of the map alone."""

    def __init__(self, kind, options, boxes, **kwargs):
        super().__init__(**kwargs)
        self.kind, self.options, self.boxes = kind, options, boxes
        self.inner = {"RoIAlign": RoIAlign, "RoIPool": RoIPool}[kind](
            **options, dtype=self.dtype_policy
        )

    def build(self, input_shape):
        pass

    def call(self, x):
        boxes = keras.ops.convert_to_tensor(self.boxes, "float32")
        return self.inner([keras.ops.broadcast_to(boxes, (x.shape[0], *boxes.shape)), x])

    def get_config(self):
        own = {"kind": self.kind, "options": self.options, "boxes": self.boxes}
        return super().get_config() | own


@pytest.mark.parametrize(
    "kind, options",
    [
        ("RoIAlign", {"size": 2, "strides": (2,), "sampling": 2}),
        ("RoIAlign", {"size": 2, "strides": (2,), "sampling": 0, "aligned": True}),
        ("RoIPool", {"size": 2, "stride": 2}),
    ],
    ids=str,
)
def test_slopes(kind, options):
    boxes = [[1.0, 2.5, 9.0, 7.0], [0.0, 0.0, 12.0, 10.0]]
    check = gradient_check(OnBoxes(kind, options, boxes), (2, 5, 6, 2))
    assert check.passed, check


def test_mixed_precision_keeps_the_boxes():
    boxes, features = [[[900.7, 3.0, 931.2, 20.0]]], RNG.normal(size=(1, 64, 256, 2))
    for kind in (lambda **kw: RoIAlign(2, (4,), **kw), lambda **kw: RoIPool(2, 4, **kw)):
        whole = run(kind(), boxes, features)
        half = kind(dtype="mixed_bfloat16")(
            [
                keras.ops.convert_to_tensor(np.asarray(boxes, "float32")),
                keras.ops.convert_to_tensor(features.astype("float32"), dtype="bfloat16"),
            ]
        )
        assert keras.backend.standardize_dtype(half.dtype) == "bfloat16"
        half = keras.ops.convert_to_numpy(keras.ops.cast(half, "float32"))
        np.testing.assert_allclose(half, whole, atol=0.03)


def test_refused():
    for strides in ((), (8, 4), (4, 4), (3,), (0,)):
        with pytest.raises(ValueError, match="RoIAlign: strides must be powers of two"):
            RoIAlign(strides=strides)
    with pytest.raises(ValueError, match="a map for each of the strides"):
        RoIAlign(strides=(4, 8))([np.zeros((1, 1, 4)), np.zeros((1, 8, 8, 1))])
    with pytest.raises(ValueError, match="RoIPool: size must be a whole number"):
        RoIPool("large")
