"""Segmentation: a class for each pixel; fine-tuning on images with masks, and predicting."""

from dlzoo.segmentation.fine_tuning import fine_tune
from dlzoo.segmentation.pictures import coloured, overlaid
from dlzoo.segmentation.prediction import predict, segment
from dlzoo.segmentation.report import MaskReport, MaskScore, PixelScore, WorstImage
from dlzoo.segmentation.result import Segmentation

__all__ = [
    "MaskReport",
    "MaskScore",
    "PixelScore",
    "Segmentation",
    "WorstImage",
    "coloured",
    "fine_tune",
    "overlaid",
    "predict",
    "segment",
]
