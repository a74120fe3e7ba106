"""Faces: finding them, bringing them into place, telling people apart, and learning to.

The names arrive when used: a gallery needs no Keras, and finding faces no LanceDB.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlzoo.faces.alignment import align, crop
    from dlzoo.faces.drawing import draw_faces
    from dlzoo.faces.embedding import Embedded, Embedder, embed
    from dlzoo.faces.evaluation import Evaluation, evaluate
    from dlzoo.faces.face import Face
    from dlzoo.faces.finding import find_faces
    from dlzoo.faces.fine_tuning import fine_tune, train
    from dlzoo.faces.gallery import Gallery
    from dlzoo.faces.gallery_table import MadeBy
    from dlzoo.faces.identification import Identification, enrol, identify
    from dlzoo.faces.people import Match, Person
    from dlzoo.faces.pictures import (
        embedding_map,
        pair_distances,
        roc_curves,
        show_identifications,
        show_matches,
        show_verification,
    )
    from dlzoo.faces.prediction import predict
    from dlzoo.faces.train_report import FaceReport, FaceScore, HardPair
    from dlzoo.faces.train_scores import one_shot_accuracy
    from dlzoo.faces.verification import Calibration, Verification, calibrate, distances, verify

_HOME = {  # public name -> module that defines it; none may be named like what it defines
    "Calibration": "verification",
    "Embedded": "embedding",
    "Embedder": "embedding",
    "Evaluation": "evaluation",
    "Face": "face",
    "FaceReport": "train_report",
    "FaceScore": "train_report",
    "Gallery": "gallery",
    "HardPair": "train_report",
    "Identification": "identification",
    "MadeBy": "gallery_table",
    "Match": "people",
    "Person": "people",
    "Verification": "verification",
    "align": "alignment",
    "calibrate": "verification",
    "crop": "alignment",
    "distances": "verification",
    "draw_faces": "drawing",
    "embed": "embedding",
    "embedding_map": "pictures",
    "enrol": "identification",
    "evaluate": "evaluation",
    "find_faces": "finding",
    "fine_tune": "fine_tuning",
    "identify": "identification",
    "one_shot_accuracy": "train_scores",
    "pair_distances": "pictures",
    "predict": "prediction",
    "roc_curves": "pictures",
    "show_identifications": "pictures",
    "show_matches": "pictures",
    "show_verification": "pictures",
    "train": "fine_tuning",
    "verify": "verification",
}

__all__ = [
    "Calibration",
    "Embedded",
    "Embedder",
    "Evaluation",
    "Face",
    "FaceReport",
    "FaceScore",
    "Gallery",
    "HardPair",
    "Identification",
    "MadeBy",
    "Match",
    "Person",
    "Verification",
    "align",
    "calibrate",
    "crop",
    "distances",
    "draw_faces",
    "embed",
    "embedding_map",
    "enrol",
    "evaluate",
    "find_faces",
    "fine_tune",
    "identify",
    "one_shot_accuracy",
    "pair_distances",
    "predict",
    "roc_curves",
    "show_identifications",
    "show_matches",
    "show_verification",
    "train",
    "verify",
]


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
