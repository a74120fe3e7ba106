"""The formats of exported networks, one file each.

Each has `write(model, folder)`, called in a process whose Keras backend is one of `writers`,
and `load(folder, description, batch_size=..., threads=...)`, which needs the engine's package
and no Keras: it returns a function from float32 `(batch, height, width, channels)` to a list
of arrays.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from dlzoo._checks import check_choice, require

Run = Callable[[Any], list[Any]]


@dataclass(frozen=True)
class Format:
    """One row of `FORMATS`.

    Attributes:
        engine: What runs it.
        extra: Which extra of dlzoo brings that.
        modules: What must be importable to run it.
        writers: Keras backends that can write it, the best first, and what must be
            importable for that beside them.
        packages: Names of the distributions, for the record.
        precisions: What it can compute in.
        plain: Whether it lacks the kernels that only one backend has.
    """

    engine: str
    extra: str
    modules: tuple[str, ...]
    writers: Mapping[str, tuple[str, ...]]
    packages: tuple[str, ...]
    precisions: tuple[str, ...]
    plain: bool = True

    def installed(self) -> bool:
        """Whether it can be run here."""
        return _importable(self.modules)

    def writer(self, own: str) -> str | None:
        """The backend that writes it: the best of those that are installed; `own` is.

        Example:
            >>> FORMATS["saved_model"].writer("tensorflow")
            'tensorflow'
        """
        for backend, modules in self.writers.items():
            if _importable((*modules, *([] if backend == own else [backend]))):
                return backend
        return None


def _importable(modules):
    return all(importlib.util.find_spec(module) for module in modules)


_ALL = ("float32", "bfloat16", "int8")
# TensorFlow comes first also where Keras runs on PyTorch: its converters keep batches and
# sides of any size.
FORMATS = {
    "openvino": Format(
        "openvino", "export", ("openvino",), {"tensorflow": (), "torch": ()},
        ("openvino", "nncf"), _ALL,
    ),
    "onnx": Format(
        "onnxruntime", "export", ("onnxruntime",),
        {"tensorflow": ("onnx", "tf2onnx"), "torch": ("onnx", "onnxscript")},
        ("onnxruntime", "onnx", "tf2onnx"), ("float32", "int8"),
    ),
    "litert": Format(
        "litert", "export", ("ai_edge_litert",), {"tensorflow": ()}, ("ai-edge-litert",),
        ("float32", "int8"),
    ),
    "saved_model": Format(
        "tensorflow", "tensorflow", ("tensorflow",), {"tensorflow": ()}, ("tensorflow",),
        ("float32",), plain=False,
    ),
    "jax": Format(
        "jax", "jax", ("jax", "flatbuffers"), {"jax": ()}, ("jax",), ("float32",)
    ),
    "torch": Format("torch", "torch", ("torch",), {"torch": ()}, ("torch",), ("float32",)),
}  # fmt: skip
ENGINES = {row.engine: name for name, row in FORMATS.items()}


def module_of(form: str) -> ModuleType:
    """The module that writes and loads a format."""
    check_choice("export", "format", form, FORMATS)
    return importlib.import_module(f"dlzoo.exporting.formats.{form}")


def check_precision(who: str, form: str, precision: str) -> None:
    """`precision` must be one that the format has."""
    known = FORMATS[form].precisions
    if precision not in known:
        others = [name for name, row in FORMATS.items() if precision in row.precisions]
        raise ValueError(
            f"{who}: precision must be one of {list(known)} for {form}; got {precision!r}"
            + (f", which {' and '.join(others)} have." if others else ".")
        )


def load(folder: Path, description: Any, *, batch_size: int, threads: int | None = None) -> Run:
    """A function that runs the artefact in `folder`; it may be called by several threads.

    Args:
        folder: With the files of the format.
        description: What is in it.
        batch_size: Of most calls; other sizes may be slower.
        threads: Of one call; None: as the engine chooses.

    Raises:
        MissingExtraError: Its engine is not installed.
    """
    form = FORMATS[description.format]
    for module in form.modules:
        require(module, extra=form.extra, purpose=f"Running {description.format}")
    return module_of(description.format).load(
        folder, description, batch_size=batch_size, threads=threads
    )
