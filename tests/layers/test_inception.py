"""The inception module and the auxiliary head: what they compute, save and refuse."""

import keras
import numpy as np
import pytest

from dlzoo.layers import AuxiliaryHead, AuxiliaryOutputs, ConvBN, InceptionModule
from dlzoo.testing import gradient_check

FILTERS = (3, 2, 4, 1, 2, 3)


def numbers(x):
    return keras.ops.convert_to_numpy(x)


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.backend
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_branches_stand_side_by_side(batch_norm, kernel_size):
    module = InceptionModule(FILTERS, kernel_size=kernel_size, batch_norm=batch_norm)
    x = noise(2, 5, 6, 4)
    found = numbers(module(x))
    assert found.shape == module.compute_output_shape(x.shape) == (2, 5, 6, 12)
    pooled = keras.ops.max_pool(keras.ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)),
                                              constant_values=-1e9), 3, 1)  # fmt: skip
    parts = (
        module.conv1(x),
        module.conv3(module.reduce3(x)),
        module.conv5(module.reduce5(x)),
        module.project(pooled),
    )
    expected = np.concatenate([numbers(part) for part in parts], axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert isinstance(module.conv1, ConvBN) == batch_norm
    first = module.conv5.conv if batch_norm else module.conv5
    assert first.kernel.shape[:2] == (kernel_size, kernel_size)


def test_a_branch_more_or_less_is_refused():
    with pytest.raises(ValueError, match="InceptionModule: filters must be six numbers"):
        InceptionModule((1, 2, 3))


@pytest.mark.backend
def test_the_papers_head_pools_five_by_five():
    head = AuxiliaryHead(7, filters=3, hidden=6)
    x = noise(2, 14, 14, 4)
    assert numbers(head(x)).shape == (2, 7)
    assert head.hidden.kernel.shape == (4 * 4 * 3, 6)
    windows = np.stack([x[:, 3 * i : 3 * i + 5] for i in range(4)], 1)
    windows = np.stack([windows[:, :, :, 3 * j : 3 * j + 5] for j in range(4)], 3)
    pooled = windows.mean(axis=(2, 4))
    np.testing.assert_allclose(numbers(head.pool(x)), pooled, rtol=1e-5, atol=1e-6)


def test_a_head_with_a_grid_takes_any_size():
    head = AuxiliaryHead(7, grid=4, filters=3, hidden=6)
    for side in (2, 9, 14):
        assert numbers(head(noise(1, side, side, 4))).shape == (1, 7)


@pytest.mark.parametrize("shape", [(None, 4, 14, 8), (None, None, 14, 8)])
def test_the_papers_head_says_what_it_needs(shape):
    with pytest.raises(ValueError, match="known and at least 5, because the paper's head"):
        AuxiliaryHead(7, name="aux1").build(shape)


@pytest.mark.parametrize(
    "layer, shape",
    [
        (InceptionModule(FILTERS, batch_norm=False), (1, 3, 4, 4)),
        (AuxiliaryHead(3, grid=2, filters=2, hidden=4), (2, 3, 4, 4)),
    ],
    ids=["module", "head"],
)
def test_gradients_and_configuration(layer, shape):
    assert gradient_check(layer, shape).passed
    copy = type(layer).from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()


def test_outputs_are_kept_in_training_only_and_taken_once():
    layer = AuxiliaryOutputs(0.5)
    first, second = noise(2, 3), noise(2, 3) + 1
    np.testing.assert_array_equal(numbers(layer([first, second], training=True)), first)
    (kept,) = layer.take()
    np.testing.assert_array_equal(numbers(kept), second)
    assert layer.take() == ()
    layer([first, second], training=True)
    layer([first, second], training=False)
    assert layer.take() == ()
