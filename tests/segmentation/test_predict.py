"""`predict` and `segment`: masks, areas, files."""

import functools

import keras
import numpy as np
import pytest
from PIL import Image

import dlzoo
from dlzoo.layers import BilinearUpsampling2D
from dlzoo.layers.pixel_labels import PixelLabels, distinct_colours
from dlzoo.segmentation import Segmentation, segment

RNG = np.random.default_rng(0)
LABELS = ("red", "green", "blue")
COLOURS = ((250, 0, 0), (0, 250, 0), (0, 0, 250))


def brightest(resized=None, channels=3):
    """Answers the brightest channel of each pixel; its step is 4."""
    image = keras.Input((None, None, channels))
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.UpSampling2D(4)(keras.layers.AveragePooling2D(4)(x))
    labels = PixelLabels(LABELS[:channels], COLOURS[:channels], resized)
    return keras.Model(image, labels(keras.layers.Softmax()(x)), name="brightest")


def blocks(rows, columns, side=4):
    """A picture of squares in one colour each, and the brightest channel of each pixel."""
    truth = RNG.integers(0, 3, (rows, columns)).astype("uint8")
    truth = truth.repeat(side, axis=0).repeat(side, axis=1)
    return (np.eye(3)[truth] * 200 + 20).astype("uint8"), truth


def test_images_of_any_size_from_anywhere(tmp_path):
    model = brightest()
    first, truth = blocks(9, 30)
    second, other = blocks(3, 2)
    Image.fromarray(first).save(tmp_path / "a.png")
    Image.fromarray(second).save(tmp_path / "b.png")
    for found in (
        dlzoo.predict(model, tmp_path, tile=32, overlap=8),
        dlzoo.predict(model, [first, second], tile=64, overlap=4, batch_size=1),
    ):
        np.testing.assert_array_equal(found[0].mask, truth)
        np.testing.assert_array_equal(found[1].mask, other)
        assert found[0].labels == LABELS
    assert [one.source for one in dlzoo.predict(model, tmp_path)] == [
        str(tmp_path / "a.png"),
        str(tmp_path / "b.png"),
    ]


def leaning():
    """Scores that depend on the neighbours to the left and on the size of the picture."""
    image = keras.Input((None, None, 3))
    x = keras.layers.AveragePooling2D(4)(keras.layers.Rescaling(1 / 255)(image))
    x = keras.layers.ZeroPadding2D(((0, 0), (1, 0)))(x)
    x = keras.layers.Cropping2D(((0, 0), (0, 1)))(x)
    x = BilinearUpsampling2D(4)(x)
    return keras.Model(image, PixelLabels(LABELS, COLOURS)(keras.layers.Softmax()(x)))


@pytest.mark.parametrize("flip, ratios", [(True, (1.0,)), (False, (0.5, 1)), (True, (2, 1))])
def test_views_are_averaged(flip, ratios):
    model, picture = leaning(), RNG.integers(0, 256, (32, 48, 3)).astype("uint8")

    def seen(x, ratio):
        size = [round(side * ratio) for side in x.shape[:2]]
        resize = functools.partial(keras.ops.image.resize, antialias=True)
        image = resize(x[None].astype("float32"), size)
        return keras.ops.convert_to_numpy(resize(model(image), x.shape[:2]))[0]

    expected = sum(seen(picture, ratio) for ratio in ratios)
    if flip:
        expected = expected + sum(seen(picture[:, ::-1], ratio)[:, ::-1] for ratio in ratios)
    (alone,) = dlzoo.predict(model, [picture])
    (found,) = dlzoo.predict(model, [picture], flip=flip, ratios=ratios)
    np.testing.assert_array_equal(found.mask, expected.argmax(axis=-1))
    assert (found.mask != alone.mask).any()
    (tiled,) = dlzoo.predict(model, [picture], flip=True, tile=32, overlap=12)
    (whole,) = dlzoo.predict(model, [picture], flip=True)
    inside = (slice(12, -12),) * 2  # at the border one sees its mirror image, one zeros
    np.testing.assert_array_equal(tiled.mask[inside], whole.mask[inside])


def test_a_network_of_one_size_has_one_ratio():
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Softmax()(keras.layers.Rescaling(1 / 255)(image)))
    with pytest.raises(ValueError, match=r"takes images of \(8, 8\) only; got \[0.5\]"):
        dlzoo.segmentation.predict(model, [np.zeros((8, 8, 3), "uint8")], ratios=[0.5])


def test_an_array_that_is_mapped_from_a_file_is_read_in_windows(tmp_path):
    picture, truth = blocks(20, 20)
    np.save(tmp_path / "large.npy", picture)
    mapped = np.load(tmp_path / "large.npy", mmap_mode="r")
    (found,) = dlzoo.predict(brightest(), [mapped], tile=32, overlap=4)
    np.testing.assert_array_equal(found.mask, truth)


def test_what_was_resized_in_training_is_resized_here():
    picture, truth = blocks(8, 6, side=8)
    (found,) = dlzoo.predict(brightest(resized=(32, 24)), picture)
    assert found.mask.shape == (64, 48)
    inside = np.ones(8, bool)
    inside[[0, -1]] = False  # borders of squares are interpolated
    rows, columns = np.tile(inside, 8), np.tile(inside, 6)
    at = np.ix_(rows, columns)
    np.testing.assert_array_equal(found.mask[at], truth[at])
    (small,) = dlzoo.predict(brightest(resized=(32, 24)), picture[::4, ::4])
    assert small.mask.shape == (16, 12)


def test_images_come_one_at_a_time():
    model = brightest()
    pictures = iter([blocks(2, 2)[0] for _ in range(3)])
    assert next(segment(model, list(pictures))).source == "image 1"


@pytest.mark.parametrize("shape", [(8, 12), (8, 12, 1), (8, 12, 4)])
def test_grey_and_transparent_arrays(shape):
    picture = RNG.integers(0, 256, shape).astype("uint8")
    assert dlzoo.predict(brightest(), picture[None] if picture.ndim == 3 else picture)


def test_areas():
    mask = np.array([[0, 1, 1], [2, 1, 1]], "uint8")
    found = Segmentation("a.png", mask, LABELS, COLOURS, scale=0.5, unit="mm")
    assert found.pixels == (1, 4, 1)
    assert found.areas == {"red": 0.25, "green": 1.0, "blue": 0.25}
    assert str(found).startswith("a.png: green 66.7% (4 px, 1 mm2), red 16.7%")
    values = found.to_dict()
    assert (values["height"], values["width"], values["unit"]) == (2, 3, "mm2")
    assert values["classes"][1]["area"] == 1.0
    plain = Segmentation("a.png", mask, LABELS, COLOURS)
    assert (plain.to_dict()["unit"], plain.areas["green"]) == ("px", 4.0)


def test_files(tmp_path):
    picture, truth = blocks(4, 6)
    found = Segmentation("a.png", truth, LABELS, COLOURS)
    found.save_mask(tmp_path / "mask.png")
    with Image.open(tmp_path / "mask.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.array(image), truth)
        np.testing.assert_array_equal(np.array(image.convert("RGB")), np.array(COLOURS)[truth])
    found.save_overlay(tmp_path / "overlay.png", picture)
    overlay = np.array(Image.open(tmp_path / "overlay.png")).astype(int)
    want = (picture.astype(int) + np.array(COLOURS)[truth]) / 2
    assert np.abs(overlay - want).max() <= 1


def test_a_model_without_names_numbers_its_classes():
    image = keras.Input((None, None, 3))
    model = keras.Model(
        image, keras.layers.Conv2D(4, 1)(keras.layers.Rescaling(1 / 255)(image))
    )
    (found,) = segment(model, np.zeros((5, 7, 3), "uint8"))
    assert found.labels == ("0", "1", "2", "3")
    assert found.palette == distinct_colours(4)
    scaled = keras.layers.Rescaling(1 / 255)(image)
    vector = keras.Model(image, keras.layers.GlobalAveragePooling2D()(scaled))
    with pytest.raises(ValueError, match="must answer scores of pixels"):
        list(segment(vector, np.zeros((5, 7, 3), "uint8")))


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"scale": 0}, "scale must be between"),
        ({"batch_size": 0}, "batch_size must be a whole number"),
        ({"tile": 2.5}, "tile must be a whole number"),
        ({"ratios": []}, "ratios must be one number or more"),
        ({"ratios": [1, 9]}, "ratios must be between 0.25 and 4"),
    ],
)
def test_wrong_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        dlzoo.predict(brightest(), np.zeros((5, 7, 3), "uint8"), **arguments)


def test_labels_are_checked():
    with pytest.raises(ValueError, match="one colour a label; got 1 colours and 3"):
        PixelLabels(LABELS, COLOURS[:1])
    with pytest.raises(ValueError, match="1 to 254 labels"):
        PixelLabels([])
    with pytest.raises(ValueError, match="one label a score of each pixel"):
        PixelLabels(LABELS).build((None, 8, 8, 2))
    assert len(set(distinct_colours(254))) == 254
