"""Models that were saved answer the same in a process that knows nothing but dlzoo."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from dlzoo.layers import ConvBN
from dlzoo.models import Network
from dlzoo.models.loading import variables
from tests.models.zoo import ZOO, answer, each_first_row, fill, images

CHILD = """
{imports}
import sys
from pathlib import Path
import numpy as np

for path in sorted(Path(sys.argv[1]).glob("*.keras")):
    model = keras.saving.load_model(path)
    x = np.load(path.with_suffix(".input.npy"))
    found = keras.ops.convert_to_numpy(model(x, training=False))
    np.save(path.with_suffix(".found.npy"), found)
"""
ORDERS = {
    "dlzoo first": "import dlzoo\nimport keras",
    "keras first": "import keras\nimport dlzoo",
}
FIRST = [row for row in ZOO if row.first]


def _rest():
    """One network of each name and origin that is not yet among `FIRST`, in two halves.

    A width multiplier adds nothing to what is saved but another number.
    """
    found = {}
    for row in ZOO:
        flags = tuple(option for option in row.options.values() if isinstance(option, bool))
        if not (row.heavy or row.huge):
            found.setdefault((row.name, row.origin, flags), row)
    rows = [row for row in found.values() if not row.first]
    return rows[::2], rows[1::2]


def in_a_fresh_process(folder, imports):
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::UserWarning",
            "-c",
            CHILD.format(imports=imports),
            folder,
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": keras.backend.backend()},
    )
    assert done.returncode == 0, done.stderr


def saved(rows, folder):
    """Save a network of each row and its input; the answers by name."""
    expected = {}
    for number, row in enumerate(rows):
        raw = number % 2 == 0  # every other one takes raw pixels
        model = fill(row.build(include_preprocessing=raw), row.gain)
        x = images(2, row.size, row.size, 3, seed=number) * (60.0 if raw else 1.0)
        model.save(folder / f"{number}.keras")
        np.save(folder / f"{number}.input.npy", keras.ops.convert_to_numpy(x))
        expected[str(number)] = answer(model, x)
    return expected


@pytest.mark.parametrize(
    "rows, order",
    [
        pytest.param(FIRST, "dlzoo first", id="first"),
        pytest.param(FIRST[:1], "keras first", id="keras first"),
        *(
            pytest.param(half, "dlzoo first", id=f"rest {number}", marks=pytest.mark.slow)
            for number, half in enumerate(_rest(), 1)
        ),
    ],
)
def test_a_fresh_process_answers_the_same(rows, order, tmp_path):
    expected = saved(rows, tmp_path)
    in_a_fresh_process(tmp_path, ORDERS[order])
    for name, answers in expected.items():
        found = np.load(tmp_path / f"{name}.found.npy")
        np.testing.assert_allclose(found, answers, rtol=1e-5, atol=1e-7)


@each_first_row
def test_weights_alone(row, tmp_path):
    model = fill(row.build(), row.gain)
    model.save_weights(tmp_path / "x.weights.h5")
    other = row.build()
    other.load_weights(tmp_path / "x.weights.h5")
    for one, two in zip(variables(model).values(), variables(other).values(), strict=True):
        assert one.path == two.path
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(two)
        )


@each_first_row
def test_config_round_trip(row):
    model = row.build()
    copy = type(model).from_config(model.get_config())
    assert copy.get_config() == model.get_config()
    copy.set_weights(model.get_weights())
    x = images(2, row.size, row.size, 3)
    np.testing.assert_array_equal(answer(copy, x), answer(model, x))


@each_first_row
def test_clone(row):
    model = fill(row.build(), row.gain)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    x = images(2, row.size, row.size, 3)
    np.testing.assert_array_equal(answer(copy, x), answer(model, x))


def test_what_is_frozen_inside_a_layer_stays_so(tmp_path):
    """Or a detector's batch normalisation learns from two images, once it was read again."""
    image = keras.Input((8, 8, 3))
    x = ConvBN(4, 3, name="first")(image)
    x = ConvBN(4, 3, name="second")(x)
    x = keras.layers.Flatten()(x)
    model = Network(image, keras.layers.Dense(2, name="last")(x))
    model.get_layer("first").trainable = False
    model.get_layer("second").bn.trainable = False
    learning = ["second/conv/kernel", "last/kernel", "last/bias"]
    assert [weight.path for weight in model.trainable_weights] == learning
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    x, y = np.ones((2, 8, 8, 3), "float32"), np.ones((2, 2), "float32")
    model.train_on_batch(x, y)
    model.save(tmp_path / "part.keras")
    again = keras.saving.load_model(tmp_path / "part.keras")
    assert [weight.path for weight in again.trainable_weights] == learning
    before = again.get_layer("second").bn.get_weights()
    again.train_on_batch(x, y)  # its optimizer goes on where it was
    after = again.get_layer("second").bn.get_weights()
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, two)
    whole = Network.from_config(model.get_config())
    whole.trainable = False
    whole.save(tmp_path / "whole.keras")
    assert not keras.saving.load_model(tmp_path / "whole.keras").trainable_weights
