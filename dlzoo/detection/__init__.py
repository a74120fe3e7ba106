"""Detection: boxes, what YOLO and R-CNN learn from, training and prediction."""

from dlzoo.detection import boxes
from dlzoo.detection.anchor_clusters import Anchors, anchors
from dlzoo.detection.fast_rcnn_training import train_fast_rcnn
from dlzoo.detection.films import detect_film
from dlzoo.detection.fine_tuning import fine_tune
from dlzoo.detection.one_object import object_vectors, read_objects
from dlzoo.detection.prediction import detect, predict
from dlzoo.detection.proposals import selective_search, warped_crops
from dlzoo.detection.rcnn_detector import RCNN, Search, load_rcnn
from dlzoo.detection.rcnn_training import train_rcnn
from dlzoo.detection.report import BoxReport, BoxScore, ClassScore, WorstImage
from dlzoo.detection.result import Detections, to_coco
from dlzoo.detection.two_stage import training_losses, training_network, truth
from dlzoo.detection.windows import sliding_window

__all__ = [
    "RCNN",
    "Anchors",
    "BoxReport",
    "BoxScore",
    "ClassScore",
    "Detections",
    "Search",
    "WorstImage",
    "anchors",
    "boxes",
    "detect",
    "detect_film",
    "fine_tune",
    "load_rcnn",
    "object_vectors",
    "predict",
    "read_objects",
    "selective_search",
    "sliding_window",
    "to_coco",
    "train_fast_rcnn",
    "train_rcnn",
    "training_losses",
    "training_network",
    "truth",
    "warped_crops",
]
