"""Losses, one a file; formulas and units in their docstrings."""

from dlzoo.losses.combined import CombinedLoss
from dlzoo.losses.content import ContentLoss
from dlzoo.losses.detection import FastRCNNLoss, RPNLoss
from dlzoo.losses.dice import DiceLoss
from dlzoo.losses.focal import FocalLoss
from dlzoo.losses.localization import LocalizationLoss
from dlzoo.losses.pixel_cross_entropy import PixelCrossEntropy
from dlzoo.losses.style import StyleLoss
from dlzoo.losses.total_variation import TotalVariation
from dlzoo.losses.yolo import YOLOLoss

__all__ = [
    "CombinedLoss",
    "ContentLoss",
    "DiceLoss",
    "FastRCNNLoss",
    "FocalLoss",
    "LocalizationLoss",
    "PixelCrossEntropy",
    "RPNLoss",
    "StyleLoss",
    "TotalVariation",
    "YOLOLoss",
]
