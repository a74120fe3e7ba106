"""Classification: fine-tuning on labelled images, and predicting."""

from dlzoo.classification.fine_tuning import fine_tune
from dlzoo.classification.heads_report import HeadsReport, Miss
from dlzoo.classification.multi_prediction import Answer, MultiPrediction
from dlzoo.classification.prediction import Prediction, predict
from dlzoo.classification.report import (
    ClassScore,
    Mistake,
    Report,
    SplitScore,
)
from dlzoo.training.results import StageSummary
from dlzoo.training.tuning import FineTuned

__all__ = [
    "Answer",
    "ClassScore",
    "FineTuned",
    "HeadsReport",
    "Miss",
    "Mistake",
    "MultiPrediction",
    "Prediction",
    "Report",
    "SplitScore",
    "StageSummary",
    "fine_tune",
    "predict",
]
