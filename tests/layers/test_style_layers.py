"""Layers of networks that paint, against NumPy in float64 and PyTorch's own."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.layers import (
    AdaIN,
    CropLike,
    InstanceNormalization,
    ReflectionConv2D,
    ReflectionPadding2D,
)
from dlzoo.testing import gradient_check
from tests.layers.numpy_reference import convolve

RNG = np.random.default_rng(0)
PICTURE = RNG.normal(3, 2, size=(2, 5, 6, 3))
STYLE = RNG.normal(-1, 4, size=(2, 7, 4, 3))


def tensor(array):
    return ops.convert_to_tensor(np.asarray(array, "float32"))


def numbers(x):
    return ops.convert_to_numpy(x)


def normalised(x, epsilon=1e-5):
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


def mirrored(x, padding):
    """By index, not by anybody's `pad`: row -1 is row 1."""
    for axis in (1, 2):
        side = x.shape[axis]
        places = [abs(place) for place in range(-padding, side + padding)]
        places = [min(place, 2 * (side - 1) - place) for place in places]
        x = np.take(x, places, axis=axis)
    return x


def drawn(layer, shape):
    """`layer`, built and with weights that are not degenerate."""
    layer.build(shape)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(0.5, 0.5, w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.backend
def test_instance_normalization():
    layer = drawn(InstanceNormalization(), PICTURE.shape)
    gamma, beta = (w.astype("float64") for w in layer.get_weights())
    found = numbers(layer(tensor(PICTURE)))
    np.testing.assert_allclose(found, gamma * normalised(PICTURE) + beta, rtol=1e-4, atol=1e-5)


def test_instance_normalization_is_that_of_pytorch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    layer = drawn(InstanceNormalization(), PICTURE.shape)
    theirs = torch.nn.InstanceNorm2d(3, affine=True)
    gamma, beta = (torch.tensor(w) for w in layer.get_weights())
    theirs.load_state_dict({"weight": gamma, "bias": beta})
    first = torch.tensor(PICTURE.astype("float32")).permute(0, 3, 1, 2)
    expected = theirs(first).permute(0, 2, 3, 1).detach().numpy()
    found = numbers(layer(tensor(PICTURE)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pixels", [np.full((1, 4, 4, 3), 200.0), PICTURE[:, :1, :1]])
def test_a_flat_picture_becomes_beta(pixels):
    found = numbers(InstanceNormalization()(tensor(pixels)))
    np.testing.assert_allclose(found, 0, atol=0.02)


def test_statistics_are_float32_under_mixed_precision():
    layer = InstanceNormalization(dtype="mixed_bfloat16")
    far = tensor(100 + PICTURE)  # bfloat16 has a step of 0.5 there
    found = layer(far)
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    rounded = numbers(ops.cast(ops.cast(far, "bfloat16"), "float32")).astype("float64")
    expected = normalised(rounded)
    np.testing.assert_allclose(numbers(ops.cast(found, "float32")), expected, atol=0.02)


@pytest.mark.backend
def test_adain_is_equation_8():
    epsilon = 1e-5
    sigma = np.sqrt(STYLE.var(axis=(1, 2), keepdims=True) + epsilon)
    expected = sigma * normalised(PICTURE) + STYLE.mean(axis=(1, 2), keepdims=True)
    found = numbers(AdaIN()([tensor(PICTURE), tensor(STYLE)]))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    half = tensor([[0.5], [0.0]])
    found = numbers(AdaIN()([tensor(PICTURE), tensor(STYLE), half]))
    np.testing.assert_allclose(found[0], (PICTURE[0] + expected[0]) / 2, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found[1], PICTURE[1], rtol=1e-6)


def test_adain_of_any_size():
    content, style = keras.Input((None, None, 3)), keras.Input((None, None, 3))
    model = keras.Model([content, style], AdaIN()([content, style]))
    assert model.output_shape == (None, None, None, 3)
    found = model([tensor(PICTURE), tensor(STYLE)])
    np.testing.assert_array_equal(found, AdaIN()([tensor(PICTURE), tensor(STYLE)]))


@pytest.mark.backend
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_reflection_padding(padding):
    layer = ReflectionPadding2D(padding)
    found = numbers(layer(tensor(PICTURE)))
    assert found.shape == layer.compute_output_shape(PICTURE.shape)
    np.testing.assert_allclose(found, mirrored(PICTURE, padding), rtol=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("options", [{"strides": 2}, {"upsample": 2}, {"normalise": False}])
def test_reflection_conv(options):
    layer = drawn(ReflectionConv2D(4, 3, **options), PICTURE.shape)
    kernel, bias, *norm = (w.astype("float64") for w in layer.get_weights())
    grown = PICTURE.repeat(layer.upsample, axis=1).repeat(layer.upsample, axis=2)
    everywhere = convolve(mirrored(grown, 1), kernel, 1, "symmetric")[:, 1:-1, 1:-1]
    expected = everywhere[:, :: layer.strides, :: layer.strides] + bias
    if norm:
        expected = norm[0] * normalised(expected) + norm[1]
    found = numbers(layer(tensor(PICTURE)))
    assert found.shape == layer.compute_output_shape(PICTURE.shape)
    np.testing.assert_allclose(found, np.maximum(expected, 0), rtol=1e-4, atol=1e-4)


def test_no_checkerboard():
    """A flat feature map stays flat as it grows; transposed convolutions paint on it."""
    flat = tensor(np.ones((1, 4, 4, 2)))
    layer = drawn(ReflectionConv2D(3, 3, upsample=2, normalise=False), flat.shape)
    np.testing.assert_allclose(np.ptp(numbers(layer(flat)), axis=(1, 2)), 0, atol=1e-5)
    transposed = keras.layers.Conv2DTranspose(3, 3, 2, padding="same")
    assert np.ptp(numbers(transposed(flat))[:, 2:-2, 2:-2], axis=(1, 2)).min() > 0.01


@pytest.mark.parametrize(
    "layer",
    [
        InstanceNormalization(),
        ReflectionPadding2D(2),
        ReflectionConv2D(2, 3, 2, activation="tanh"),
        ReflectionConv2D(2, 3, upsample=2, normalise=False, activation="tanh"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_gradients_and_configuration(layer):
    found = gradient_check(layer, (2, 5, 4, 3)).differences
    if getattr(layer, "normalise", False):
        found = {name: error for name, error in found.items() if "conv/bias" not in name}
    assert max(found.values()) < 1e-6  # the norm takes a bias before it away again
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_gradients_of_adain():
    class Halves(keras.layers.Layer):
        """AdaIN of the left half of a picture and the right one."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.adain = AdaIN(dtype=self.dtype_policy)

        def build(self, input_shape):
            pass

        def call(self, x):
            return self.adain([x[:, :, :3], x[:, :, 3:]])

    check = gradient_check(Halves(), (2, 4, 5, 2))
    assert check.passed, check


def test_crop_like():
    found = CropLike()([tensor(PICTURE), tensor(PICTURE[:, :4, :5, :1])])
    np.testing.assert_array_equal(numbers(found), PICTURE[:, :4, :5].astype("float32"))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: InstanceNormalization(0), "InstanceNormalization: epsilon must be between"),
        (lambda: AdaIN(-1), "AdaIN: epsilon must be between 1e-12 and 1; got -1"),
        (
            lambda: AdaIN(name="a").build([(1, 4, 4, 2), (1, 4, 4, 3)]),
            "a: content and style must have the same channels, .* got 2 and 3",
        ),
        (lambda: ReflectionPadding2D(1.5), "ReflectionPadding2D: padding must be a whole"),
        (
            lambda: ReflectionPadding2D(4, name="r").build((None, 9, 4, 3)),
            "r: width must be more than padding=4 pixels, .* got 4",
        ),
        (lambda: ReflectionConv2D(0, 3), "ReflectionConv2D: filters must be a whole"),
        (lambda: ReflectionConv2D(8, 4), "ReflectionConv2D: kernel_size must be odd, .* got 4"),
        (lambda: ReflectionConv2D(8, 3, 0), "ReflectionConv2D: strides must be a whole"),
        (lambda: ReflectionConv2D(8, 3, upsample=0), "ReflectionConv2D: upsample must be a"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
