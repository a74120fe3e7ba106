"""Faces: finding them in photographs, bringing them into place, learning whose they are."""

from dlzoo.faces.alignment import align, crop
from dlzoo.faces.drawing import draw_faces
from dlzoo.faces.evaluation import one_shot_accuracy
from dlzoo.faces.face import Face
from dlzoo.faces.finding import find_faces
from dlzoo.faces.fine_tuning import fine_tune
from dlzoo.faces.prediction import Embedding, predict
from dlzoo.faces.train_report import FaceReport, FaceScore, HardPair

train = fine_tune  # the word people look for; `fine_tune` is that of all tasks

__all__ = [
    "Embedding",
    "Face",
    "FaceReport",
    "FaceScore",
    "HardPair",
    "align",
    "crop",
    "draw_faces",
    "find_faces",
    "fine_tune",
    "one_shot_accuracy",
    "predict",
    "train",
]
