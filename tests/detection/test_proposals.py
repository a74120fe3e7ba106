"""Selective search, and crops with their surroundings."""

import sys

import numpy as np
import pytest

from dlzoo.detection import selective_search, warped_crops
from dlzoo.detection.boxes import iou
from dlzoo.errors import MissingExtraError


@pytest.fixture(scope="module")
def picture():
    """Two plain shapes on a noisy ground."""
    rng = np.random.default_rng(0)
    image = rng.normal(60, 4, (80, 120, 3))
    image[10:40, 20:60] = (220, 40, 40)
    image[50:75, 70:110] = (40, 200, 230)
    return image.clip(0, 255).astype("uint8")


TRUE = [[20, 10, 60, 40], [70, 50, 110, 75]]


@pytest.mark.parametrize("width", [None, 200])
def test_selective_search_proposes_what_is_there(picture, width):
    found = selective_search(picture, width=width)
    assert found.dtype == np.float32
    assert 2 <= len(found) < 500
    assert (np.asarray(iou(TRUE, found)).max(axis=-1) > 0.8).all()
    assert (found[:, :2] >= 0).all()
    assert (found[:, 2:] <= [120.01, 80.01]).all()
    np.testing.assert_array_equal(selective_search(picture, width=width), found)


def test_of_too_many_some_of_each_size(picture):
    every = selective_search(picture)
    some = selective_search(picture, most=4)
    sizes = (some[:, 2:] - some[:, :2]).prod(axis=-1)
    assert len(some) == 4
    assert (np.diff(sizes) >= 0).all()
    np.testing.assert_array_equal(some[[0, -1]], every[[0, -1]])


def test_without_opencv_the_extra_is_named(picture, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"dlzoo\[detection\]"):
        selective_search(picture)


def by_hand(image, box, side, context):
    """Nearest pixels of the enlarged box, the mean colour beyond the image."""
    factor = side / (side - 2 * context)
    x1, y1, x2, y2 = box
    places = (np.arange(side) + 0.5) / side - 0.5
    x = np.floor((x1 + x2) / 2 + places * (x2 - x1) * factor).astype(int)
    y = np.floor((y1 + y2) / 2 + places * (y2 - y1) * factor).astype(int)
    mean = image.mean(axis=(0, 1)).round()
    crop = np.empty((side, side, 3))
    for row in range(side):
        for column in range(side):
            inside = 0 <= y[row] < image.shape[0] and 0 <= x[column] < image.shape[1]
            crop[row, column] = image[y[row], x[column]] if inside else mean
    return crop


@pytest.mark.parametrize("box", [(20, 10, 60, 40), (0, 0, 120, 80), (100, -10, 130, 60)])
def test_crops_are_the_enlarged_boxes(box):
    # smooth, so that how pixels are interpolated makes no difference
    y, x = np.mgrid[:80, :120]
    image = np.stack([x * 2, y * 3, x + y], axis=-1).astype("uint8")
    (crop,) = warped_crops(image, [box], 24, context=4)
    difference = np.abs(crop - by_hand(image, box, 24, 4))
    assert np.median(difference) < 4
    assert np.quantile(difference, 0.9) < 25  # the border of the image is blurred


def test_no_boxes_and_empty_ones(picture):
    assert warped_crops(picture, np.zeros((0, 4)), 8, context=0).shape == (0, 8, 8, 3)
    assert warped_crops(picture, [[5, 5, 5, 5]], 8, context=2).shape == (1, 8, 8, 3)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: selective_search(np.zeros((8, 8, 3))), "image must be uint8"),
        (lambda: selective_search(np.zeros((8, 8), "uint8")), "image must be uint8"),
        (
            lambda: selective_search(np.zeros((8, 8, 3), "uint8"), quality="x"),
            "quality must be",
        ),
        (lambda: selective_search(np.zeros((8, 8, 3), "uint8"), most=0), "most must be"),
        (
            lambda: warped_crops(np.zeros((8, 8, 3), "uint8"), [], 8, context=4),
            "context must be less than half of side",
        ),
    ],
)
def test_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call()
