"""Whole splits as arrays: in memory or on the fly, the same pixels."""

import numpy as np
import pytest
from PIL import Image

from dlzoo.data import decode, read_image
from dlzoo.data.dataset import Examples
from dlzoo.errors import DataError


@pytest.fixture
def paths(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(7)]
    for number, path in enumerate(paths):
        pixels = rng.integers(0, 256, (10 + number, 15, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return paths


@pytest.mark.parametrize("limit", [2**31, 0])
@pytest.mark.parametrize("workers", [None, 1, 3])
def test_both_kinds_give_the_same(paths, limit, workers):
    options = {"crop_fraction": 0.8, "interpolation": "bicubic"}
    expected = np.stack([read_image(path, (6, 8), **options) for path in paths])
    examples = Examples(tuple(paths), np.zeros(7, np.int64))
    images = decode(examples, (6, 8), memory_limit=limit, workers=workers, **options)
    assert isinstance(images, np.ndarray) == (limit > 0)
    assert len(images) == 7
    assert images.shape == (7, 6, 8, 3)
    assert images.dtype == np.uint8
    indices = [slice(None), slice(2, 6, 2), [3, 0, 3], np.arange(7) > 4, slice(0), 2, -1]
    for index in indices:
        np.testing.assert_array_equal(images[index], expected[index])


def test_the_limit_is_in_bytes(paths):
    assert isinstance(decode(paths, 4, memory_limit=7 * 4 * 4 * 3), np.ndarray)
    assert not isinstance(decode(paths, 4, memory_limit=7 * 4 * 4 * 3 - 1), np.ndarray)


@pytest.mark.parametrize("limit", [2**31, 0])
def test_a_file_that_broke_is_named(paths, limit):
    paths[4].write_bytes(b"")
    with pytest.raises(DataError, match=r"4\.png: the file is empty"):
        decode(paths, 4, memory_limit=limit)[:]


def test_wrong_size(paths):
    with pytest.raises(ValueError, match="decode: size must be"):
        decode(paths, 0)
