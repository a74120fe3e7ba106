"""Faces: finding them in photographs, bringing them into place, telling people apart.

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
    from dlzoo.faces.verification import Calibration, Verification, calibrate, distances, verify

_HOME = {  # public name -> module that defines it; none may be named like what it defines
    "Calibration": "verification",
    "Embedded": "embedding",
    "Embedder": "embedding",
    "Evaluation": "evaluation",
    "Face": "face",
    "Gallery": "gallery",
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
    "identify": "identification",
    "pair_distances": "pictures",
    "roc_curves": "pictures",
    "show_identifications": "pictures",
    "show_matches": "pictures",
    "show_verification": "pictures",
    "verify": "verification",
}

__all__ = [
    "Calibration",
    "Embedded",
    "Embedder",
    "Evaluation",
    "Face",
    "Gallery",
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
    "identify",
    "pair_distances",
    "roc_curves",
    "show_identifications",
    "show_matches",
    "show_verification",
    "verify",
]


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
