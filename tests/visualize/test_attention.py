"""Grad-CAM, saliency, filters and activations of networks whose answer is known."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from dlzoo.layers import ClassLabels, ConvBN, ImagePreprocessing
from dlzoo.visualize import activations, filters, grad_cam, overlay, saliency, show_cam

RNG = np.random.default_rng(0)
SIDE = 8


def corner_body(name="body"):
    """A feature map of two channels: twice the image's first channel, and its second."""
    image = keras.Input((SIDE, SIDE, 3))
    layer = layers.Conv2D(2, 1, name="map")
    body = keras.Model(image, layer(image), name=name)
    kernel = np.zeros((1, 1, 3, 2), "float32")
    kernel[0, 0, 0, 0], kernel[0, 0, 1, 1] = 2, 1
    layer.set_weights([kernel, np.zeros(2)])
    return body


def dense(activation, scale=1.0):
    layer = layers.Dense(2, activation=activation, use_bias=False, name="head")
    layer.build((None, 2))
    layer.set_weights([scale * np.eye(2, dtype="float32")])
    return layer


def flat(activation="softmax", scale=1.0):
    """Class k is the mean of channel k."""
    body = corner_body()
    x = layers.GlobalAveragePooling2D()(body.output)
    return keras.Model(body.input, dense(activation, scale)(x), name="flat")


def nested(activation="softmax", scale=1.0):
    body = corner_body()
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            body,
            layers.GlobalAveragePooling2D(),
            dense(activation, scale),
        ]
    )


def twice_nested():
    inner = keras.Sequential([keras.Input((SIDE, SIDE, 3)), corner_body()], name="inner")
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.GlobalAveragePooling2D()(inner(image))
    return keras.Model(image, ClassLabels(["red", "green"])(dense("softmax")(x)))


def corners():
    """Red above on the left, green below on the right."""
    image = np.zeros((SIDE, SIDE, 3), "float32")
    image[:2, :2, 0] = image[-2:, -2:, 1] = 1
    return image


@pytest.mark.backend
@pytest.mark.parametrize("build", [flat, nested, twice_nested])
def test_the_corner_of_the_class_lights_up(build):
    model, image = build(), corners()
    for label in (0, 1):
        result = grad_cam(model, image, label)
        assert result.heat.dtype == np.float32
        np.testing.assert_allclose(result.heat, image[..., label], atol=1e-6)
        answer = ops.convert_to_numpy(model(image[None]))[0, label]
        assert (result.label, result.score) == (label, pytest.approx(answer))
    assert grad_cam(model, image).label == 0


def test_equations_1_and_2_behind_a_layer_that_is_not_linear():
    """The importance of a channel is its mean slope, of both signs; then relu."""
    keras.utils.set_random_seed(0)
    image = RNG.normal(size=(6, 6, 3)).astype("float32")
    convolution = layers.Conv2D(4, 3, activation="tanh", name="map")
    tail = [layers.Flatten(), layers.Dense(5, "tanh"), layers.Dense(3)]
    model = keras.Sequential([keras.Input(image.shape), convolution, *tail])
    a = ops.convert_to_numpy(convolution(image[None]))

    def score(values):
        x = ops.convert_to_tensor(values)
        for layer in tail:
            x = layer(x)
        return float(ops.convert_to_numpy(x)[0, 2])

    slopes, step = np.zeros_like(a), 1e-2
    for place in np.ndindex(a.shape):
        moved = np.zeros_like(a)
        moved[place] = step
        slopes[place] = (score(a + moved) - score(a - moved)) / (2 * step)
    heat = np.maximum(a[0] @ slopes.mean(axis=(0, 1, 2)), 0)
    result = grad_cam(model, image, 2).heat
    # a place of a 3x3 kernel without padding is the pixel in the middle of what it sees
    assert result.shape == (6, 6)
    np.testing.assert_allclose(result[1:-1, 1:-1], heat / heat.max(), atol=1e-2)
    np.testing.assert_array_equal(result[0], result[1])


@pytest.mark.backend
def test_a_saturated_softmax_has_the_slopes_of_its_logit():
    image = corners()
    for build in (flat, nested):
        sure = build("softmax", scale=1e4)
        assert grad_cam(sure, image).score == 1
        np.testing.assert_allclose(grad_cam(sure, image).heat, image[..., 0], atol=1e-6)
        np.testing.assert_allclose(
            saliency(sure, image).heat, saliency(build(None, 1e4), image).heat, rtol=1e-5
        )


@pytest.mark.parametrize("last", [layers.Softmax, lambda: layers.Activation("softmax")])
def test_a_softmax_in_a_layer_of_its_own(last):
    linear = flat(None, 1e4)
    model = keras.Model(linear.input, last()(linear.output))
    result = saliency(model, corners())
    np.testing.assert_allclose(result.heat, saliency(linear, corners()).heat, rtol=1e-5)
    assert result.score == 1


@pytest.mark.backend
def test_saliency_of_a_linear_network_is_its_weights():
    weights = RNG.normal(size=(4, 5, 3, 2)).astype("float32")
    model = keras.Sequential([keras.Input((4, 5, 3)), layers.Flatten(), layers.Dense(2)])
    model.layers[-1].set_weights([weights.reshape(-1, 2), np.zeros(2)])
    for label in (0, 1):
        heat = saliency(model, RNG.integers(0, 256, (4, 5, 3)), label).heat
        np.testing.assert_allclose(heat, np.abs(weights[..., label]).max(-1), rtol=1e-5)


def test_the_model_is_left_as_it_was():
    model, image = nested(), corners()
    call = keras.layers.Layer.__call__
    before = ops.convert_to_numpy(model(image[None]))
    grad_cam(model, image)
    with pytest.raises(ValueError, match="label must be"):
        grad_cam(model, image, 2)
    assert keras.layers.Layer.__call__ is call
    assert model.layers[-1].activation is keras.activations.softmax
    np.testing.assert_array_equal(ops.convert_to_numpy(model(image[None])), before)


def test_layers_by_name_by_path_and_themselves():
    model, image = twice_nested(), corners()
    inside = model.get_layer("inner").layers[0].get_layer("map")
    for layer in ("map", "inner", "inner/body/map", inside):
        np.testing.assert_allclose(grad_cam(model, image, 1, layer).heat, image[..., 1])
    assert grad_cam(model, image, layer=inside).layer == "inner/body/map"


def test_pixels_that_were_only_scaled_are_no_feature_map():
    scaled = ImagePreprocessing(1 / 255, [0.5] * 3, [0.5] * 3)
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), scaled, layers.Flatten(), layers.Dense(2)]
    )
    with pytest.raises(ValueError, match=r"must contain a feature map .* because"):
        grad_cam(model, np.ones((4, 4, 3)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image": np.ones((4, 4, 3))}, r"image must be .* of shape \(8, 8, 3\), because"),
        ({"image": np.ones((1, 8, 8, 3))}, r"image must be .*; got shape \(1, 8, 8, 3\)"),
        ({"label": 2}, "label must be between 0 and 1; got 2"),
        ({"label": -1}, "label must be a whole number of at least 0; got -1"),
        ({"layer": "head"}, r"layer must be .*; got 'head'\. The last ones .*'map'\]"),
        ({"layer": "elsewhere"}, "layer must be one that gives a feature map"),
        ({"model": keras.Sequential([layers.Dense(2)])}, "model must be a functional Keras"),
        ({"model": corner_body()}, r"must answer \(batch, classes\).*\(1, 8, 8, 2\)"),
    ],
)
def test_errors_of_grad_cam(arguments, message):
    with pytest.raises(ValueError, match=f"grad_cam: .*{message}"):
        grad_cam(**{"model": flat(), "image": corners()} | arguments)


def test_pictures_of_a_heat_map_have_the_name_of_the_class():
    figure = show_cam(twice_nested(), corners(), 1)
    assert figure.get_suptitle().startswith("green (4")
    assert len(figure.axes) == 3
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), corners()[..., 1])
    named = show_cam(flat(), corners(), classes=["a", "b"])
    assert named.get_suptitle().startswith("a (5")
    assert show_cam(flat(None), corners()).get_suptitle().startswith("class 0 (")
    with pytest.raises(ValueError, match=r"overlay: heat must have .*\(8, 8\), because"):
        overlay(corners(), np.ones((4, 4)))


def test_a_single_score_is_that_of_the_second_name():
    single = layers.Dense(1, "sigmoid", kernel_initializer="ones")
    body = corner_body()
    x = ClassLabels(["no", "yes"], "binary")(single(layers.GlobalMaxPooling2D()(body.output)))
    figure = show_cam(keras.Model(body.input, x), corners())
    assert figure.get_suptitle() == f"yes ({1 / (1 + np.exp(-3)):.1%})"


def test_kernels_of_the_first_convolution_in_a_nested_brick():
    body = keras.Sequential([keras.Input((SIDE, SIDE, 3)), ConvBN(70, 3)])
    bgr = ImagePreprocessing(1.0, [0.0] * 3, [1.0] * 3, "bgr")
    kernel = np.zeros((3, 3, 3, 70), "float32")
    kernel[0, 0, 0] = -4  # the blue channel, if the network is fed BGR
    kernel[1, 1, 2] = 2
    body.layers[0].conv.kernel.assign(kernel)
    for front, blue in (([], 0), ([bgr], 2)):
        figure = filters(keras.Sequential([keras.Input((SIDE, SIDE, 3)), *front, body]))
        assert "64 of 70 kernels 3 x 3 x 3" in figure.get_suptitle()
        shown = np.asarray(figure.axes[0].images[0].get_array())
        assert shown.shape == (3, 3, 3)
        assert (shown[0, 0, blue], shown[1, 1, 2 - blue], shown[2, 2, 0]) == (0, 0.75, 0.5)
    with pytest.raises(ValueError, match=r"filters: model must contain .* because"):
        filters(keras.Sequential([keras.Input((3,)), layers.Dense(2)]))


def test_channels_are_drawn_the_most_active_first():
    figure = activations(twice_nested(), corners() * np.array([1, 5, 1]))
    assert "inner: 2 of 2 channels 8 x 8" in figure.get_suptitle()
    assert [panel.get_title() for panel in figure.axes] == ["1", "0"]
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), 5 * corners()[..., 1])
