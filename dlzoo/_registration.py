"""Makes `import dlzoo; keras.saving.load_model(path)` find dlzoo's layers.

Keras finds a custom layer by a name registered with it, so the layers must be imported
before a model is loaded; but `import dlzoo` must not import Keras, or `dlzoo --help`
would take seconds. So: where Keras is there already, the layers are registered now;
otherwise as soon as somebody imports it.
"""

import importlib
import importlib.abc
import importlib.util
import sys


def register() -> None:
    """Import everything that registers itself with `keras.saving`."""
    importlib.import_module("dlzoo.models")
    importlib.import_module("dlzoo.losses")
    importlib.import_module("dlzoo.metrics")
    importlib.import_module("dlzoo.training")


def install() -> None:
    """Register now if Keras is imported, else right after it is."""
    if "keras" in sys.modules:
        register()
    else:
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Finds Keras as Python would, and calls `register` when it has been loaded."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("keras")
        if spec is not None and spec.loader is not None:
            loaded = _then_register(spec.loader.exec_module)
            setattr(spec.loader, "exec_module", loaded)  # noqa: B010  mypy knows methods only
        return spec


def _then_register(exec_module):
    def run(module):
        exec_module(module)
        if "dlzoo.layers" not in sys.modules:  # else it is on its way, and registers itself
            register()

    return run
