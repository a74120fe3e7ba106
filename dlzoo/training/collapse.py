"""Seeing that all embeddings have become one point, and saying so."""

import keras

from dlzoo._checks import check_between, check_positive_int
from dlzoo.errors import CollapseError

_PART = 1e-3  # of the margin: whoever is so near can never be told apart by it


class CollapseGuard(keras.callbacks.Callback):
    """Ends a training whose embeddings have become one point.

    Triplet losses have such a hole: where all distances are 0 the loss is the margin, and the
    slope is 0, too (Schroff et al. 2015, section 3.2: hardest negatives "can in practice lead
    to bad local minima early on in training, specifically it can result in a collapsed
    model"). Nothing else looks wrong there: the loss is finite and even.

    Args:
        margin: Of the loss, as a squared distance: collapsed is a mean squared distance of
            less than a thousandth of it.
        patience: Epochs in a row that must be so; a network that has just begun may.
        metric: The name of the `dlzoo.metrics.EmbeddingSpread` in `compile`.

    Raises:
        dlzoo.errors.CollapseError: At the end of such an epoch, with what to do. ValueError:
            There is no such metric.

    Example:
        >>> guard = CollapseGuard(margin=0.2, patience=1)
        >>> guard.on_epoch_end(0, {"loss": 0.19, "spread": 0.4})
        >>> guard.on_epoch_end(1, {"loss": 0.2, "spread": 1e-7})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        dlzoo.errors.CollapseError: All embeddings have become one point: ...
    """

    def __init__(self, margin: float, patience: int = 2, metric: str = "spread"):
        super().__init__()
        check_between("CollapseGuard", "margin", margin, 0, 1e6)
        check_positive_int("CollapseGuard", "patience", patience)
        self.margin = margin
        self.patience = patience
        self.metric = metric
        self.epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if self.metric not in logs:
            raise ValueError(
                f"CollapseGuard: metric must be one of the metrics of compile, because the "
                f"loss alone does not show a collapse; got {self.metric!r}, there are "
                f"{sorted(logs)}. Compile with metrics=[dlzoo.metrics.EmbeddingSpread()]."
            )
        spread = float(logs[self.metric])
        self.epochs = self.epochs + 1 if spread < _PART * self.margin else 0
        if self.epochs >= self.patience:
            raise CollapseError(
                f"All embeddings have become one point: their mean squared distance is "
                f"{spread:.1e} at the end of epoch {epoch + 1}, for a margin of "
                f"{self.margin:g}; the loss is {float(logs.get('loss', 0)):.4g} and will not "
                f"fall any more. Start again with an easier choice of triplets (mining="
                f"'semi_hard' or 'batch_all' instead of 'batch_hard'), a lower learning rate "
                f"with a warm-up, more people in a batch, or a smaller margin; check that "
                f"the labels are right."
            )
