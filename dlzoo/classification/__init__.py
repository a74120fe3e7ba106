"""Classification: fine-tuning on labelled images, and predicting."""

from dlzoo.classification.fine_tuning import FineTuned, fine_tune
from dlzoo.classification.prediction import Prediction, predict
from dlzoo.classification.report import (
    ClassScore,
    Mistake,
    Report,
    SplitScore,
    StageSummary,
)

__all__ = [
    "ClassScore",
    "FineTuned",
    "Mistake",
    "Prediction",
    "Report",
    "SplitScore",
    "StageSummary",
    "fine_tune",
    "predict",
]
