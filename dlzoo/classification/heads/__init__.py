"""Heads by kind: binary, multi-class, multi-label, regression; and several at once."""

from dlzoo.classification.heads.binary import Binary
from dlzoo.classification.heads.head import Head
from dlzoo.classification.heads.loss import HeadsLoss, PackedTargets
from dlzoo.classification.heads.multiclass import Multiclass
from dlzoo.classification.heads.multilabel import Multilabel
from dlzoo.classification.heads.regression import Regression

# Kind of a target to its head; a fifth kind is a row here and a file beside.
HEADS: dict[str, type[Head]] = {
    "binary": Binary,
    "multiclass": Multiclass,
    "multilabel": Multilabel,
    "regression": Regression,
}

__all__ = [
    "HEADS",
    "Binary",
    "Head",
    "HeadsLoss",
    "Multiclass",
    "Multilabel",
    "PackedTargets",
    "Regression",
]
