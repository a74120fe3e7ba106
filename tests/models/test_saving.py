"""Models that were saved answer the same in a process that knows nothing but dlzoo."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

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
REST = [row for row in ZOO if not (row.first or row.heavy or row.huge)]


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
    "rows",
    [pytest.param(FIRST, id="first"), pytest.param(REST, id="rest", marks=pytest.mark.slow)],
)
def test_a_fresh_process_answers_the_same(rows, tmp_path):
    expected = saved(rows, tmp_path)
    for imports in ORDERS.values():
        in_a_fresh_process(tmp_path, imports)
        for name, answers in expected.items():
            found = tmp_path / f"{name}.found.npy"
            np.testing.assert_allclose(np.load(found), answers, rtol=1e-5, atol=1e-7)
            found.unlink()


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
