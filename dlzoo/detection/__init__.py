"""Detection: where the objects of an image are, and what they are."""

from dlzoo.detection import boxes
from dlzoo.detection.anchor_clusters import Anchors, anchors

__all__ = ["Anchors", "anchors", "boxes"]
