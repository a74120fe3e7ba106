"""Checkpoints, schedules, forward passes, caches, precision, seeds."""

import json
import random

import keras
import numpy as np
import pytest

from dlzoo.errors import DataError
from dlzoo.training import (
    Schedule,
    forward,
    seeded,
    set_policy,
    stored,
    sublayers,
    weights_digest,
)
from dlzoo.training.checkpoint import Checkpoint


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    path = tmp_path / "c.npz"
    state = Checkpoint(
        stage=1,
        epoch=3,
        stopped=True,
        history=({"stage": "head", "loss": 0.5},),
        best=(0.9, -0.1),
        best_epoch=2,
        values=(np.arange(3.0), np.uint32([[1, 2]])),
        best_values=tuple(np.full(2, float(i)) for i in range(12)),
        optimizer=(np.int64(7),),
    )
    state.save(path)
    got = Checkpoint.load(path)
    assert (got.stage, got.epoch, got.stopped) == (1, 3, True)
    assert (got.best, got.history) == (state.best, state.history)
    for name in ("values", "best_values", "optimizer"):
        for ours, theirs in zip(getattr(got, name), getattr(state, name), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert [p.name for p in tmp_path.iterdir()] == ["c.npz"]


def test_a_damaged_checkpoint_says_what_to_do(tmp_path):
    path = tmp_path / "c.npz"
    path.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(DataError, match="fresh=True"):
        Checkpoint.load(path)


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"learning_rate": -1.0}, "learning_rate must be between"),
        ({"optimizer": "lion"}, "optimizer must be one of"),
    ],
)
def test_schedules_are_checked(arguments, match):
    with pytest.raises(ValueError, match=match):
        Schedule(**{"epochs": 1, "learning_rate": 0.1} | arguments)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_weight_decay_spares_biases_and_normalisation(optimizer):
    layer = keras.Sequential([keras.layers.Dense(2), keras.layers.BatchNormalization()])
    layer.build((None, 3))
    built = Schedule(2, 0.5, optimizer, weight_decay=0.1).build(4)
    layer.trainable_weights[1].assign([1.0, 1.0])
    built.apply(
        [keras.ops.zeros_like(w) for w in layer.trainable_weights],
        layer.trainable_weights,
    )
    kernel, bias, gamma, _ = layer.trainable_weights
    before = keras.ops.convert_to_numpy(kernel)
    built.apply(
        [keras.ops.zeros_like(w) for w in layer.trainable_weights],
        layer.trainable_weights,
    )
    assert (abs(keras.ops.convert_to_numpy(kernel)) < abs(before)).all()
    assert (keras.ops.convert_to_numpy(bias) == 1).all()
    assert (keras.ops.convert_to_numpy(gamma) == 1).all()


@pytest.mark.parametrize("count", [1, 5, 6, 7])
def test_forward_equals_one_call_whatever_the_batches(count):
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dropout(0.5)])
    model.build((None, 4))
    inputs = np.random.default_rng(0).normal(size=(count, 4)).astype("float32")
    expected = keras.ops.convert_to_numpy(model(inputs, training=False))
    got = forward(model, inputs, 3)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_stored_computes_once(tmp_path):
    path = tmp_path / "cache" / "a.npy"
    calls = []

    def compute():
        calls.append(1)
        return np.arange(4.0)

    for _ in range(2):
        np.testing.assert_array_equal(stored(path, compute), np.arange(4.0))
    assert len(calls) == 1


def test_the_digest_sees_weights_and_settings():
    model = keras.Sequential([keras.layers.Dense(3)])
    model.build((None, 4))
    first = weights_digest(model, size=[1, 2])
    assert first == weights_digest(model, size=[1, 2])
    assert first != weights_digest(model, size=[2, 1])
    model.weights[1].assign([0.0, 0.0, 1e-6])
    assert first != weights_digest(model, size=[1, 2])


def test_the_policy_changes_computing_only():
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
    model.build((None, 4))
    set_policy(model, "mixed_bfloat16", keep=[model.layers[-1]])
    assert [layer.compute_dtype for layer in model.layers] == ["bfloat16", "float32"]
    assert {str(w.dtype) for w in model.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    set_policy(model, "float32")
    assert {layer.compute_dtype for layer in sublayers(model)} == {"float32"}


def test_seeded_builds_the_same_and_leaves_the_callers_numbers():
    def build():
        with seeded(4):
            layer = keras.layers.Dense(3)
            layer.build((None, 4))
        return keras.ops.convert_to_numpy(layer.kernel)

    random.seed(0)
    expected = random.random()
    random.seed(0)
    first, second = build(), build()
    assert random.random() == expected
    np.testing.assert_array_equal(first, second)


def test_to_dict_is_json():
    assert json.loads(json.dumps(Schedule(3, 0.1).to_dict()))["epochs"] == 3
