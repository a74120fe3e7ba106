"""The strongest patches and their projections, against computing them directly."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image

from dlzoo.layers import ConvBN, ImagePreprocessing
from dlzoo.layers.saved_model import open_model
from dlzoo.visualize import show_patches, top_patches
from dlzoo.weights import IMAGENET

RNG = np.random.default_rng(0)
SIDE = 12
IMAGES = RNG.normal(size=(23, SIDE, SIDE, 3)).astype("float32")


def plain_network(relu=lambda: layers.Activation("relu"), seed=0):
    """Convolution, ReLU, 2x2 max pooling, convolution, ReLU."""
    keras.utils.set_random_seed(seed)
    x = image = keras.Input((SIDE, SIDE, 3))
    x = relu()(layers.Conv2D(4, 3, name="conv1")(x))
    x = layers.MaxPooling2D(name="pool1")(x)
    last = layers.Conv2D(5, 3, bias_initializer="ones", name="conv2")  # no channel is dead
    x = layers.Activation("relu", name="map")(last(x))
    return keras.Model(image, x, name="plain")


def nested(model):
    image = keras.Input(model.input_shape[1:])
    inner = keras.Sequential([keras.Input(model.input_shape[1:]), model], name="inner")
    return keras.Model(image, layers.GlobalAveragePooling2D()(inner(image)))


def correlate(x, kernel):
    """A convolution layer's arithmetic on one image, without padding."""
    side = x.shape[0] - 2
    out = np.zeros((side, side, kernel.shape[-1]))
    for row, column in np.ndindex(3, 3):
        out += x[row : row + side, column : column + side] @ kernel[row, column]
    return out


def spread(y, kernel):
    """The transposed kernel."""
    out = np.zeros((y.shape[0] + 2, y.shape[1] + 2, kernel.shape[2]))
    for row, column in np.ndindex(3, 3):
        out[row : row + y.shape[0], column : column + y.shape[1]] += y @ kernel[row, column].T
    return out


def deconvnet_by_hand(model, x, place, channel, rule):
    """Zeiler and Fergus 2013, section 2.1, in NumPy; or one of its relatives."""

    def back_through_relu(signal, before):
        signal = signal if rule == "gradient" else np.maximum(signal, 0)
        return signal if rule == "deconvnet" else signal * (before > 0)

    (k1, b1), (k2, b2) = (model.get_layer(name).get_weights() for name in ("conv1", "conv2"))
    before1 = correlate(x, k1) + b1
    a1 = np.maximum(before1, 0)
    half = a1.shape[0] // 2
    windows = (
        a1.reshape(half, 2, half, 2, -1).transpose(0, 2, 1, 3, 4).reshape(half, half, 4, -1)
    )
    switches = windows.argmax(axis=2)
    before2 = correlate(windows.max(axis=2), k2) + b2
    signal = np.zeros_like(before2)
    signal[*place, channel] = max(before2[*place, channel], 0)
    signal = spread(back_through_relu(signal, before2), k2)
    unpooled = np.zeros_like(a1)
    for row, column, k in np.ndindex(*signal.shape):
        down, right = divmod(switches[row, column, k], 2)
        unpooled[2 * row + down, 2 * column + right, k] = signal[row, column, k]
    return spread(back_through_relu(unpooled, before1), k1)


@pytest.mark.backend
@pytest.mark.parametrize("rule", ["deconvnet", "guided", "gradient"])
def test_projections_are_those_of_an_explicit_deconvnet(rule):
    model = plain_network()
    found = top_patches(model, IMAGES, "map", 2, count=2, rule=rule)
    for channel, patches in found.patches.items():
        for patch in patches:
            x = IMAGES[int(patch.source.removeprefix("image ")) - 1]
            whole = deconvnet_by_hand(model, x, patch.place, channel, rule)
            left, top, right, bottom = patch.box
            inside = whole[top:bottom, left:right]
            np.testing.assert_allclose(patch.projection, inside, atol=1e-5)
            np.testing.assert_allclose(np.abs(inside).sum(), np.abs(whole).sum(), rtol=1e-6)
            np.testing.assert_array_equal(patch.pixels, x[top:bottom, left:right])
            assert np.abs(inside).max() > 1e-3


def test_the_strongest_are_those_of_all_images_one_each():
    model = plain_network()
    maps = ops.convert_to_numpy(model(IMAGES))
    found = top_patches(model, IMAGES, "map", range(5), batch_size=4)
    for channel, patches in found.patches.items():
        maxima = maps[..., channel].max(axis=(1, 2))
        order = np.argsort(-maxima, kind="stable")[:9]
        assert [patch.source for patch in patches] == [f"image {i + 1}" for i in order]
        np.testing.assert_allclose([p.value for p in patches], maxima[order], rtol=1e-5)
        for patch, image in zip(patches, order, strict=True):
            assert maps[image, *patch.place, channel] == pytest.approx(patch.value)
    assert found.images == len(IMAGES)
    assert len(top_patches(model, IMAGES[:3], "map", [0]).patches[0]) == 3


class PlainRelu(layers.Layer):
    """As residual blocks do it."""

    def call(self, x):
        return ops.relu(x)


@pytest.mark.parametrize("relu", [layers.ReLU, PlainRelu, lambda: ops.relu])
def test_relu_in_any_form_follows_the_rule(relu):
    wanted = top_patches(plain_network(), IMAGES, "map", [1], 1, rule="guided")
    found = top_patches(plain_network(relu), IMAGES, "map", [1], 1, rule="guided")
    np.testing.assert_array_equal(
        found.patches[1][0].projection, wanted.patches[1][0].projection
    )


@pytest.mark.parametrize("change", [nested, "saved"])
def test_nested_and_saved_models_give_the_same(change, tmp_path):
    model = plain_network()
    wanted = top_patches(model, IMAGES, "map", 2, count=3)
    if change == "saved":
        nested(model).save(tmp_path / "model.keras")
        model = open_model(tmp_path)  # as fine_tune's run folder
    else:
        model = change(model)
    found = top_patches(model, IMAGES, "plain/map", 2, count=3)
    assert found.layer == "inner/plain/map"
    assert (found.field, list(found.patches)) == (wanted.field, list(wanted.patches))
    for channel in wanted.patches:
        for one, other in zip(found.patches[channel], wanted.patches[channel], strict=True):
            assert (one.source, one.box) == (other.source, other.box)
            np.testing.assert_allclose(one.projection, other.projection, atol=1e-6)


def test_relu6_does_not_make_the_strongest_equal():
    step = ConvBN(1, 1, activation="relu6", name="map")
    model = keras.Sequential([keras.Input((4, 4, 1)), step])
    step.conv.kernel.assign(np.ones((1, 1, 1, 1)))
    images = np.zeros((3, 4, 4, 1), "float32")
    images[:, 1, 2, 0] = 7, 20, 9
    patches = top_patches(model, images, "map", [0]).patches[0]
    assert [patch.source for patch in patches] == ["image 2", "image 3", "image 1"]
    assert patches[0].value == pytest.approx(20, rel=1e-3)
    assert patches[0].projection[0, 0, 0] > patches[1].projection[0, 0, 0] > 0
    assert model(images).numpy().max() == 6  # the model is as it was


def test_auto_is_the_deconvnet_where_there_are_switches():
    assert top_patches(plain_network(), IMAGES[:2], "map", [0]).rule == "deconvnet"
    assert top_patches(plain_network(), IMAGES[:2], "conv1", [0]).rule == "guided"


def test_selective_channels_stand_out_from_what_is_usual():
    layer = layers.Conv2D(3, 1, name="map", use_bias=False)
    model = keras.Sequential([keras.Input((4, 4, 3)), layer])
    layer.set_weights([np.eye(3, dtype="float32")[None, None]])
    images = RNG.random((40, 4, 4, 3), "float32")
    images[..., 0] *= 100  # strong, and always so
    images[..., 2] = 1  # always the same
    images[17, 2, 2, 1] = 5  # once
    found = top_patches(model, images, "map", 3, count=1)
    assert list(found.patches) == [1, 0, 2]


def test_files_in_a_folder(tmp_path):
    model = plain_network()
    pixels = RNG.integers(0, 256, (5, SIDE, SIDE, 3), "uint8")
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    with pytest.raises(ValueError, match="preprocessing must be given, because"):
        top_patches(model, tmp_path, "map")
    found = top_patches(model, tmp_path, "map", [2], preprocessing=IMAGENET, batch_size=2)
    scaled = (pixels / 255 - IMAGENET.mean) / IMAGENET.std
    direct = top_patches(model, scaled.astype("float32"), "map", [2])
    for patch, other in zip(found.patches[2], direct.patches[2], strict=True):
        number = int(other.source.removeprefix("image ")) - 1
        assert patch.source == str(tmp_path / f"{number}.png")
        left, top, right, bottom = patch.box
        np.testing.assert_array_equal(patch.pixels, pixels[number, top:bottom, left:right])
        assert patch.value == pytest.approx(other.value, rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": "conv3"}, r"got 'conv3'\. Did you mean 'conv2' or 'conv1'\?"),
        ({"channels": [5]}, r"channels must be between 0 and 4, because 'map' has 5 of them"),
        ({"channels": 0}, "channels must be a whole number of at least 1"),
        ({"rule": "sideways"}, r"rule must be one of \['auto', 'deconvnet'"),
        ({"images": IMAGES[0]}, r"images must be a path, or an array .*\(12, 12, 3\)"),
        ({"images": IMAGES[:, :8]}, r"image must be .*; got shape \(8, 12, 3\)"),
        ({"model": keras.Sequential([layers.Dense(2)])}, "model must be a functional Keras"),
    ],
)
def test_errors_of_top_patches(arguments, message):
    with pytest.raises(ValueError, match=f"top_patches: .*{message}"):
        top_patches(**{"model": plain_network(), "images": IMAGES, "layer": "map"} | arguments)


def test_the_page_has_two_squares_a_channel():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            ImagePreprocessing(1 / 255, (0,) * 3, (1,) * 3),
            layers.Conv2D(3, 3, padding="same", name="map"),
        ]
    )
    black = np.zeros((4, 8, 8, 3), "uint8")
    black[:, 0, 0] = 255, 0, 0
    figure = show_patches(top_patches(model, black, "map", [0, 2], rule="gradient"))
    titles = [panel.get_title("left") for panel in figure.axes]
    assert [titles[0], titles[2]] == ["channel 0", "channel 2"]
    assert "map: receptive field 3 x 3 pixels, stride 1 x 1" in figure.get_suptitle()
    page = figure.axes[1].images[0].get_array()
    assert page.shape == (2 * 96 + 3, 2 * 96 + 3, 3)
