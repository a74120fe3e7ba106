"""Detection: where the objects of an image are, and what they are."""

from dlzoo.detection import boxes

__all__ = ["boxes"]
