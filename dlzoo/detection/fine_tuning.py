"""`fine_tune` for detection: from images with boxes to a detector and its report."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras

from dlzoo._checks import check_pair
from dlzoo.data import BoxDataset, open_boxes
from dlzoo.detection import networks
from dlzoo.detection.auto_anchors import anchors_for
from dlzoo.detection.box_task import BoxTask
from dlzoo.detection.settings import BoxSettings
from dlzoo.metrics.coco import require_pycocotools
from dlzoo.training.image_models import check_own_size, usual_size
from dlzoo.training.tuning import FineTuned, run_task

_LARGEST = 416  # pixels; the side of the longer edge unless a size is given


def fine_tune(
    model: str | keras.Model,
    data: Any,
    *,
    classes: Sequence[str] | None = None,
    backbone: str | None = None,
    anchors: Any = "auto",
    model_options: Mapping[str, Any] | None = None,
    out: str | os.PathLike | None = None,
    weights: Any = "auto",
    image_size: int | tuple[int, int] | None = None,
    preprocessing: Any = None,
    unfreeze: str | int = "auto",
    epochs: int | tuple[int, int] | None = None,
    learning_rate: float | tuple[float, float] | None = None,
    batch_size: int = 8,
    optimizer: Literal["adamw", "sgd"] = "adamw",
    weight_decay: float = 1e-4,
    class_weights: None = None,
    augment: Any = True,
    patience: int = 20,
    freeze_batch_norm: bool = True,
    mixed_bfloat16: bool = False,
    seed: int = 0,
    fractions: Mapping[str, float] | None = None,
    on_bad_box: str = "error",
    on_bad_image: str = "error",
    on_duplicate: str = "error",
    fresh: bool = False,
) -> FineTuned:
    """Fine-tune a network that finds objects.

    First all that is behind the backbone is trained, then, with `unfreeze`, the last stages
    of the backbone or all of it, too; a network that came without weights is trained in one
    stage. The weights with the highest AP50 on dev are kept.

    What is not listed here is as in `dlzoo.fine_tune`.

    Args:
        model: `"yolo"` or `"faster_rcnn"` (with a backbone), `"yolo_v2"`, `"yolo_v3"` ..., or a
            network that such a builder made.
        data: See `dlzoo.data.open_boxes`, also for `classes` and `on_bad_box`; or what it
            returned.
        backbone: Of `"yolo"` and `"faster_rcnn"`: a classification network of the zoo.
        anchors: Of a YOLO network: `"auto"`: found by k-means on the training boxes; None:
            the builder's own, as published weights need them; or as the builder takes them.
        model_options: Other arguments of the builder.
        weights: `"auto"`: the first on the network's card or on that of its backbone.
        image_size: Side, or (height, width), into which all images are fitted, their aspect
            kept and the rest grey, in training and, as the model remembers it, in
            predicting. None: near the aspect of the first image, 416 pixels at most.
        batch_size: Images a step.
        class_weights: Must be None.
        augment: True for `"flip"` (left-right), `"scale"`, `"crop"`, `"brightness"`,
            `"contrast"`, `"saturation"` and `"mosaic"`; False; or a list out of these and
            `"flip_vertical"`. Images and boxes are changed together.
        patience: Epochs without a higher AP50 on dev after which a stage ends.

    Returns:
        A `FineTuned`; its report is a `BoxReport`.

    Raises:
        ValueError: An argument is not allowed. `dlzoo.errors.DataError`: the images, boxes or
            `out` cannot be used. `dlzoo.errors.DivergenceError`: the loss became NaN.
            `dlzoo.errors.MissingExtraError`: pycocotools is not installed.
    """
    require_pycocotools()  # before anything takes its time
    if class_weights is not None:
        raise ValueError(
            f"fine_tune: class_weights must be None, because the losses of detection have "
            f"none; got {class_weights!r}."
        )
    settings = BoxSettings(
        unfreeze=unfreeze,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        optimizer=optimizer,
        weight_decay=weight_decay,
        augment=augment,
        patience=patience,
        freeze_batch_norm=freeze_batch_norm,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
    )
    options = dict(model_options or {})
    if backbone is not None:
        options["backbone"] = backbone
    if isinstance(data, BoxDataset):
        dataset = data
    else:
        dataset = open_boxes(
            data,
            classes=classes,
            fractions=fractions,
            seed=seed,
            on_bad_box=on_bad_box,
            on_bad_image=on_bad_image,
            on_duplicate=on_duplicate,
        )
    size = _size(model, dataset, image_size)
    if isinstance(model, str):
        options |= anchors_for(model, dataset, size, anchors, options, seed)
    network = _network(model, dataset, weights, preprocessing, size, seed, options)
    task = BoxTask(dataset, settings, size, network)
    return run_task(network, task, settings, size, out=out, fresh=fresh)


def _network(model, dataset, weights, preprocessing, size, seed, options):
    classes = len(dataset.classes)
    if isinstance(model, str):
        return networks.from_zoo(model, weights, classes, size, seed, options)
    if options:
        raise ValueError(
            f"fine_tune: backbone and model_options must be None for a keras.Model, because "
            f"they are for building one; got {options}."
        )
    pretrained = weights is not None
    return networks.from_model(model, classes, preprocessing, seed, pretrained=pretrained)


def _size(model, dataset, image_size):
    """Height and width into which images are fitted."""
    own: Any = (None, None)
    if isinstance(model, keras.Model):
        own = model.input_shape[1:3]
    elif not isinstance(model, str):
        raise ValueError(
            f"fine_tune: model must be a name of the zoo or a keras.Model; got "
            f"{type(model).__name__}."
        )
    if image_size is not None:
        size = check_pair("fine_tune", "image_size", image_size)
    elif None not in own:
        size = own
    else:
        first = dataset.splits["train"].sizes[0].tolist()
        size = usual_size((first[0], first[1]), _LARGEST)
    check_own_size(getattr(model, "name", model), own, size)
    return size
