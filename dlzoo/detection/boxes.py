"""Boxes: float32 `(x1, y1, x2, y2)` in pixels; formats, overlap, coding, suppression."""

from dlzoo import _boxes
from dlzoo._boxes import *  # noqa: F403

__all__ = list(_boxes.__all__)
