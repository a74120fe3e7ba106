"""Tiles: they cover the image once, and leave no seams."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from dlzoo.segmentation.tiling import mirrored, network_step, plan_tiles, tile_scores
from tests.segmentation.conftest import tiny_network

RNG = np.random.default_rng(0)
REACH = 10  # the receptive field of the tiny network is 19 pixels


def reader(image):
    return lambda top, bottom, left, right: image[top:bottom, left:right]


def tiled(model, image, tile, overlap, batch_size=3):
    scores = np.full((*image.shape[:2], model.output_shape[-1]), np.nan, "float32")
    tiles = plan_tiles(model, image.shape[:2], tile, overlap)
    for rows, columns, part in tile_scores(model, reader(image), tiles, batch_size):
        assert np.isnan(scores[rows, columns]).all(), "a pixel was answered twice"
        scores[rows, columns] = part
    assert not np.isnan(scores).any()
    return scores, tiles


@pytest.fixture(scope="module")
def model():
    network = tiny_network()
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(RNG.normal(0, 0.5, layer.moving_mean.shape))
    kernel = network.layers[-1].kernel
    kernel.assign(RNG.normal(size=kernel.shape))
    return network


@pytest.mark.parametrize("sides", [(150, 170), (97, 33)])
def test_tiles_answer_as_the_whole_image_does_away_from_its_borders(model, sides):
    image = RNG.integers(0, 256, (*sides, 3)).astype("uint8")
    even = image[: sides[0] // 2 * 2, : sides[1] // 2 * 2]
    whole = keras.ops.convert_to_numpy(model(even[None].astype("float32"), training=False))[0]
    scores, tiles = tiled(model, even, tile=64, overlap=REACH)
    assert len(tiles) > 2
    inside = np.s_[REACH:-REACH, REACH:-REACH]
    np.testing.assert_allclose(scores[inside], whole[inside], atol=1e-4)
    assert np.ptp(whole[inside]) > 0.1  # or anything would agree
    seams, _ = tiled(model, even, tile=64, overlap=0)
    assert np.abs(seams[inside] - whole[inside]).max() > 1e-2
    assert tiled(model, image, tile=64, overlap=REACH)[0].shape[:2] == sides


def test_what_fits_is_not_cut_and_what_is_odd_is_filled_up(model):
    tiles = plan_tiles(model, (33, 50), tile=64, overlap=16)
    assert (tiles.window, tiles.kept, len(tiles)) == ((34, 50), (34, 50), 1)


def test_a_network_of_one_size_is_moved_over_the_image():
    fixed = tiny_network(size=(32, 32))
    image = RNG.integers(0, 256, (70, 20, 3)).astype("uint8")
    _, tiles = tiled(fixed, image, tile=512, overlap=8)
    assert tiles.window == (32, 32)
    assert tiles.kept == (16, 32)


def test_valid_convolutions_have_their_own_margin():
    image = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(2, 5)(image)
    model = keras.Model(image, keras.layers.Conv2D(2, 5)(x))
    picture = RNG.integers(0, 256, (60, 41, 1)).astype("uint8")
    scores, tiles = tiled(model, picture, tile=32, overlap=8)
    assert (tiles.window, tiles.kept, tiles.margin) == ((32, 32), (24, 24), (4, 4))
    by_hand = np.pad(picture, [(4, 4), (4, 4), (0, 0)], mode="reflect").astype("float32")
    whole = keras.ops.convert_to_numpy(model(by_hand[None]))[0]
    np.testing.assert_allclose(scores, whole, rtol=1e-4, atol=1e-2)


def test_the_mirror_is_numpys_however_far_it_goes():
    image = RNG.integers(0, 256, (5, 7, 2))
    got = mirrored(reader(image), (5, 7), ((-9, 12), (-3, 20)))
    want = np.pad(image, [(9, 7), (3, 13), (0, 0)], mode="reflect")
    np.testing.assert_array_equal(got, want)
    line = mirrored(reader(image[:1]), (1, 7), ((-2, 3), (0, 7)))
    np.testing.assert_array_equal(line, np.repeat(image[:1], 5, axis=0))


def test_the_step_of_networks(model):
    assert network_step(model) == 2
    assert network_step(tiny_network(size=(32, 32))) == 1


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"tile": 0}, "tile must be a whole number of at least 1"),
        ({"overlap": -1}, "overlap must be a whole number of at least 0"),
    ],
)
def test_wrong_tiles(model, arguments, match):
    with pytest.raises(ValueError, match=match):
        plan_tiles(model, (900, 900), **arguments)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_hundred_million_pixels_in_two_gibibytes(tmp_path):
    """Peak memory of a process that segments 10,000 x 10,000 pixels, Keras included."""
    code = """
import sys
import numpy as np, keras
from PIL import Image
import dlzoo
from dlzoo.layers import ImagePreprocessing
from dlzoo.layers.pixel_labels import PixelLabels

image = keras.Input((None, None, 3))
x = ImagePreprocessing(1 / 255, (0, 0, 0), (1, 1, 1))(image)
x = keras.layers.AveragePooling2D(8)(x)
x = keras.layers.UpSampling2D(8)(x)
model = keras.Model(image, PixelLabels(["red", "green", "blue"])(x))

small = np.zeros((10, 10, 3), np.uint8)
small[np.arange(100) // 10, np.arange(100) % 10, np.arange(100) % 3] = 200
path = sys.argv[1]
Image.fromarray(small).resize((10_000, 10_000), Image.Resampling.NEAREST).save(path)
(found,) = dlzoo.predict(model, path)
# Not ru_maxrss, which a process inherits from the one that started it.
print(next(line.split()[1] for line in open("/proc/self/status") if "VmHWM" in line))
want = np.repeat(np.repeat(small.argmax(-1), 100, 0), 100, 1)
print((found.mask[5::10, 5::10] == want).mean(), found.pixels)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "large.jpg")],
        capture_output=True,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    peak, right = done.stdout.splitlines()
    assert float(right.split()[0]) > 0.999
    assert int(peak) < 2 * 2**20  # KiB; 1.3 GiB when this was written, 0.7 of it TensorFlow
