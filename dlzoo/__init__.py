"""dlzoo: the classic deep-learning networks for Keras 3.

`import dlzoo` imports neither Keras nor a backend; the names below arrive when used.
"""

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from dlzoo import _registration, errors

if TYPE_CHECKING:
    from dlzoo import data, layers, losses, metrics, models, testing, training, weights
    from dlzoo.exporting import bench, export, predictor
    from dlzoo.models import create_model, features, load_weights, profile
    from dlzoo.style import stylize
    from dlzoo.tasks import fine_tune, predict
    from dlzoo.weights import card, list_models

try:
    __version__ = version("dlzoo")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

_SUBPACKAGES = (
    "data",
    "layers",
    "losses",
    "metrics",
    "models",
    "testing",
    "training",
    "weights",
)
_HOME = {  # public name -> module that defines it
    "bench": "dlzoo.exporting",
    "card": "dlzoo.weights",
    "create_model": "dlzoo.models",
    "export": "dlzoo.exporting",
    "features": "dlzoo.models",
    "fine_tune": "dlzoo.tasks",
    "list_models": "dlzoo.weights",
    "load_weights": "dlzoo.models",
    "predict": "dlzoo.tasks",
    "predictor": "dlzoo.exporting",
    "profile": "dlzoo.models",
    "stylize": "dlzoo.style",
}

__all__ = [
    "bench",
    "card",
    "create_model",
    "data",
    "errors",
    "export",
    "features",
    "fine_tune",
    "layers",
    "list_models",
    "load_weights",
    "losses",
    "metrics",
    "models",
    "predict",
    "predictor",
    "profile",
    "stylize",
    "testing",
    "training",
    "weights",
]

_registration.install()


def __getattr__(name):
    if name in _SUBPACKAGES:
        return importlib.import_module(f"dlzoo.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'dlzoo' has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(__all__))
