"""Equation 2 of the U-Net paper, by hand and by brute force; kept in the cache."""

from unittest import mock

import numpy as np
import pytest
from scipy import ndimage

from dlzoo.data import border_weight_maps, border_weights, open_masks
from tests.data.test_masks import ALL, folder


def by_brute_force(mask, w0, sigma):
    """Distances from every pixel to every pixel of every object."""
    parts, count = ndimage.label(mask == 1)
    places = np.stack(np.mgrid[: mask.shape[0], : mask.shape[1]], axis=-1).astype(float)
    distances = []
    for number in range(1, count + 1):
        pixels = places[parts == number]
        gaps = places[:, :, None] - pixels
        distances.append(np.sqrt((gaps**2).sum(axis=-1)).min(axis=-1))
    nearest, second = np.sort(distances, axis=0)[:2]
    border = w0 * np.exp(-((nearest + second) ** 2) / (2 * sigma**2))
    return 1 + np.where(mask == 1, 0, border)


def test_brute_force_agrees():
    noise = np.random.default_rng(0).normal(size=(40, 50))
    mask = (ndimage.gaussian_filter(noise, 2) > 0.05).astype(np.uint8)
    assert ndimage.label(mask)[1] > 5
    found = border_weights(mask, w0=7, sigma=2)
    np.testing.assert_allclose(found, by_brute_force(mask, 7, 2), rtol=1e-5)


def test_class_weights_void_and_lonely_objects():
    mask = np.zeros((5, 5), np.uint8)
    mask[2, 2], mask[0, 0] = 2, 255
    found = border_weights(mask, objects=2, class_weights=[0.5, 9.0, 3.0])
    expected = np.full((5, 5), 0.5)
    expected[2, 2], expected[0, 0] = 3.0, 0.0
    np.testing.assert_array_equal(found, expected)


def test_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DLZOO_CACHE", str(tmp_path / "cache"))
    dataset = open_masks(folder(tmp_path / "data", 3, classes=2), fractions=ALL)
    maps = border_weight_maps(dataset, "train")
    assert maps.shape == (3, 6, 8)
    _, mask = dataset.splits["train"].read(1)
    np.testing.assert_array_equal(maps[1], border_weights(mask))
    with mock.patch("dlzoo.data.border_weights.border_weights", side_effect=RuntimeError):
        np.testing.assert_array_equal(border_weight_maps(dataset, "train"), maps)
        with pytest.raises(RuntimeError):
            border_weight_maps(dataset, "train", sigma=3.0)


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match="border_weights: sigma must be between"):
        border_weights(np.zeros((2, 2)), sigma=0)
    dataset = open_masks(folder(tmp_path, 3, classes=2), fractions=ALL)
    with pytest.raises(ValueError, match="split must be one of"):
        border_weight_maps(dataset, "dev")
