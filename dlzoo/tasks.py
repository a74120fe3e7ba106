"""`dlzoo.fine_tune` and `dlzoo.predict`: which task it is, and who does it.

A task is a package with functions `fine_tune` and `predict` of its own; it is imported when
it is needed.
"""

import importlib
import inspect
import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Literal

import keras

from dlzoo._checks import check_choice
from dlzoo.data.forms import has_boxes, has_masks
from dlzoo.exporting import predictor
from dlzoo.exporting.engines import answering_by, exported_layers
from dlzoo.exporting.opening import exported_folder
from dlzoo.layers import YOLOCandidates
from dlzoo.layers.inside import sublayers
from dlzoo.layers.raw_pixels import taking_raw_pixels
from dlzoo.layers.saved_model import open_model
from dlzoo.models.purpose import purpose
from dlzoo.training.tuning import FineTuned
from dlzoo.weights import card

KERAS = "keras"
_USUAL_BATCH = 8  # for which an engine is prepared
TASKS = {
    "classification": "dlzoo.classification",
    "segmentation": "dlzoo.segmentation",
    "detection": "dlzoo.detection",
    "faces": "dlzoo.faces",
}


def fine_tune(
    model: str | keras.Model,
    data: Any,
    *,
    task: str | None = None,
    out: str | os.PathLike | None = None,
    weights: Any = "auto",
    image_size: int | tuple[int, int] | None = None,
    preprocessing: Any = None,
    unfreeze: str | int = "auto",
    epochs: int | tuple[int, int] | None = None,
    learning_rate: float | tuple[float, float] | None = None,
    batch_size: int | None = None,
    optimizer: Literal["adamw", "sgd"] = "adamw",
    weight_decay: float = 1e-4,
    class_weights: str | Mapping[str, float] | None = None,
    augment: Any = True,
    patience: int | None = None,
    freeze_batch_norm: bool = True,
    mixed_bfloat16: bool = False,
    seed: int = 0,
    fractions: Mapping[str, float] | None = None,
    on_bad_image: str = "error",
    on_duplicate: str = "error",
    fresh: bool = False,
    **options: Any,
) -> FineTuned:
    """Fine-tune a network on your images: classes, quantities, pixels, boxes, or faces.

    First a new head is trained on what the frozen body answers; then, if there is enough
    data or it is asked for, the last stages of the body or all of it, at a lower rate. The
    weights that did best on the dev images are kept. With `weights=None` everything trains
    from scratch.

    Interrupted (Ctrl-C, kill -9, power), the same call with the same `out` goes on where
    it was, losing at most one epoch; ended, it returns the stored result.

    Args:
        model: A name of the zoo (`dlzoo.list_models()`), or any `keras.Model` that takes
            images. The caller's model is not changed; a head of another size is replaced.
        data: For classification a folder of class folders, split folders, lists, a `.csv`,
            or `"tfds:NAME"`: `dlzoo.data.open_images`. For segmentation a folder of
            `images` and `masks`, lists of pairs, COCO's `.json`: `dlzoo.data.open_masks`. For
            detection Pascal VOC, COCO, YOLO or a `.csv`: `dlzoo.data.open_boxes`. For faces a
            folder of a folder for each person: `dlzoo.data.open_people`. Also for
            `fractions`, `on_bad_image` and `on_duplicate` see there.
        task: `"classification"`, `"segmentation"`, `"detection"` or `"faces"`. None: that of
            the named network, for a `keras.Model` what the data are for. A network for
            classification can learn faces, too.
        out: Folder for `model.keras`, `report.json`, `report.txt`, `history.json` and the
            pictures; it must be new, empty, or of this same run. None keeps nothing.
        weights: What a network of the zoo starts from: a name on its card, a path,
            `"hf://..."`. `"auto"`: the first on its card, usually `"imagenet"`; where none
            are published (`lenet5`, `unet`), from scratch. None: from scratch, also for a
            `keras.Model` (whose weights are then only where training starts).
        image_size: Side, or (height, width), in pixels; the default is the model's own, or,
            in segmentation, that of the first training image, in detection near it.
        preprocessing: What a `keras.Model` without an `ImagePreprocessing` layer expects:
            one of `dlzoo.weights.CAFFE`, `INCEPTION`, `IMAGENET`, a layer, or
            `"included"` if it takes RGB of 0 to 255.
        unfreeze: What trains after the head: `"head"`: nothing; `"last"`: the last half
            of the stages; a number: that many last stages; `"all"`. `"auto"`: by the number
            of training images.
        epochs: At most this many in each stage; a pair is for (head, later stages).
        learning_rate: The highest of each stage; a pair is for (head, later stages).
        batch_size: Images a step; None: 32, in segmentation and detection 8, of faces 64.
        optimizer: `"adamw"` or `"sgd"`; warm-up, then a cosine to zero.
        weight_decay: Decoupled; not for biases and normalisation.
        class_weights: `"balanced"`, or class name to weight, for unequal classes.
        augment: True, False, or a list of names, see the task; leave out `"flip"` where left
            and right differ, as in digits.
        patience: Epochs without a better result on dev after which a stage ends; None: the
            task's own.
        freeze_batch_norm: Keep batch normalisation of the pretrained body as it came.
        mixed_bfloat16: Compute in bfloat16; weights, head and loss stay float32.
        seed: The same seed gives the same result on one backend and machine.
        fresh: Forget an earlier run in `out`.
        **options: What one task has alone. Classification: `targets`, `dropout`,
            `label_smoothing`, `human_error`; see `dlzoo.classification.fine_tune`.
            Segmentation: `classes`, `palette`, `void`, `crop`, `loss`, `dropout`, `backbone`,
            `model_options`; see `dlzoo.segmentation.fine_tune`. Detection: `classes`,
            `backbone`, `anchors`, `model_options`, `on_bad_box`; see
            `dlzoo.detection.fine_tune`. Faces: `loss`, `mining`, `margin`, `dimensions`,
            `people` ...; see `dlzoo.faces.fine_tune`.

    Returns:
        A `FineTuned`: model, history, report.

    Raises:
        ValueError: An argument is not allowed, or is for another task.
            `dlzoo.errors.DataError`: the images or `out` cannot be used.
            `dlzoo.errors.DivergenceError`: the loss became NaN.
    """
    name = _chosen_task(model, data, task)
    home = _home(name)
    _check_options("fine_tune", name, home.fine_tune, options)
    own = {"batch_size": batch_size, "patience": patience}
    return home.fine_tune(
        model,
        data,
        out=out,
        weights=weights,
        image_size=image_size,
        preprocessing=preprocessing,
        unfreeze=unfreeze,
        epochs=epochs,
        learning_rate=learning_rate,
        optimizer=optimizer,
        weight_decay=weight_decay,
        class_weights=class_weights,
        augment=augment,
        freeze_batch_norm=freeze_batch_norm,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
        fractions=fractions,
        on_bad_image=on_bad_image,
        on_duplicate=on_duplicate,
        fresh=fresh,
        **{key: value for key, value in own.items() if value is not None},
        **options,
    )


def predict(
    model: str | os.PathLike | keras.Model,
    images: Any,
    *,
    batch_size: int | None = None,
    engine: str = "keras",
    **options: Any,
) -> list[Any]:
    """Answer for images whatever the model was trained for.

    Args:
        model: The folder that `fine_tune` or `export` wrote, a `.keras` file, or a model.
        images: A path, a folder (with all below it), a pattern such as `"new/*.jpg"`, a
            `uint8` array (one image or a batch of them), or a list of such things.
        batch_size: Images (segmentation: tiles) at once; None: the task's own.
        engine: `"keras"`, or one of `dlzoo.predictor`'s, e.g. `"auto"`: several times as
            fast once it has been prepared; that is kept. What was exported has its own.
        **options: What one task has alone. Classification: `top`, `preprocessing`, `labels`;
            see `dlzoo.classification.predict`. Segmentation: `tile`, `overlap`, `flip`,
            `ratios`, `scale`, `unit`; see `dlzoo.segmentation.predict`. Detection:
            `threshold`; see `dlzoo.detection.predict`.

    Returns:
        One answer an image, in the order given; folders and patterns sorted: `Prediction`,
        `MultiPrediction`, `Segmentation`, `Detections` or
        `Embedded`.

    Raises:
        ValueError: The model cannot be used, or an option is for another task.
            `dlzoo.errors.DataError`: An image cannot be read, or there is none.
    """
    exported = exported_folder(model)
    opened = exported_layers(exported) if exported else open_model(model)
    name = task_of(opened)
    home = _home(name)
    _check_options("predict", name, home.predict, options)
    if batch_size is not None:
        options["batch_size"] = batch_size
    if engine == KERAS and not exported:
        return home.predict(opened, images, **options)
    if not exported:
        opened = taking_raw_pixels(opened, options.get("preprocessing"))
    fast = predictor(
        exported or opened,
        "auto" if engine == KERAS else engine,
        batch_size=batch_size or _USUAL_BATCH,
    )
    with answering_by(opened, fast):
        return home.predict(opened, images, **options)


def task_of(model: keras.Model) -> str:
    """What a trained model answers; raises `ValueError` if none of `TASKS`."""
    name = purpose(model)
    check_choice("predict", "the model's task", name, TASKS)
    return name


def _chosen_task(model, data, task):
    if task is not None:
        check_choice("fine_tune", "task", task, TASKS)
    found = {"segmentation": has_masks(data), "detection": has_boxes(data)}
    if not isinstance(model, str):
        return task or _task_of_network(model, found)
    own = card(model).task
    if (own, task) == ("classification", "faces"):
        return task  # its body learns to embed
    if own not in TASKS or task not in (None, own):
        raise ValueError(
            f"fine_tune: model must be a network for {task or ' or '.join(TASKS)}; got "
            f"{model!r}, which is for {own}."
        )
    if any(found.values()) and not found.get(own):
        raise ValueError(_other_task(model, next(name for name in found if found[name])))
    return own


def _task_of_network(model, found):
    """What a model that is not of the zoo is for, by its end and by the data."""
    inside = sublayers(model) if isinstance(model, keras.Model) else []
    if any(isinstance(layer, YOLOCandidates) for layer in inside):
        return "detection"
    return next((name for name, there in found.items() if there), "classification")


def _other_task(model, needed):
    what, networks, plain = {
        "segmentation": ("masks", "'unet_backbone'", "'unet'"),
        "detection": ("boxes", "'yolo'", "'yolo_v3'"),
    }[needed]
    return (
        f"fine_tune: model must be a network for {needed}, because the data are images with "
        f"{what}; got {model!r}. Take {networks} with backbone={model!r}, if it is one, or "
        f"{plain}."
    )


def _home(task) -> ModuleType:
    return importlib.import_module(TASKS[task])


def _check_options(who, task, function, options):
    """Options must be arguments of the task's own function."""
    for option in options:
        if option in inspect.signature(function).parameters:
            continue
        others = [
            name
            for name in TASKS
            if name != task
            and option in inspect.signature(getattr(_home(name), who)).parameters
        ]
        if others:
            owner = " or ".join(others)
            raise ValueError(
                f"{who}: {option} is for {owner}, but this is {task}; leave it out."
            )
        raise TypeError(f"{who}: there is no argument {option!r}.")
