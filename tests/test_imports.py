"""What importing dlzoo costs and brings, and the directions in which its parts import."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dlzoo

ROOT = Path(__file__).parents[1]
BACKENDS = ("tensorflow", "jax", "torch")


def imported(code, *names, **environment):
    """Which of the modules `names` are imported after `code` ran in a process of its own."""
    code += f"\nimport json, sys; print(json.dumps([n for n in {names} if n in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "code",
    [
        "import dlzoo",
        "import dlzoo; dlzoo.card('resnet50'); dlzoo.list_models()",
        "import dlzoo; dir(dlzoo); dlzoo.__version__; dlzoo.errors",
        "import dlzoo.weights, dlzoo.data",
        "from dlzoo import card",
    ],
)
def test_no_backend_is_imported_until_it_is_used(code):
    assert imported(code, "keras", *BACKENDS) == []


def test_every_public_name_is_there():
    for name in dlzoo.__all__:
        assert getattr(dlzoo, name) is not None
    assert sorted(dlzoo.__all__) == list(dlzoo.__all__)
    assert set(dlzoo.__all__) <= set(dir(dlzoo))


def test_a_star_brings_the_public_names():
    there = {}
    exec("from dlzoo import *", there)
    assert set(dlzoo.__all__) <= set(there)


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="module 'dlzoo' has no attribute 'resnet50'"):
        dlzoo.resnet50  # noqa: B018


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_no_other_backend_than_the_chosen_one(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    code = (
        "import dlzoo, keras\n"
        "model = dlzoo.models.resnet18(classes=2, input_shape=(32, 32, 3))\n"
        "print(model(keras.ops.zeros((1, 32, 32, 3))).shape)"
    )
    by_keras = imported("import keras", *BACKENDS, KERAS_BACKEND=backend)
    assert backend in by_keras  # and others that it asks for where they are installed
    assert imported(code, *BACKENDS, KERAS_BACKEND=backend) == by_keras


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_tensorflow_need_not_be_installed(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    code = (
        "import sys; sys.modules['tensorflow'] = None  # importing it now fails\n"
        "import dlzoo, keras, tempfile, pathlib\n"
        "model = dlzoo.create_model('mobilenet_v2', classes=2, input_shape=(32, 32, 3))\n"
        "path = pathlib.Path(tempfile.mkdtemp()) / 'model.keras'\n"
        "model.save(path)\n"
        "keras.saving.load_model(path)(keras.ops.zeros((1, 32, 32, 3)))\n"
        "dlzoo.load_weights(model, path)\n"
        "del sys.modules['tensorflow']"
    )
    assert imported(code, "tensorflow", KERAS_BACKEND=backend) == []


def test_the_arrows_point_one_way():
    if importlib.util.find_spec("importlinter") is None:
        pytest.skip("import-linter is not installed")
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Contracts: 1 kept, 0 broken" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("module", ["layers", "losses", "training"])
def test_any_part_can_be_imported_first(module, tmp_path):
    """Also before Keras; and afterwards every model of the zoo is known to Keras."""
    code = f"""
import dlzoo.{module}
import keras
import dlzoo
dlzoo.models.resnet18(classes=2, input_shape=(32, 32, 3)).save({str(tmp_path / "x.keras")!r})
assert keras.saving.get_registered_object("dlzoo>Network") is not None
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_that_a_saved_model_may_hold_is_known_after_import_dlzoo():
    """A module that nobody imports would register nothing."""
    decorator = "@keras.saving.register_keras_serializable"
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "dlzoo").rglob("*.py")
        if decorator in path.read_text()
    ]
    assert len(modules) > 30
    code = "import sys, dlzoo, keras; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert sorted(set(modules) - set(done.stdout.split())) == []
