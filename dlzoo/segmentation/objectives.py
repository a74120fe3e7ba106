"""Loss and metrics by their names."""

from collections.abc import Sequence
from typing import Any

import keras


def chosen_loss(choice: Any, class_weights: Sequence[float] | None, void: int) -> Any:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=void)


def chosen_metrics(classes: int, void: int) -> list[Any]:
    return [
        keras.metrics.MeanIoU(classes, name="mean_iou", ignore_class=void, sparse_y_pred=False)
    ]
