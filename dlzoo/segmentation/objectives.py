"""Loss and metrics of pixels by their names."""

from collections.abc import Sequence
from typing import Any

import keras

from dlzoo._checks import check_choice
from dlzoo.losses import CombinedLoss, DiceLoss, FocalLoss, PixelCrossEntropy
from dlzoo.metrics import MeanIoU, PixelAccuracy
from dlzoo.training.augmenting import without_names

LOSSES = ("cross_entropy", "dice", "focal")


def check_loss(choice: Any) -> None:
    """`choice` must be a Keras loss, or names of `LOSSES` joined by `+`."""
    if isinstance(choice, keras.losses.Loss):
        return
    if not isinstance(choice, str):
        raise ValueError(
            f"fine_tune: loss must be names out of {list(LOSSES)} joined by '+', or a "
            f"keras.losses.Loss; got {choice!r}."
        )
    for name in choice.split("+"):
        check_choice("fine_tune", "each name in loss", name, LOSSES)


def describe_loss(choice: Any) -> Any:
    """`choice` as plain values, for the record of a run."""
    if isinstance(choice, str):
        return choice
    return without_names(keras.saving.serialize_keras_object(choice))


def chosen_loss(choice: Any, class_weights: Sequence[float] | None, void: int) -> Any:
    """From logits; several losses are added up.

    Args:
        choice: As `check_loss` has it. A loss of the caller's own is taken as it is.
        class_weights: For those that take them.
        void: Label of pixels that count for nothing.
    """
    if not isinstance(choice, str):
        return choice
    every = {"void": void, "from_logits": True}
    made = {
        "cross_entropy": lambda: PixelCrossEntropy(class_weights, **every),
        "dice": lambda: DiceLoss(**every),
        "focal": lambda: FocalLoss(class_weights=class_weights, **every),
    }
    losses = [made[name]() for name in choice.split("+")]
    return losses[0] if len(losses) == 1 else CombinedLoss(losses)


def chosen_metrics(classes: int, void: int) -> list[Any]:
    """Over all pixels of an epoch: mean IoU, and the share that is right."""
    return [
        MeanIoU(classes, void, name="mean_iou"),
        PixelAccuracy(classes, void, name="accuracy"),
    ]
