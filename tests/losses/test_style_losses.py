"""Losses of style transfer against NumPy, PyTorch, central differences and the course."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from dlzoo.layers import GramMatrix
from dlzoo.losses import ContentLoss, StyleLoss, TotalVariation
from dlzoo.testing import gradient_check, gradients

TORCH = dict(np.load(Path(__file__).parents[1] / "references" / "style.npz"))
RNG = np.random.default_rng(1)
PICTURE, CONTENT = RNG.normal(size=(2, 2, 5, 4, 3))
STYLE = RNG.normal(size=(2, 3, 7, 3))


def number(value):
    return float(ops.convert_to_numpy(value))


def tensor(array):
    return ops.convert_to_tensor(array.astype("float32"))


def gram(x):
    """Sum over the positions of one picture."""
    flat = x.reshape(-1, x.shape[-1])
    return flat.T @ flat


@pytest.mark.backend
@pytest.mark.parametrize("normalise, divisor", [("positions", 21), ("elements", 63), (None, 1)])
def test_gram_matrix(normalise, divisor):
    layer = GramMatrix(normalise)
    found = ops.convert_to_numpy(layer(tensor(STYLE)))
    expected = np.stack([gram(picture) for picture in STYLE]) / divisor
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    again = GramMatrix.from_config(layer.get_config())
    assert again.normalise == normalise


def test_gram_matrix_of_any_size_and_in_float32():
    image = keras.Input((None, None, 3))
    model = keras.Model(image, GramMatrix(dtype="mixed_bfloat16")(image))
    assert model.output_shape == (None, 3, 3)
    found = model(tensor(STYLE))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    expected = np.stack([gram(picture) for picture in STYLE]) / 21
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=0.05)


@pytest.mark.parametrize(
    "origin, factor", [("paper", 1 / 2), ("course", 1 / (4 * 60)), ("torch", 1 / 60)]
)
def test_content_loss(origin, factor):
    squares = ((PICTURE - CONTENT) ** 2).sum(axis=(1, 2, 3))
    found = number(ContentLoss(origin)(tensor(CONTENT), tensor(PICTURE)))
    assert found == pytest.approx(factor * squares.mean(), rel=1e-5)


@pytest.mark.parametrize("origin", ["paper", "course", "torch"])
def test_style_loss(origin):
    channels = PICTURE.shape[-1]
    by_hand = [
        ((gram(picture) / 20 - gram(style) / 21) ** 2).sum()
        for picture, style in zip(PICTURE, STYLE, strict=True)
    ]
    factor = channels**-4 if origin == "torch" else 1 / (4 * channels**2)
    loss = StyleLoss(origin)
    expected = pytest.approx(factor * np.mean(by_hand), rel=1e-5)
    assert number(loss(tensor(STYLE), tensor(PICTURE))) == expected
    once = GramMatrix()(tensor(STYLE))
    assert number(loss(once, tensor(PICTURE))) == expected
    assert number(loss(once, GramMatrix()(tensor(PICTURE)))) == expected


def test_equal_sizes_are_equation_4():
    """`sum (G - A)**2 / (4 N**2 M**2)`, with the Gram matrices as the paper has them."""
    sums = [((gram(p) - gram(c)) ** 2).sum() for p, c in zip(PICTURE, CONTENT, strict=True)]
    expected = np.mean(sums) / (4 * 3**2 * 20**2)
    found = number(StyleLoss("paper")(tensor(CONTENT), tensor(PICTURE)))
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("beta", [2.0, 2.5])
def test_total_variation(beta):
    expected = 0.0
    for row in range(4):
        for column in range(3):
            here = PICTURE[:, row, column]
            down = PICTURE[:, row + 1, column] - here
            right = PICTURE[:, row, column + 1] - here
            expected = expected + ((down**2 + right**2) ** (beta / 2)).sum(axis=-1)
    found = ops.convert_to_numpy(TotalVariation(beta)(tensor(PICTURE)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.backend
def test_pytorch_gives_the_same_losses_and_gradients():
    picture, style = TORCH["picture"], tensor(TORCH["style"])
    np.testing.assert_allclose(
        ops.convert_to_numpy(GramMatrix("elements")(style)), TORCH["gram"], rtol=1e-4, atol=1e-6
    )
    content, batch = tensor(TORCH["content"]), len(picture)
    objectives = {
        "content_loss": lambda v: ContentLoss("torch")(content, v[0]),
        "style_loss": lambda v: StyleLoss("torch")(style, v[0]),
        "total_variation": lambda v: ops.sum(TotalVariation()(v[0])),
    }
    assert batch == 2
    for name, objective in objectives.items():
        start = picture.astype("float32")
        assert number(objective([tensor(start)])) == pytest.approx(float(TORCH[name]), rel=1e-4)
        (slope,) = gradients(objective, [start])
        expected = TORCH[f"{name}/gradient"]
        np.testing.assert_allclose(slope, expected, rtol=1e-3, atol=1e-5 * abs(expected).max())


@pytest.mark.parametrize("origin", ["paper", "course", "torch"])
def test_gradients_of_the_losses(origin):
    check = gradient_check(ContentLoss(origin), PICTURE.shape, target=CONTENT)
    assert check.passed, check
    check = gradient_check(StyleLoss(origin), PICTURE.shape, target=STYLE)
    assert check.passed, check


@pytest.mark.parametrize("layer", [GramMatrix(), TotalVariation(), TotalVariation(2.5)])
def test_gradients_of_the_layers(layer):
    check = gradient_check(layer, (2, 5, 4, 3))
    assert check.passed, check


@pytest.mark.parametrize("kind", [ContentLoss, StyleLoss])
def test_configuration(kind):
    again = kind.from_config(kind("course").get_config())
    assert again.origin == "course"
    with pytest.raises(ValueError, match=f"{kind.__name__}: origin must be one of"):
        kind("gatys")


def test_errors():
    with pytest.raises(ValueError, match="GramMatrix: normalise must be one of"):
        GramMatrix("pixels")
    with pytest.raises(ValueError, match="TotalVariation: beta must be between 2 and 10"):
        TotalVariation(1)
