"""Detection: where the objects of an image are, and what they are."""

from dlzoo.detection import boxes
from dlzoo.detection.anchor_clusters import Anchors, anchors
from dlzoo.detection.one_object import object_vectors, read_objects
from dlzoo.detection.proposals import selective_search, warped_crops
from dlzoo.detection.rcnn_detector import RCNN, Search, load_rcnn
from dlzoo.detection.rcnn_training import train_rcnn
from dlzoo.detection.windows import sliding_window

__all__ = [
    "RCNN",
    "Anchors",
    "Search",
    "anchors",
    "boxes",
    "load_rcnn",
    "object_vectors",
    "read_objects",
    "selective_search",
    "sliding_window",
    "train_rcnn",
    "warped_crops",
]
