"""Local response normalisation against NumPy, TensorFlow and PyTorch."""

import keras
import numpy as np
import pytest

from dlzoo.layers import LocalResponseNormalization
from dlzoo.testing import gradient_check

CONSTANTS = {"n": 5, "k": 2.0, "alpha": 0.1, "beta": 0.75}


def activations(channels=7):
    return np.random.default_rng(0).normal(size=(2, 3, 4, channels)).astype("float32") * 3


def by_hand(x, n, k, alpha, beta):
    x = x.astype("float64")
    out = np.empty_like(x)
    for i in range(x.shape[-1]):
        near = x[..., max(0, i - n // 2) : i + n // 2 + 1]
        out[..., i] = x[..., i] / (k + alpha * (near**2).sum(axis=-1)) ** beta
    return out


@pytest.mark.backend
@pytest.mark.parametrize("n, channels", [(5, 7), (3, 7), (1, 2), (9, 4)])
def test_it_is_the_formula(n, channels):
    x = activations(channels)
    constants = CONSTANTS | {"n": n}
    found = keras.ops.convert_to_numpy(LocalResponseNormalization(**constants)(x))
    np.testing.assert_allclose(found, by_hand(x, **constants), rtol=1e-5, atol=1e-6)


def test_the_defaults_are_the_papers():
    layer = LocalResponseNormalization()
    assert (layer.n, layer.k, layer.alpha, layer.beta) == (5, 2.0, 1e-4, 0.75)


def test_pytorch_divides_alpha_by_n():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = activations()
    peer = torch.nn.LocalResponseNorm(5, alpha=0.5, beta=0.75, k=2.0)
    expected = peer(torch.tensor(x.transpose(0, 3, 1, 2))).numpy().transpose(0, 2, 3, 1)
    found = keras.ops.convert_to_numpy(LocalResponseNormalization(**CONSTANTS)(x))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_gradients():
    layer = LocalResponseNormalization(**CONSTANTS | {"n": 3})
    assert gradient_check(layer, (2, 2, 3, 4)).passed


def test_half_precision_is_summed_in_single():
    x = keras.ops.cast(activations(), "bfloat16")
    layer = LocalResponseNormalization(**CONSTANTS, dtype="mixed_bfloat16")
    found = layer(x)
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    expected = by_hand(keras.ops.convert_to_numpy(keras.ops.cast(x, "float32")), **CONSTANTS)
    found = keras.ops.convert_to_numpy(keras.ops.cast(found, "float32"))
    np.testing.assert_allclose(found, expected, rtol=2**-8)


@pytest.mark.parametrize("arguments", [{"n": 4}, {"n": 0}, {"alpha": -1}, {"k": "2"}])
def test_arguments(arguments):
    with pytest.raises(ValueError, match=f"{next(iter(arguments))} must be"):
        LocalResponseNormalization(**arguments)
