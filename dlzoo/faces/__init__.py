"""Faces: finding them in photographs, and bringing them into place."""

from dlzoo.faces.alignment import align, crop
from dlzoo.faces.drawing import draw_faces
from dlzoo.faces.face import Face
from dlzoo.faces.finding import find_faces

__all__ = [
    "Face",
    "align",
    "crop",
    "draw_faces",
    "find_faces",
]
