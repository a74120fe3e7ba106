"""A convolution in groups is Keras's, and each group is a convolution of its own."""

import keras
import numpy as np
import pytest

from dlzoo.layers import GroupedConv2D
from dlzoo.testing import gradient_check


@pytest.mark.backend
@pytest.mark.parametrize("strides, padding", [(1, "same"), (2, "valid")])
def test_each_group_sees_its_part(strides, padding):
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 6)).astype("float32")
    layer = GroupedConv2D(8, 3, strides, padding, groups=2, bias_initializer="ones")
    found = keras.ops.convert_to_numpy(layer(x))
    assert layer.kernel.shape == (3, 3, 3, 8)
    assert found.shape == layer.compute_output_shape(x.shape)
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    halves = [
        keras.ops.conv(
            x[..., 3 * g : 3 * g + 3], kernel[..., 4 * g : 4 * g + 4], strides, padding
        )
        for g in (0, 1)
    ]
    expected = np.concatenate([keras.ops.convert_to_numpy(half) for half in halves], axis=-1)
    np.testing.assert_allclose(found, expected + 1, rtol=1e-5, atol=1e-5)


def test_it_is_kerass_layer():
    x = np.random.default_rng(1).normal(size=(2, 6, 7, 6)).astype("float32")
    ours = GroupedConv2D(9, (3, 1), groups=3, activation="relu")
    peer = keras.layers.Conv2D(9, (3, 1), groups=3, activation="relu")
    ours.build(x.shape)
    peer.build(x.shape)
    peer.set_weights(ours.get_weights())
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(ours(x)),
        keras.ops.convert_to_numpy(peer(x)),
        rtol=1e-5,
        atol=1e-6,
    )
    assert GroupedConv2D.from_config(ours.get_config()).groups == 3


def test_gradients():
    assert gradient_check(GroupedConv2D(4, 3, groups=2), (1, 4, 5, 4)).passed
