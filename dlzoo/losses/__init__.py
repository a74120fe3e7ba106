"""Losses, one a file; formulas and units in their docstrings."""

from dlzoo.losses.content import ContentLoss
from dlzoo.losses.style import StyleLoss
from dlzoo.losses.total_variation import TotalVariation

__all__ = ["ContentLoss", "StyleLoss", "TotalVariation"]
