"""Layers of networks for faces, against NumPy in float64 and PyTorch's own."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.layers import ConvBN, DepthwiseConvBN, InvertedResidual, L2Normalize, PReLU
from dlzoo.testing import gradient_check, gradients

RNG = np.random.default_rng(0)


def numbers(layer, x, **arguments):
    return ops.convert_to_numpy(layer(ops.convert_to_tensor(x, "float32"), **arguments))


@pytest.mark.backend
def test_l2_normalize():
    x = RNG.normal(size=(4, 5))
    x[1] *= 1e4
    x[2] *= 1e-5
    expected = x / np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(numbers(L2Normalize(), x), expected, rtol=1e-5)
    over_rows = x / np.linalg.norm(x, axis=0)
    np.testing.assert_allclose(numbers(L2Normalize(axis=0), x), over_rows, rtol=1e-5)


@pytest.mark.backend
def test_l2_normalize_of_nothing_has_a_gradient():
    """Where the plain quotient answers NaN, and every weight of a network becomes NaN."""
    layer = L2Normalize(epsilon=1e-3)
    x = np.array([[0.0, 0.0], [3e-4, 4e-4], [3.0, 4.0]], "float32")
    found = numbers(layer, x)
    np.testing.assert_allclose(found, [[0, 0], [0.3, 0.4], [0.6, 0.8]], rtol=1e-5)
    (slope,) = gradients(lambda values: ops.sum(layer(values[0])[:, 0]), [x])
    expected = [[1000, 0], [1000, 0], [0.64 / 5, -0.48 / 5]]
    np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-4)


def test_l2_normalize_under_mixed_precision():
    x = RNG.normal(size=(2, 512))
    layer = L2Normalize(dtype="mixed_float16")
    found = numbers(layer, 300 * x)  # the square of which float16 cannot hold
    expected = x / np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-5)
    assert found.dtype == "float16"


def test_l2_normalize_refuses():
    with pytest.raises(ValueError, match=r"epsilon must be between 1e-18 and 1; got 0\."):
        L2Normalize(epsilon=0)


@pytest.mark.backend
def test_prelu():
    x = RNG.normal(size=(2, 3, 4, 5))
    layer = PReLU()
    np.testing.assert_allclose(numbers(layer, x), np.where(x > 0, x, 0.25 * x), rtol=1e-5)
    alpha = RNG.normal(size=5)
    layer.set_weights([alpha])
    np.testing.assert_allclose(numbers(layer, x), np.where(x > 0, x, alpha * x), rtol=1e-5)


def test_prelu_is_that_of_pytorch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = RNG.normal(size=(2, 3, 4, 5)).astype("float32")
    theirs = torch.nn.PReLU(5)(torch.tensor(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    np.testing.assert_array_equal(numbers(PReLU(), x), theirs.detach().numpy())


@pytest.mark.parametrize(
    "make, shape",
    [
        (L2Normalize, (3, 4)),
        (PReLU, (2, 3, 3, 2)),
        (lambda: ConvBN(3, 3, 2, activation="prelu"), (2, 4, 5, 2)),
        (lambda: ConvBN(3, (3, 2), padding="valid"), (2, 4, 5, 2)),
        (lambda: InvertedResidual(2, expansion=2, activation="prelu"), (2, 3, 3, 2)),
    ],
)
def test_gradients(make, shape):
    check = gradient_check(make(), shape)
    assert check.passed, check


@pytest.mark.parametrize(
    "layer",
    [
        L2Normalize(axis=1, epsilon=1e-4),
        PReLU(0.1),
        ConvBN(3, 3, padding="valid", activation="prelu"),
        InvertedResidual(2, expansion=2, activation="prelu"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_configurations(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    x = RNG.normal(size=(1, 5, 5, 2))
    numbers(layer, x)
    numbers(again, x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(numbers(again, x), numbers(layer, x))
    assert again.get_config() == layer.get_config()


def test_a_rectifier_in_a_block_is_its_own():
    """Each convolution learns its own; they come after the normalisation."""
    block = InvertedResidual(4, expansion=2, activation="prelu")
    x = RNG.normal(size=(2, 4, 4, 3))
    numbers(block, x)
    paths = {weight.path.partition("/")[2] for weight in block.weights}
    assert {path for path in paths if "prelu" in path} == {
        "expand/prelu/alpha",
        "depthwise/prelu/alpha",
    }
    conv = ConvBN(3, 1, activation="prelu")
    linear = ConvBN(3, 1, activation=None)
    got, _ = numbers(conv, x), numbers(linear, x)
    names = [weight.path.rpartition("/")[2] for weight in conv.weights]
    values = dict(zip(names, conv.get_weights(), strict=True))
    linear.set_weights([values[w.path.rpartition("/")[2]] for w in linear.weights])
    before = numbers(linear, x)
    np.testing.assert_allclose(got, np.where(before > 0, before, 0.25 * before), rtol=1e-5)


@pytest.mark.parametrize(
    "kernel_size, shape", [((3, 3), (3, 4)), ((2, 5), (4, 2)), (1, (5, 6))]
)
def test_no_padding(kernel_size, shape):
    x = np.ones((1, 5, 6, 2))
    for layer in (ConvBN(3, kernel_size, padding="valid"),
                  DepthwiseConvBN(kernel_size, padding="valid")):  # fmt: skip
        assert numbers(layer, x).shape[1:3] == shape == layer.compute_output_shape(x.shape)[1:3]
        # Nothing was added around: all places see the same.
        found = numbers(layer, x)
        np.testing.assert_allclose(found, np.broadcast_to(found[:, :1, :1], found.shape))
