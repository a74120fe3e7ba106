"""Writing a format's files, here or in a process whose Keras has the backend for it.

    python -m dlzoo.exporting.writing MODEL.keras FOLDER

writes into FOLDER what the `dlzoo.json` in it describes; of int8, ranges come from
`images.npy` beside the model.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from dlzoo._checks import require
from dlzoo._plain import plain_operations
from dlzoo.errors import ExportError
from dlzoo.exporting.description import Description
from dlzoo.exporting.formats import FORMATS, module_of
from dlzoo.layers.inside import sublayers

_IMAGES = "images.npy"
_SHOWN = 15  # lines of an error of another process


def write(
    model: keras.Model,
    folder: Path,
    description: Description,
    images: np.ndarray | None = None,
) -> None:
    """The files of `description.format` in `folder`, which is there.

    Args:
        model: The network.
        folder: Where to.
        description: Of the files.
        images: For the ranges of a format whose converter makes int8 itself.

    Raises:
        ExportError: It cannot be done; the message says why.
        MissingExtraError: A package that writes them is not installed.
    """
    form = FORMATS[description.format]
    for module in form.writers:
        require(module, extra=form.extra, purpose=f"Exporting to {description.format}")
    if keras.backend.backend() in form.backends:
        _write_here(model, folder, description, images)
        return
    backend = _installed(description.format)
    with tempfile.TemporaryDirectory() as scratch:
        saved = Path(scratch) / "model.keras"
        model.save(saved)
        description.write(folder)
        arguments = [str(saved), str(folder)]
        if images is not None:
            np.save(saved.with_name(_IMAGES), images, allow_pickle=False)
        run_module("dlzoo.exporting.writing", arguments, {"KERAS_BACKEND": backend})


def run_module(module: str, arguments: list[str], environment: dict[str, str]) -> None:
    """`python -m module ...` in a fresh process.

    Raises:
        ExportError: It failed; the message has the end of what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(sys.path)}
        | environment,
        capture_output=True,
        text=True,
        errors="replace",
    )  # fmt: skip
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()[-_SHOWN:]
        raise ExportError(
            f"export: {module} failed in its own process (exit {done.returncode}):\n"
            + "\n".join(lines)
        )


def _write_here(model, folder, description, images):
    options = {} if images is None else {"images": images}
    try:
        with _in_float32(model), plain_operations():
            module_of(description.format).write(model, folder, **options)
    except (ExportError, ImportError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise ExportError(
            f"export: {model.name} cannot be written as {description.format} on "
            f"{keras.backend.backend()}: {type(error).__name__}: {error}"
        ) from error


def _installed(form):
    """A backend that can write the format."""
    backends = FORMATS[form].backends
    found = [name for name in backends if importlib.util.find_spec(name)]
    if not found:
        raise ExportError(
            f"export: {form} can be written on the backends {', '.join(backends)} only, and "
            f"none of them is installed beside {keras.backend.backend()}. Install it with: "
            f'pip install "dlzoo[{backends[0]}]"; it is used in a process of its own.'
        )
    return found[0]


@contextmanager
def _in_float32(model: keras.Model) -> Iterator[None]:
    """What was trained in bfloat16 is written in float32; then it is as it was."""
    policies = [(layer, layer.dtype_policy) for layer in sublayers(model)]
    try:
        for layer, policy in policies:
            if policy.compute_dtype != "float32":
                layer.dtype_policy = "float32"
        yield
    finally:
        for layer, policy in policies:
            if layer.dtype_policy is not policy:
                layer.dtype_policy = policy


def _main(saved: str, folder: str) -> None:
    where = Path(folder)
    given = Path(saved).with_name(_IMAGES)
    images = np.load(given, allow_pickle=False) if given.is_file() else None
    write(keras.saving.load_model(saved), where, Description.read(where), images)


if __name__ == "__main__":
    _main(*sys.argv[1:])
