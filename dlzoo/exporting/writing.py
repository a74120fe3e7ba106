"""Writing a format's files, here or in a process whose Keras has the backend for it.

    python -m dlzoo.exporting.writing MODEL.keras FOLDER [module:Class ...]

writes into FOLDER what the `dlzoo.json` in it describes. Classes of layers that are not
Keras's are named, so that the model can be read; of int8, ranges come from `images.npy`
beside the model.
"""

import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import keras
import numpy as np

from dlzoo._checks import require
from dlzoo._plain import plain_operations
from dlzoo.errors import ExportError, MissingExtraError
from dlzoo.exporting.description import Description
from dlzoo.exporting.formats import FORMATS, module_of
from dlzoo.layers.inside import sublayers

_IMAGES = "images.npy"
_SHOWN, _LONGEST = 15, 3000  # lines and letters of another's error
_KERAS = "keras"


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
    backend = _backend(description.format)
    if backend == keras.backend.backend():
        _write_here(model, folder, description, images)
        return
    with tempfile.TemporaryDirectory() as scratch:
        saved = Path(scratch) / "model.keras"
        model.save(saved)
        description.write(folder)
        arguments = [str(saved), str(folder), *foreign_classes(model)]
        if images is not None:
            np.save(saved.with_name(_IMAGES), images, allow_pickle=False)
        run_module("dlzoo.exporting.writing", arguments, {"KERAS_BACKEND": backend})


def foreign_classes(model: keras.Model) -> list[str]:
    """Which classes another process needs to read `model`, as `module:Class`.

    Raises:
        ExportError: One of them is in the program that runs, or in a function.
    """
    kinds = {type(layer) for layer in sublayers(model)}
    foreign = [kind for kind in kinds if kind.__module__.partition(".")[0] != _KERAS]
    hidden = [
        kind.__qualname__
        for kind in foreign
        if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__
    ]
    if hidden:
        raise ExportError(
            f"export: the layers of {model.name} must be in a module that can be imported, "
            f"because a process of its own writes this format; got {sorted(hidden)}. Put "
            f"them in a file of their own and import them from there."
        )
    return sorted(f"{kind.__module__}:{kind.__qualname__}" for kind in foreign)


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
        raise ExportError(
            f"export: {module} failed in its own process (exit {done.returncode}):\n"
            + _end_of(done.stderr or done.stdout)
        )


def _write_here(model, folder, description, images):
    form = FORMATS[description.format]
    operations = plain_operations() if form.plain else nullcontext()
    options = {} if images is None else {"images": images}
    try:
        with in_float32(model), operations:
            module_of(description.format).write(model, folder, **options)
    except (ExportError, ImportError, KeyboardInterrupt):
        raise
    except Exception as error:
        own, best = keras.backend.backend(), next(iter(form.writers))
        others = ", ".join(name for name in FORMATS if name != description.format)
        hint = f', or install "dlzoo[{best}]", which writes more of them' if own != best else ""
        raise ExportError(
            f"export: {model.name} cannot be written as {description.format} on {own}: "
            f"{type(error).__name__}: {_end_of(str(error))}\n"
            f"Try another of the formats {others}{hint}."
        ) from error


def _end_of(text):
    """The last lines: converters list a whole network before they say what is wrong."""
    return "\n".join(text.strip().splitlines()[-_SHOWN:])[-_LONGEST:]


def _backend(name):
    """The backend that writes the format."""
    form, own = FORMATS[name], keras.backend.backend()
    for module in form.modules:
        require(module, extra=form.extra, purpose=f"Exporting to {name}")
    backend = form.writer(own)
    if backend is None:
        ways = [" with ".join([way, *more]) for way, more in form.writers.items()]
        extras = ",".join(dict.fromkeys([next(iter(form.writers)), form.extra]))
        raise MissingExtraError(
            f"export: {name} is written by {', or '.join(ways)}, in a process of its own "
            f"where Keras runs on another backend, as here on {own}; that is not installed. "
            f'Install it with: pip install "dlzoo[{extras}]"'
        )
    return backend


@contextmanager
def in_float32(model: keras.Model) -> Iterator[None]:
    """What was trained in bfloat16 computes in float32; then it is as it was."""
    policies = [
        (layer, layer.dtype_policy)
        for layer in sublayers(model)
        if layer.dtype_policy.compute_dtype != "float32"
    ]
    if not policies:
        yield
        return
    try:
        for layer, _ in policies:
            layer.dtype_policy = "float32"
        model.predict_function = None  # traced with the dtypes that were
        yield
    finally:
        for layer, policy in policies:
            layer.dtype_policy = policy
        model.predict_function = None


def _main(saved: str, folder: str, *classes: str) -> None:
    where = Path(folder)
    given = Path(saved).with_name(_IMAGES)
    images = np.load(given, allow_pickle=False) if given.is_file() else None
    model = keras.saving.load_model(saved, custom_objects=dict(map(_imported, classes)))
    write(model, where, Description.read(where), images)


def _imported(name):
    """Its name and the class that `module:Class` names."""
    module, _, path = name.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found.__name__, found


if __name__ == "__main__":
    _main(*sys.argv[1:])
