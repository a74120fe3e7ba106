"""Losses, one a file; formulas and units in their docstrings."""

from dlzoo.losses.arcface import ArcFaceLoss
from dlzoo.losses.combined import CombinedLoss
from dlzoo.losses.content import ContentLoss
from dlzoo.losses.contrastive import ContrastiveLoss
from dlzoo.losses.detection import FastRCNNLoss, RPNLoss
from dlzoo.losses.dice import DiceLoss
from dlzoo.losses.focal import FocalLoss
from dlzoo.losses.localization import LocalizationLoss
from dlzoo.losses.pair_cross_entropy import PairCrossEntropy
from dlzoo.losses.pixel_cross_entropy import PixelCrossEntropy
from dlzoo.losses.style import StyleLoss
from dlzoo.losses.total_variation import TotalVariation
from dlzoo.losses.triplet import TripletLoss
from dlzoo.losses.yolo import YOLOLoss

__all__ = [
    "ArcFaceLoss",
    "CombinedLoss",
    "ContentLoss",
    "ContrastiveLoss",
    "DiceLoss",
    "FastRCNNLoss",
    "FocalLoss",
    "LocalizationLoss",
    "PairCrossEntropy",
    "PixelCrossEntropy",
    "RPNLoss",
    "StyleLoss",
    "TotalVariation",
    "TripletLoss",
    "YOLOLoss",
]
