"""Backends that say nothing while they start.

TensorFlow 2.21 writes lines to standard error from C++ while it is imported, before its
own log level counts. They are held back, and shown only if the import fails.
"""

import importlib.abc
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Set before a backend is imported, unless the user says otherwise.
_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "GRPC_VERBOSITY": "ERROR",
    "JAX_LOGGING_LEVEL": "ERROR",
}


def silence_backends() -> None:
    """To be called before a backend is imported; a log level set by the user is kept."""
    chatty = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") < "3"
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if not chatty and "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _QuietTensorFlow())


class _QuietTensorFlow(importlib.abc.MetaPathFinder):
    """Finds TensorFlow as Python would, and holds back what its import prints."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("tensorflow")
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def quietly(module: Any) -> None:
                with _standard_error_held_back():
                    execute(module)

            spec.loader.exec_module = quietly  # type: ignore[method-assign]
        return spec


@contextmanager
def _standard_error_held_back() -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
