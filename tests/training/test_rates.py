"""The rate of the course, in a model that is saved; gradients are clipped by their norm."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from dlzoo.training import InverseSqrtDecay, Schedule


def rate(optimizer):
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


@pytest.mark.backend
def test_the_formula_epoch_by_epoch():
    schedule = InverseSqrtDecay(0.2, steps_per_epoch=3, k=0.5)
    got = [float(keras.ops.convert_to_numpy(schedule(step))) for step in range(9)]
    expected = np.repeat(0.2 * 0.5 / np.sqrt([1, 2, 3]), 3)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def compiled():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(InverseSqrtDecay(0.1, steps_per_epoch=2)), "mse")
    return model


def test_training_follows_it():
    model = compiled()
    rates = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: rates.append(rate(model.optimizer))
    )
    x = np.ones((4, 2), "float32")
    model.fit(x, x[:, :1], batch_size=2, epochs=4, verbose=0, callbacks=[watch])
    np.testing.assert_allclose(rates, 0.1 / np.sqrt([1, 2, 3, 4]), rtol=1e-5)


@pytest.mark.slow
def test_loaded_with_nothing_but_import_dlzoo(tmp_path):
    compiled().save(tmp_path / "model.keras")
    code = (
        "import dlzoo, keras\n"
        f"model = keras.saving.load_model({str(tmp_path / 'model.keras')!r})\n"
        "print(model.optimizer.get_config()['learning_rate']['config'])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True
    )
    assert "'steps_per_epoch': 2" in done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"initial_learning_rate": -1}, "initial_learning_rate must be between"),
        ({"steps_per_epoch": 0}, "steps_per_epoch must be a whole number"),
        ({"k": -1}, "k must be between"),
    ],
)
def test_bad_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        InverseSqrtDecay(**{"initial_learning_rate": 0.1, "steps_per_epoch": 1} | arguments)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_gradients_of_all_variables_are_clipped_together(optimizer):
    built = Schedule(1, 0.1, optimizer, global_clipnorm=5.0).build(1)
    assert built.global_clipnorm == 5.0
    gradients = [keras.ops.full((2, 2), 10.0), keras.ops.full((3,), 10.0)]
    clipped = [keras.ops.convert_to_numpy(g) for g in built._clip_gradients(gradients)]
    together = np.sqrt(sum((g**2).sum() for g in clipped))
    assert together == pytest.approx(5.0, rel=1e-5)
    assert clipped[0][0, 0] == pytest.approx(clipped[1][0])


def test_a_norm_of_nothing_is_refused():
    with pytest.raises(ValueError, match="global_clipnorm must be between"):
        Schedule(1, 0.1, global_clipnorm=0)
