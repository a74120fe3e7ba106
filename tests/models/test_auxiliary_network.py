"""A network with auxiliary heads, small enough to compute by hand: what `fit` minimises."""

import warnings

import keras
import numpy as np
import pytest

from dlzoo.layers import AuxiliaryHead, AuxiliaryOutputs
from dlzoo.models import AuxiliaryNetwork

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 6, 6, 2)).astype("float32")
Y = np.arange(12) % 3
WEIGHTS = np.linspace(0.5, 1.5, 12).astype("float32")


def network(dropout=0.0):
    """Two auxiliary heads of weight 0.3, and what each head answers."""
    image = keras.Input((6, 6, 2))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    arguments = {"grid": 2, "filters": 3, "hidden": 5, "dropout": dropout}
    others = [
        AuxiliaryHead(3, "softmax", name=name, **arguments)(x) for name in ("aux1", "aux2")
    ]
    x = keras.layers.GlobalAveragePooling2D()(x)
    scores = keras.layers.Dense(3, "softmax", name="head", kernel_regularizer="l2")(x)
    model = AuxiliaryNetwork(image, AuxiliaryOutputs()([scores, *others]))
    return model, keras.Model(image, [scores, *others])


def crossentropy(scores, weights=1.0):
    return float((-np.log(scores[np.arange(12), Y]) * weights).mean())


@pytest.mark.backend
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_the_loss_is_that_of_the_head_and_three_tenths_of_the_others(weights):
    model, heads = network()
    first, *others = (crossentropy(s, 1.0 if weights is None else weights)
                      for s in heads.predict(X, verbose=0))  # fmt: skip
    penalty = float(keras.ops.convert_to_numpy(model.losses[0]))
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    found = model.fit(X, Y, 12, sample_weight=weights, verbose=0).history["loss"][0]
    assert found == pytest.approx(first + penalty + 0.3 * sum(others), rel=1e-4)
    tested = model.evaluate(X, Y, 12, sample_weight=weights, verbose=0)
    assert tested == pytest.approx(first + penalty, rel=1e-4)


@pytest.mark.backend
def test_every_head_learns_and_one_answers(tmp_path):
    keras.utils.set_random_seed(0)
    model, _ = network(dropout=0.2)
    before = {v.path: keras.ops.convert_to_numpy(v) for v in model.trainable_variables}
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    history = model.fit(X, Y, batch_size=5, epochs=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    for variable in model.trainable_variables:
        assert (keras.ops.convert_to_numpy(variable) != before[variable.path]).any()
    answers = model.predict(X, verbose=0)
    assert answers.shape == (12, 3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again) is AuxiliaryNetwork
    np.testing.assert_allclose(again.predict(X, verbose=0), answers, rtol=1e-5, atol=1e-6)
    assert np.isfinite(again.train_on_batch(X, Y)).all()
    assert type(keras.models.clone_model(model)) is AuxiliaryNetwork


@pytest.mark.backend
def test_inside_another_model_it_is_a_network_like_any_other():
    model, _ = network()
    image = keras.Input((6, 6, 2))
    outer = keras.Model(image, model(image))
    outer.compile("sgd", "sparse_categorical_crossentropy")
    with warnings.catch_warnings():  # TensorFlow: the auxiliary heads have no gradient
        warnings.simplefilter("ignore")
        assert np.isfinite(outer.fit(X, Y, verbose=0).history["loss"][0])
    assert outer.predict(X, verbose=0).shape == (12, 3)
