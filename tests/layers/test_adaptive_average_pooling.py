"""Average pooling to a grid, by PyTorch's rule."""

import keras
import numpy as np
import pytest

from dlzoo.layers import AdaptiveAveragePooling2D
from dlzoo.testing import gradient_check

SIZES = [(7, 7), (14, 14), (9, 16), (2, 3), (1, 25), (10, 6)]


def by_hand(x, rows, columns):
    """The rule in float64: from floor(i n / m) to ceil((i + 1) n / m)."""
    height, width = x.shape[1:3]
    out = np.zeros((len(x), rows, columns, x.shape[3]))
    for i in range(rows):
        for j in range(columns):
            top, bottom = i * height // rows, -(-(i + 1) * height // rows)
            left, right = j * width // columns, -(-(j + 1) * width // columns)
            out[:, i, j] = x[:, top:bottom, left:right].astype("float64").mean(axis=(1, 2))
    return out


@pytest.mark.backend
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_it_is_the_mean_of_each_cell(size):
    x = np.random.default_rng(0).normal(size=(2, *size, 3)).astype("float32")
    layer = AdaptiveAveragePooling2D((7, 4))
    found = keras.ops.convert_to_numpy(layer(x))
    assert found.shape == layer.compute_output_shape(x.shape) == (2, 7, 4, 3)
    np.testing.assert_allclose(found, by_hand(x, 7, 4), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_it_is_what_pytorch_does(size):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = np.random.default_rng(1).normal(size=(2, *size, 3)).astype("float32")
    expected = torch.nn.functional.adaptive_avg_pool2d(
        torch.tensor(x.transpose(0, 3, 1, 2)), (6, 6)
    )
    found = keras.ops.convert_to_numpy(AdaptiveAveragePooling2D(6)(x))
    np.testing.assert_allclose(
        found, expected.numpy().transpose(0, 2, 3, 1), rtol=1e-5, atol=1e-6
    )


@pytest.mark.backend
def test_sides_that_are_known_only_later():
    image = keras.Input((None, None, 2))
    model = keras.Model(image, AdaptiveAveragePooling2D(3)(image))
    assert model.output_shape == (None, 3, 3, 2)
    for size in SIZES[:3]:
        x = np.random.default_rng(2).normal(size=(2, *size, 2)).astype("float32")
        found = model.predict_on_batch(x)
        np.testing.assert_allclose(found, by_hand(x, 3, 3), rtol=1e-5, atol=1e-6)


def test_gradients_and_saving():
    assert gradient_check(AdaptiveAveragePooling2D((2, 3)), (2, 5, 4, 2)).passed
    layer = AdaptiveAveragePooling2D((2, 3), name="cells")
    assert AdaptiveAveragePooling2D.from_config(layer.get_config()).output_size == (2, 3)


@pytest.mark.parametrize("size", [0, (1, 2, 3), 2.5, "7"])
def test_output_sizes_that_are_none(size):
    with pytest.raises(ValueError, match="AdaptiveAveragePooling2D: output_size must be"):
        AdaptiveAveragePooling2D(size)
