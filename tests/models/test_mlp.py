"""Fully connected networks: the course's equations, and what the course tells of them."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

import dlzoo
from tests.models.zoo import answer, count, fill

FUNCTIONS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.2 * z),
}


@pytest.mark.backend
@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("shape", [(12,), (4, 3, 2)], ids=str)
def test_mlp_is_the_courses(activation, shape):
    model = fill(dlzoo.models.mlp(None, 3, shape, depth=2, width=(7, 5), activation=activation))
    x = np.random.default_rng(0).normal(size=(4, *shape)).astype("float32")
    a = x.reshape(4, -1).astype("float64")
    for name in ("hidden1", "hidden2", "head"):
        kernel, bias = model.get_layer(name).get_weights()
        z = a @ kernel + bias
        a = z if name == "head" else FUNCTIONS[activation](z)
    scores = np.exp(z - z.max(axis=1, keepdims=True))
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answer(model, x), expected, rtol=1e-4, atol=1e-6)


def test_logistic_regression_is_depth_zero():
    model = dlzoo.models.mlp(None, 1, (64, 64, 3), depth=0, classifier_activation="sigmoid")
    assert count(model) == 64 * 64 * 3 + 1
    assert model.output_shape == (None, 1)


def test_the_published_one():
    assert count(dlzoo.models.mlp()) == dlzoo.card("mlp").parameters["course"] == 238_510


@pytest.mark.parametrize(
    "initializer, std",
    [("zeros", 0), ("small", 0.01), ("xavier", (2 / 700) ** 0.5), ("he", (2 / 500) ** 0.5)],
)
def test_first_values(initializer, std):
    model = dlzoo.models.mlp(None, 10, (500,), width=200, initializer=initializer)
    kernel, bias = model.get_layer("hidden1").get_weights()
    assert kernel.std() == pytest.approx(std, rel=0.02)
    assert not bias.any()


def digits():
    """200 of scikit-learn's, as numbers of 0 to 1."""
    data = load_digits()
    return (data.images / 16).astype("float32")[:200, ..., None], data.target[:200]


def fitted(x, y, steps, **options):
    """A network after `steps` on all of `x` at once."""
    keras.utils.set_random_seed(1)
    model = dlzoo.models.mlp(None, 10, (8, 8, 1), **options)
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    for _ in range(steps):
        model.train_on_batch(x, y)
    return model


def test_zeros_stay_symmetric_and_he_does_not():
    x, y = digits()

    def kernels(initializer):
        model = fitted(
            x, y, 10, depth=2, width=6, activation="sigmoid", initializer=initializer
        )
        return [model.get_layer(name).get_weights()[0] for name in ("hidden1", "hidden2")]

    for kernel in kernels("zeros"):
        assert kernel.any()  # it did learn
        np.testing.assert_array_equal(kernel, np.repeat(kernel[:, :1], 6, axis=1))
    for kernel in kernels("he"):
        apart = np.linalg.norm(kernel[:, :, None] - kernel[:, None, :], axis=0)
        assert apart[~np.eye(6, dtype=bool)].min() > 0.1


def test_dropout_is_after_each_hidden_layer_and_in_training_only():
    model = dlzoo.models.mlp(None, 3, (50,), depth=2, width=40, keep_prob=0.5)
    names = [layer.name for layer in model.layers if "dropout" in layer.name]
    assert names == ["hidden1_dropout", "hidden2_dropout"]
    x = np.ones((2, 50), "float32")
    np.testing.assert_array_equal(answer(model, x), answer(model, x))
    assert (answer(model, x, training=True) != answer(model, x, training=True)).any()


def test_weights_and_preprocessing(tmp_path):
    arguments = {"classes": 3, "input_shape": (4, 4, 3), "depth": 2, "width": 5}
    model = fill(dlzoo.models.mlp(**arguments, include_preprocessing=True))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype("float32")
    np.testing.assert_array_equal(answer(again, pixels), answer(model, pixels))
    bare = dlzoo.models.mlp(tmp_path / "model.keras", **arguments)
    assert (bare.load_report.origin, bare.load_report.random) == ("course", ())
    np.testing.assert_allclose(answer(bare, pixels / 255), answer(model, pixels), rtol=1e-4)
    body = dlzoo.models.mlp(tmp_path / "model.keras", **arguments | {"classes": 0})
    assert body.output_shape == (None, 5)
    assert dlzoo.load_weights(again, tmp_path / "model.keras").unused == ()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"depth": -1}, "depth must be a whole number of at least 0"),
        ({"depth": 2, "width": (3,)}, "width must be a number or one for each of the 2"),
        ({"width": 0}, "width must be a whole number of at least 1"),
        ({"activation": "swish"}, "activation must be one of"),
        ({"initializer": "ones"}, "initializer must be one of"),
        ({"keep_prob": 0}, "keep_prob must be between"),
        ({"input_shape": ()}, "input_shape must be the shape of one input"),
        ({"input_shape": (None, 4, 3)}, "each number of input_shape must be a whole number"),
        ({"classes": 0, "pooling": "avg"}, "pooling must be None, because there is no"),
        ({"origin": "torch"}, r"origin must be one of \['course'\]"),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises(ValueError, match=f"^mlp: {message}"):
        dlzoo.models.mlp(**arguments)
