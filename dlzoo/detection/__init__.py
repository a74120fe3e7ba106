"""Detection: where the objects of an image are, and what they are."""

from dlzoo.detection import boxes
from dlzoo.detection.one_object import object_vectors, read_objects
from dlzoo.detection.windows import sliding_window

__all__ = [
    "boxes",
    "object_vectors",
    "read_objects",
    "sliding_window",
]
