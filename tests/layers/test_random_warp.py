"""Images and masks move together, pixel by pixel."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.layers import RandomWarp

RNG = np.random.default_rng(3)
HARD = {"flip": "both", "rotation": 30, "scale": (0.5, 2.0), "elastic": 3.0}


def numpy(x):
    return ops.convert_to_numpy(x)


def labelled(batch=4, size=(20, 24)):
    """Masks, and images that tell the label: smooth, so that interpolation keeps it."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    smooth = (rows * 2.0 + columns * 3.0) / 10  # a plane: bilinear is exact on it
    images = np.stack([smooth + number for number in range(batch)])[..., None]
    masks = np.floor(images[..., 0] + 0.5).astype("int32")
    return images.astype("float32"), masks


def warped(warp, inputs):
    """`warp(inputs)` in training; on JAX in one piece, or it compiles every step of it."""
    inputs = tuple(map(ops.convert_to_tensor, inputs))
    if keras.backend.backend() != "jax":
        return map(numpy, warp(inputs, training=True))
    import jax

    warp.built = True
    state = [variable.value for variable in warp.non_trainable_variables]
    run = jax.jit(lambda x: warp.stateless_call([], state, x, training=True))
    return map(numpy, run(inputs)[0])


@pytest.mark.backend
@pytest.mark.parametrize("size", [None, (12, 31)])
def test_image_mask_and_weights_move_together(size):
    images, masks = labelled()
    warp = RandomWarp(size, void=255, seed=4, **HARD)
    weights = masks.astype("float32")
    moved, labels, heavy = warped(warp, (images, masks, weights))
    assert labels.dtype == np.int32
    covered = labels != 255
    assert 0.3 < covered.mean() < 1
    np.testing.assert_array_equal(heavy, np.where(covered, labels, 0))
    # A label is at most half a pixel (slopes .2 and .3) and its own rounding (.5) away.
    away = np.abs(moved[..., 0] - labels)[covered]
    assert away.max() <= 0.5 + (0.2 + 0.3) / 2 + 1e-4
    changed = not size and np.abs(moved[..., 0] - images[..., 0]).max() > 1
    assert changed or size


@pytest.mark.parametrize("flip", ["horizontal", "vertical", "both"])
def test_flips_are_exact(flip):
    images = RNG.integers(0, 256, (32, 5, 6, 3)).astype("uint8")
    masks = images[..., 0]
    moved, labels = map(numpy, RandomWarp(flip=flip, seed=1)((images, masks), training=True))
    np.testing.assert_array_equal(moved[..., 0], labels)
    axes = {"horizontal": [(2,)], "vertical": [(1,)], "both": [(1,), (2,), (1, 2)]}[flip]
    results = [images, *(np.flip(images, axis) for axis in axes)]
    matches = np.stack([(moved == r).all(axis=(1, 2, 3)) for r in results])
    assert (matches.sum(axis=0) == 1).all()
    assert matches.any(axis=1).all()  # each of the possible ones is seen


def test_crops_are_whole_pixels_from_everywhere():
    images = np.arange(7 * 9, dtype="float32").reshape(1, 7, 9, 1).repeat(200, axis=0)
    moved = numpy(RandomWarp((4, 4), seed=1)(images, training=True))
    corners = {int(value) for value in moved[:, 0, 0, 0]}
    assert corners == {row * 9 + column for row in range(4) for column in range(6)}
    np.testing.assert_array_equal(moved[:, 1, 2] - moved[:, 0, 0], 11)


def test_enlarging_and_turning():
    dot = np.zeros((1, 9, 9, 1), "float32")
    dot[0, 4, 6] = 1.0  # two to the right of the middle
    grown = numpy(RandomWarp(scale=(2, 2), seed=0)(np.repeat(dot, 50, 0), training=True))
    centres = [np.unravel_index(g.argmax(), (9, 9)) for g in grown[..., 0]]
    assert {grown[0].sum().round(4)} == {4.0}  # twice as large in both directions
    assert len(set(centres)) > 3  # the window goes about
    turned = numpy(RandomWarp(rotation=180, seed=0)(np.repeat(dot, 50, 0), training=True))
    inner = turned[:, 1:-1, 1:-1, 0]  # without what is mirrored into the corners
    places = np.array([np.unravel_index(t.argmax(), (7, 7)) for t in inner]) - 3
    assert np.allclose(np.linalg.norm(places, axis=1), 2, atol=0.9)
    assert len({tuple(place) for place in places}) > 6


def test_the_paper_mirrors():
    rows = np.arange(5, dtype="float32").reshape(1, 5, 1, 1).repeat(9, axis=2)
    shrunk = numpy(RandomWarp((5, 3), scale=(0.25, 0.25))(rows, training=True))[0, :, 0, 0]
    # every fourth row from -6 on, mirrored at 0 and 4
    np.testing.assert_allclose(shrunk, [2, 2, 2, 2, 2])
    wide = numpy(RandomWarp((9, 3))(rows, training=True))[0, :, 0, 0]
    np.testing.assert_allclose(wide, [2, 1, 0, 1, 2, 3, 4, 3, 2])


def test_elastic_deformation_has_the_size_that_is_asked_for():
    rows, columns = np.mgrid[:40, :40].astype("float32")
    images = np.stack([rows, columns], axis=-1)[None].repeat(50, axis=0)
    moved = numpy(RandomWarp(elastic=2.0, seed=2)(images, training=True))
    inside = np.s_[:, 15:25, 15:25]
    shift = (moved - images)[inside]
    assert 1.0 < shift.std() < 2.4
    assert np.abs(np.diff(shift, axis=1)).max() < 1  # neighbours move alike
    assert abs(shift.mean()) < 0.5


def test_without_training_nothing_moves():
    images, masks = labelled()
    moved, labels = map(numpy, RandomWarp(**HARD)((images, masks), training=False))
    np.testing.assert_array_equal(moved, images)
    np.testing.assert_array_equal(labels, masks)
    cut = numpy(RandomWarp((10, 10), **HARD)(images, training=False))
    np.testing.assert_array_equal(cut, images[:, 5:15, 7:17])


def test_the_same_seed_moves_the_same_way():
    images, _ = labelled()
    first, again = (RandomWarp(seed=5, **HARD) for _ in range(2))
    one = numpy(first(images, training=True))
    np.testing.assert_array_equal(one, numpy(again(images, training=True)))
    assert np.abs(one - numpy(first(images, training=True))).max() > 0.5


def test_configuration_and_shapes():
    warp = RandomWarp((8, 9), void=255, seed=1, **HARD)
    again = RandomWarp.from_config(warp.get_config())
    config = warp.get_config()
    assert again.get_config() == config
    image, mask = keras.Input((20, 24, 3)), keras.Input((20, 24), dtype="uint8")
    model = keras.Model([image, mask], warp((image, mask)))
    assert [tuple(x.shape) for x in model.outputs] == [(None, 8, 9, 3), (None, 8, 9)]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"flip": "left"}, "RandomWarp: flip must be one of"),
        ({"rotation": 200}, "rotation must be between 0 and 180 degrees"),
        ({"scale": (2, 1)}, r"scale\[1\] must be between 2 and 100"),
        ({"elastic": -1}, "elastic must be between 0 and 1000 pixels"),
        ({"size": (3,)}, "size must be a whole number or"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomWarp(**arguments)
