"""`fine_tune`: from a network and a folder of images to a classifier and its report."""

import os
from collections.abc import Mapping
from typing import Any, Literal

import keras

from dlzoo._checks import check_between
from dlzoo.classification import networks
from dlzoo.classification.class_task import ClassTask
from dlzoo.classification.heads_task import HeadsTask
from dlzoo.classification.settings import ClassSettings
from dlzoo.data import ImageDataset, open_images
from dlzoo.training.image_models import chosen_size
from dlzoo.training.tuning import FineTuned, run_task


def fine_tune(
    model: str | keras.Model,
    data: Any,
    *,
    targets: Any = None,
    out: str | os.PathLike | None = None,
    weights: Any = "auto",
    image_size: int | tuple[int, int] | None = None,
    preprocessing: Any = None,
    unfreeze: str | int = "auto",
    epochs: int | tuple[int, int] | None = None,
    learning_rate: float | tuple[float, float] | None = None,
    batch_size: int = 32,
    optimizer: Literal["adamw", "sgd"] = "adamw",
    weight_decay: float = 1e-4,
    dropout: float = 0.2,
    label_smoothing: float = 0.0,
    class_weights: str | Mapping[str, float] | None = None,
    augment: Any = True,
    patience: int = 10,
    freeze_batch_norm: bool = True,
    mixed_bfloat16: bool = False,
    human_error: float | Mapping[str, float] | None = None,
    seed: int = 0,
    fractions: Mapping[str, float] | None = None,
    on_bad_image: str = "error",
    on_duplicate: str = "error",
    fresh: bool = False,
) -> FineTuned:
    """Fine-tune a network on labelled images: one class an image, or whatever a table says.

    The head is trained on what the frozen body answers, computed once. What is not listed
    here is as in `dlzoo.fine_tune`.

    Args:
        model: A name of the zoo, or any `keras.Model` that takes images and ends in scores,
            a vector or a feature map.
        data: See `dlzoo.data.open_images`. A column of a CSV is binary, multi-class,
            multi-label or a quantity, as its cells suggest (the report says which); several
            are learnt at once, and an empty cell is left out of loss and scores. (Folders
            of two classes stay two outputs of a softmax; a binary column is one sigmoid.)
        targets: Of a CSV: the columns to learn, `["age", "tags"]`, or what they are,
            `{"age": "regression", "id": "ignore"}`; see `dlzoo.data.choose_targets`.
        unfreeze: `"auto"` is `"head"` below 200 training images, `"last"` below 2,000, else
            `"all"`.
        dropout: Fraction of the features that is dropped before the head in training.
        label_smoothing: Between 0 and 1: how much of the target all classes share.
        class_weights: Not for other kinds of targets than classes.
        augment: True, False, a list out of `"flip"` (left-right), `"shift"`,
            `"rotate"`, `"zoom"`, `"brightness"`, `"contrast"`, or a Keras layer. The head is
            trained on the images as they are.
        patience: Epochs without a better result on dev after which a stage ends: accuracy,
            for labels macro F1, for quantities the RMSE; for several the mean of these.
        human_error: Error of people on such images, 0 to 1, for the diagnosis; for several
            targets a dict by their names.

    Returns:
        A `FineTuned`; its report is a `Report`, of a table a `HeadsReport`.

    Raises:
        ValueError: An argument is not allowed. `dlzoo.errors.DataError`: the images or
            `out` cannot be used. `dlzoo.errors.DivergenceError`: the loss became NaN.
    """
    settings = ClassSettings(
        unfreeze=unfreeze,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        optimizer=optimizer,
        weight_decay=weight_decay,
        dropout=dropout,
        label_smoothing=label_smoothing,
        class_weights=class_weights,
        augment=augment,
        patience=patience,
        freeze_batch_norm=freeze_batch_norm,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
    )
    size = chosen_size(model, image_size)
    dataset = open_images(
        data,
        targets=targets,
        fractions=fractions,
        seed=seed,
        on_bad_image=on_bad_image,
        on_duplicate=on_duplicate,
    )
    task = _task(dataset, settings, human_error)
    if isinstance(model, str):
        classifier = networks.from_zoo(model, weights, task.outputs, size, seed)
    else:
        classifier = networks.from_model(
            model, task.outputs, size, preprocessing, seed, pretrained=weights is not None
        )
    return run_task(classifier, task, settings, size, out=out, fresh=fresh)


def _task(dataset, settings, human_error):
    """What is learnt from a data set."""
    kind = ClassTask if isinstance(dataset, ImageDataset) else HeadsTask
    task = kind(dataset, settings, human_error)
    if human_error is not None:
        _check_human_error(human_error, task)
    return task


def _check_human_error(human_error, task):
    """One figure for one target, a dict for several."""
    errors = human_error if isinstance(human_error, Mapping) else {None: human_error}
    for name, error in errors.items():
        what = "human_error" if name is None else f"human_error[{name!r}]"
        check_between("fine_tune", what, error, 0, 1)
    if not task.takes_human_error:
        raise ValueError(
            f"fine_tune: human_error must be one number for one target and a dict from target "
            f"to number for several; got {human_error!r}."
        )
