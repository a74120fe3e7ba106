"""The layers of 1998: sub-sampling, partial connection, radial basis units."""

import keras
import numpy as np
import pytest

from dlzoo.layers import RadialBasis, SubSampling, TableConv2D, scaled_tanh
from dlzoo.layers.table_conv import LENET_TABLE
from dlzoo.testing import gradient_check


def numbers(x):
    return keras.ops.convert_to_numpy(x)


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.backend
def test_sub_sampling():
    x = noise(2, 5, 4, 3)
    layer = SubSampling()
    layer.build(x.shape)
    layer.bias.assign([0.1, -0.2, 0.3])
    sums = x[:, :4].reshape(2, 2, 2, 2, 2, 3).sum(axis=(2, 4))
    expected = 1.7159 * np.tanh(2 / 3 * (numbers(layer.coefficient) * sums + [0.1, -0.2, 0.3]))
    found = numbers(layer(x))
    assert found.shape == layer.compute_output_shape(x.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_squashing_function_keeps_one():
    np.testing.assert_allclose(
        numbers(scaled_tanh(np.array([-1.0, 0, 1]))), [-1, 0, 1], atol=1e-4
    )


@pytest.mark.backend
def test_a_table_says_who_sees_whom():
    x = noise(2, 7, 6, 4)
    layer = TableConv2D(3, ((0, 2), (1, 2, 3), (3,)))
    found = numbers(layer(x))
    assert found.shape == layer.compute_output_shape(x.shape) == (2, 5, 4, 3)
    kernels = numbers(layer.kernel)
    expected = np.zeros(found.shape)
    for number, (source, out) in enumerate(layer.connections):
        part = x[..., source].astype("float64")
        for row in range(3):
            for column in range(3):
                piece = part[:, row : row + 5, column : column + 4]
                expected[..., out] += piece * kernels[row, column, number]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_papers_table():
    """Its counts: six maps see 3, nine see 4, one sees all 6; each input is seen by 10."""
    assert [len(row) for row in LENET_TABLE] == [3] * 6 + [4] * 9 + [6]
    seen = [source for row in LENET_TABLE for source in row]
    assert [seen.count(source) for source in range(6)] == [10] * 6
    assert len(set(LENET_TABLE)) == 16
    with pytest.raises(ValueError, match="at least 6 channels, because the table connects"):
        TableConv2D(5).build((None, 14, 14, 5))


@pytest.mark.backend
def test_radial_basis_units_measure_distances():
    x = noise(4, 7)
    layer = RadialBasis(3)
    found = numbers(layer(x))
    codes = numbers(layer.codes)
    assert set(np.unique(codes)) == {-1.0, 1.0}
    assert not layer.trainable_weights
    expected = -((x[:, None] - codes.T[None]) ** 2).sum(axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    again = RadialBasis(3)
    again.build((None, 7))
    np.testing.assert_array_equal(numbers(again.codes), codes)


@pytest.mark.parametrize(
    "layer, shape",
    [
        (SubSampling(), (1, 4, 4, 2)),
        (TableConv2D(2, ((0,), (0, 1)), "tanh"), (1, 3, 4, 2)),
        (RadialBasis(3), (2, 5)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_gradients_and_configuration(layer, shape):
    assert gradient_check(layer, shape).passed
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
