"""`dlzoo fine-tune`: from a folder of images to a model and its report."""

from typing import Any

import typer

from dlzoo.cli import tuning_options as given
from dlzoo.cli.options import classes_option, numbers_option, pairs_option, targets_option
from dlzoo.cli.output import print_json


def fine_tune(
    data: given.Data,
    model: given.Model,
    out: given.Out,
    task: given.Task = None,
    backbone: given.Backbone = None,
    model_options: given.ModelOptions = None,
    targets: given.Targets = None,
    classes: given.Classes = None,
    palette: given.Palette = None,
    void: given.Void = None,
    weights: given.Weights = "auto",
    epochs: given.Epochs = None,
    batch_size: given.BatchSize = None,
    learning_rate: given.LearningRate = None,
    image_size: given.ImageSize = None,
    crop: given.Crop = None,
    unfreeze: given.Unfreeze = "auto",
    augment: given.Augment = None,
    no_augment: given.NoAugment = False,
    optimizer: given.Optimizer = "adamw",
    loss: given.Loss = None,
    label_smoothing: given.LabelSmoothing = None,
    class_weights: given.ClassWeights = None,
    border_weights: given.BorderWeights = False,
    patience: given.Patience = None,
    human_error: given.HumanError = None,
    mixed_bfloat16: given.MixedBfloat16 = False,
    seed: given.Seed = 0,
    on_bad_image: given.OnBadImage = "error",
    on_duplicate: given.OnDuplicate = "error",
    on_bad_box: given.OnBadBox = None,
    fresh: given.Fresh = False,
    json: given.Json = False,
) -> None:
    """Fine-tune a network on your images. Interrupted, the same command continues.

    Folders of classes are classified, folders `images` and `masks` segmented; what VOC, COCO
    or YOLO files say about boxes is detected.
    """
    names = None if augment is None else [name.strip() for name in augment.split(",")]
    changed: dict[str, Any] = {
        "weights": None if weights.lower() == "none" else weights,
        "epochs": numbers_option(epochs, int),
        "learning_rate": numbers_option(learning_rate, float),
        "image_size": numbers_option(image_size, int),
        "unfreeze": int(unfreeze) if unfreeze.isdecimal() else unfreeze,
        "optimizer": optimizer,
        "augment": False if no_augment else True if names is None else names,
    }
    # what only one task takes must not be passed on unless it was asked for
    special: dict[str, Any] = {
        "targets": targets_option(targets),
        "backbone": backbone,
        "model_options": pairs_option(model_options),
        "classes": classes_option(classes),
        "palette": palette,
        "void": int(void) if void is not None and void.isdecimal() else void,
        "crop": numbers_option(crop, int),
        "loss": loss,
        "label_smoothing": label_smoothing,
        "border_weights": border_weights or None,
        "human_error": human_error,
        "on_bad_box": on_bad_box,
    }
    changed |= {name: value for name, value in special.items() if value is not None}
    import dlzoo

    tuned = dlzoo.fine_tune(
        model,
        data,
        task=task,
        out=out,
        batch_size=batch_size,
        class_weights=class_weights,
        patience=patience,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
        on_bad_image=on_bad_image,
        on_duplicate=on_duplicate,
        fresh=fresh,
        **changed,
    )
    if json:
        print_json(tuned.report.to_dict())
    else:
        typer.echo(str(tuned))
