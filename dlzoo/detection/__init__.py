"""Detection: where the objects of an image are, and what they are."""

from dlzoo.detection import boxes
from dlzoo.detection.anchor_clusters import Anchors, anchors
from dlzoo.detection.films import detect_film
from dlzoo.detection.fine_tuning import fine_tune
from dlzoo.detection.prediction import detect, predict
from dlzoo.detection.report import BoxReport, BoxScore, ClassScore, WorstImage
from dlzoo.detection.result import Detections, to_coco
from dlzoo.detection.two_stage import training_losses, training_network, truth

__all__ = [
    "Anchors",
    "BoxReport",
    "BoxScore",
    "ClassScore",
    "Detections",
    "WorstImage",
    "anchors",
    "boxes",
    "detect",
    "detect_film",
    "fine_tune",
    "predict",
    "to_coco",
    "training_losses",
    "training_network",
    "truth",
]
