"""Regularisation shown: a network that over-fits gains on images that it has not seen."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from dlzoo.models import mlp
from dlzoo.training import decay_kernels

SEEDS = range(2)
TRAIN, WRONG, EPOCHS = 200, 60, 60


def digits():
    """200 noisy images to learn from, the labels of 60 drawn at random; 1,597 true ones."""
    x, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    x = (x[order] / 16 + rng.normal(0, 0.2, x.shape)).astype("float32")
    y = y[order]
    y[:WRONG] = rng.integers(0, 10, WRONG)
    return (x[:TRAIN], y[:TRAIN]), (x[TRAIN:], y[TRAIN:])


def accuracies(seed, *, l2=0.0, keep_prob=1.0):
    """On train and dev, after the same training."""
    keras.utils.set_random_seed(seed)
    train, dev = digits()
    model = mlp(input_shape=(64,), depth=2, width=128, keep_prob=keep_prob)
    decay_kernels(model, l2=l2)
    loss = "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], steps_per_execution=20)
    often = np.tile(train[0], (EPOCHS, 1)), np.tile(train[1], EPOCHS)  # epochs, at one go
    model.fit(*often, batch_size=50, verbose=0)
    return [model.evaluate(*data, batch_size=800, verbose=0)[1] for data in (train, dev)]


@pytest.mark.slow
def test_l2_and_inverted_dropout_help_a_network_that_over_fits():
    """It learns even the wrong labels by heart, unless it is hindered."""
    plain = np.array([accuracies(seed) for seed in SEEDS])
    assert (plain[:, 0] > 0.98).all()
    for regularised in ({"l2": 0.02}, {"keep_prob": 0.5}):
        found = np.array([accuracies(seed, **regularised) for seed in SEEDS])
        gain = found[:, 1] - plain[:, 1]
        assert (gain > 0.01).all()
        assert gain.mean() > 0.03
