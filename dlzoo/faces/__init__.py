"""Faces: finding them in photographs, bringing them into place, learning whose they are.

The names arrive when used: a gallery needs no Keras, and finding faces no LanceDB.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlzoo.faces.alignment import align, crop
    from dlzoo.faces.drawing import draw_faces
    from dlzoo.faces.train_scores import one_shot_accuracy
    from dlzoo.faces.face import Face
    from dlzoo.faces.finding import find_faces
    from dlzoo.faces.fine_tuning import fine_tune, train
    from dlzoo.faces.gallery import Gallery
    from dlzoo.faces.gallery_table import MadeBy
    from dlzoo.faces.people import Match, Person
    from dlzoo.faces.prediction import Embedding, predict
    from dlzoo.faces.train_report import FaceReport, FaceScore, HardPair

_HOME = {  # public name -> module that defines it; none may be named like what it defines
    "Embedding": "prediction",
    "Face": "face",
    "FaceReport": "train_report",
    "FaceScore": "train_report",
    "Gallery": "gallery",
    "HardPair": "train_report",
    "MadeBy": "gallery_table",
    "Match": "people",
    "Person": "people",
    "align": "alignment",
    "crop": "alignment",
    "draw_faces": "drawing",
    "find_faces": "finding",
    "fine_tune": "fine_tuning",
    "one_shot_accuracy": "train_scores",
    "predict": "prediction",
    "train": "fine_tuning",
}

__all__ = [
    "Embedding",
    "Face",
    "FaceReport",
    "FaceScore",
    "Gallery",
    "HardPair",
    "MadeBy",
    "Match",
    "Person",
    "align",
    "crop",
    "draw_faces",
    "find_faces",
    "fine_tune",
    "one_shot_accuracy",
    "predict",
    "train",
]


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
