"""Layers of networks for faces, against NumPy in float64 and PyTorch's own."""

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.layers import (
    ConvBN,
    DepthwiseConvBN,
    InceptionReduction,
    InceptionResidual,
    InvertedResidual,
    L2Normalize,
    L2Pooling2D,
    LearnedDistance,
    PaddedInception,
    PReLU,
)
from dlzoo.testing import gradient_check, gradients
from tests.models.zoo import compiled

RNG = np.random.default_rng(0)
CHAINS = (((2, 1),), ((2, 1), (3, (1, 3)), (2, (3, 1))))


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
    objective = compiled(lambda values: ops.sum(layer(values[0])[:, 0]))
    (slope,) = gradients(objective, [x])
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
        (lambda: L2Pooling2D(2), (1, 4, 5, 2)),
        (lambda: InceptionResidual(CHAINS, 0.3), (2, 4, 3, 2)),
        (lambda: InceptionReduction([[(2, 3, 2)], [(2, 1), (3, 3, 2)]]), (2, 5, 6, 2)),
        (lambda: PaddedInception(CHAINS, "l2", 2, direct_filters=3), (2, 6, 5, 2)),
        (lambda: PaddedInception([[(2, 1), (3, 3, 2)]]), (2, 6, 6, 2)),
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
        L2Pooling2D(3, 1),
        InceptionResidual(CHAINS, 0.3, activation=None, epsilon=0.1),
        InceptionReduction([[(2, 3, 2)], [(2, 1), (3, 3, 2)]]),
        PaddedInception(CHAINS, "l2", 2, direct_filters=3, use_bias=True),
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


@pytest.mark.backend
@pytest.mark.parametrize(
    "size, strides, sides", [(2, None, (3, 2)), (3, 1, (4, 3)), (3, 2, (2, 2))]
)
def test_l2_pooling(size, strides, sides):
    x = RNG.normal(size=(2, 6, 5, 3))
    layer = L2Pooling2D(size, strides)
    step = strides or size
    expected = np.zeros((2, *sides, 3))
    for row, column in np.ndindex(*sides):
        window = x[:, row * step : row * step + size, column * step : column * step + size]
        expected[:, row, column] = np.sqrt((window**2).sum(axis=(1, 2)))
    np.testing.assert_allclose(numbers(layer, x), expected, rtol=1e-5)
    assert layer.compute_output_shape(x.shape) == expected.shape


@pytest.mark.backend
def test_l2_pooling_of_nothing_has_a_gradient():
    """A rectifier often leaves windows of zeros, where the plain root answers NaN."""
    layer = L2Pooling2D(2)
    x = np.zeros((1, 2, 4, 1), "float32")
    x[0, 0, 2:, 0] = 3, 4
    assert numbers(layer, x)[0, 0, :, 0].tolist() == [0, 5]
    (slope,) = gradients(compiled(lambda values: ops.sum(layer(values[0]))), [x])
    np.testing.assert_allclose(slope, x / 5, atol=1e-6)


def test_an_inception_block_adds_what_it_found():
    x = RNG.normal(size=(2, 4, 5, 6))
    block = InceptionResidual(CHAINS, 0.1)
    before = numbers(block, x)
    block.project.set_weights([np.zeros(block.project.kernel.shape), np.full(6, 5.0)])
    np.testing.assert_allclose(numbers(block, x), np.maximum(x + 0.5, 0), rtol=1e-5, atol=1e-6)
    assert before.shape == x.shape
    linear = InceptionResidual(CHAINS, 1.0, activation=None)
    numbers(linear, x)
    linear.project.set_weights([np.zeros(block.project.kernel.shape), np.zeros(6)])
    np.testing.assert_allclose(numbers(linear, x), x, rtol=1e-6)


@pytest.mark.parametrize("side", [7, 8])
def test_a_reduction_has_all_ends(side):
    layer = InceptionReduction([[(4, 3, 2)], [(2, 1), (3, 3, 2)]])
    x = RNG.normal(size=(2, side, side, 5))
    found = numbers(layer, x)
    assert found.shape == layer.compute_output_shape(x.shape) == (2, 3, 3, 12)
    for row, column in np.ndindex(3, 3):  # the maximum comes last
        window = x[:, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        np.testing.assert_allclose(
            found[:, row, column, 7:], window.max(axis=(1, 2)), rtol=1e-6
        )


def test_smaller_ends_are_put_into_the_middle():
    x = RNG.uniform(1, 2, size=(1, 8, 8, 2))
    layer = PaddedInception([[(3, 1)]], "max")  # 3x3 with strides 2: 8 become 3
    found = numbers(layer, x)
    assert found.shape == layer.compute_output_shape(x.shape) == (1, 8, 8, 5)
    pooled = found[0, :, :, 3:]
    assert np.argwhere(pooled[..., 0]).min(axis=0).tolist() == [2, 2]  # 2 before, 3 behind
    assert np.argwhere(pooled[..., 0]).max(axis=0).tolist() == [4, 4]
    np.testing.assert_allclose(pooled[2, 2], x[0, :3, :3].max(axis=(0, 1)), rtol=1e-6)
    with pytest.raises(ValueError, match="height and width must be known, because zeros"):
        PaddedInception([[(3, 1)]]).build((None, None, 8, 2))
    with pytest.raises(ValueError, match=r"pool must be one of \['l2', 'max'\]; got 'avg'"):
        PaddedInception([[(3, 1)]], "avg")


def test_learned_distance():  # on the other backends in the step of `siamese`
    a, b = RNG.normal(size=(2, 4, 3))
    layer = LearnedDistance()
    layer.build([a.shape, b.shape])
    kernel, bias = RNG.normal(size=(3, 1)), RNG.normal(size=1)
    layer.set_weights([kernel, bias])
    pair = [ops.convert_to_tensor(part, "float32") for part in (a, b)]
    found = ops.convert_to_numpy(layer(pair))
    expected = 1 / (1 + np.exp(-(np.abs(a - b) @ kernel + bias)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(pair[::-1])), expected, rtol=1e-5)
    again = LearnedDistance.from_config(LearnedDistance(activation=None).get_config())
    again.build([a.shape, b.shape])
    again.set_weights([kernel, bias])
    logits = ops.convert_to_numpy(again(pair))
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="both embeddings must have the same dimensions"):
        LearnedDistance().build([(None, 3), (None, 4)])
