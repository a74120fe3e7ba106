"""Fast prediction, and networks for other programs: written, run again, compared.

The names below arrive when used: what runs an exported network needs no Keras.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlzoo.exporting.artefact import Exported, export
    from dlzoo.exporting.benching import bench
    from dlzoo.exporting.description import Description
    from dlzoo.exporting.formats import ENGINES, FORMATS
    from dlzoo.exporting.opening import predictor
    from dlzoo.exporting.prediction import Predictor
    from dlzoo.exporting.reading import Reading
    from dlzoo.exporting.timing import BenchReport, Timing

_HOME = {
    "BenchReport": "timing",
    "Description": "description",
    "ENGINES": "formats",
    "Exported": "artefact",
    "FORMATS": "formats",
    "Predictor": "prediction",
    "Reading": "reading",
    "Timing": "timing",
    "bench": "benching",
    "export": "artefact",
    "predictor": "opening",
}

__all__ = [
    "ENGINES",
    "FORMATS",
    "BenchReport",
    "Description",
    "Exported",
    "Predictor",
    "Reading",
    "Timing",
    "bench",
    "export",
    "predictor",
]


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"dlzoo.exporting.{_HOME[name]}"), name)
    raise AttributeError(f"module 'dlzoo.exporting' has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(__all__))
