"""`fine_tune` for segmentation: from images with masks to a segmenter and its report."""

import os
from collections.abc import Mapping
from typing import Any, Literal

import keras
import numpy as np
from PIL import Image

from dlzoo._checks import check_pair
from dlzoo.data import MaskDataset, open_masks
from dlzoo.segmentation import networks
from dlzoo.segmentation.mask_task import MaskTask
from dlzoo.segmentation.settings import MaskSettings
from dlzoo.segmentation.tiling import network_step
from dlzoo.training.image_models import check_own_size, usual_size
from dlzoo.training.tuning import FineTuned, run_task

_LARGEST = 512  # pixels; longer sides are brought to it unless a size is given


def fine_tune(
    model: str | keras.Model,
    data: Any,
    *,
    classes: Any = None,
    palette: Any = None,
    void: Any = None,
    backbone: str | None = None,
    model_options: Mapping[str, Any] | None = None,
    out: str | os.PathLike | None = None,
    weights: Any = "auto",
    image_size: int | tuple[int, int] | None = None,
    crop: int | tuple[int, int] | None = None,
    preprocessing: Any = None,
    unfreeze: str | int = "auto",
    epochs: int | tuple[int, int] | None = None,
    learning_rate: float | tuple[float, float] | None = None,
    batch_size: int = 8,
    optimizer: Literal["adamw", "sgd"] = "adamw",
    weight_decay: float = 1e-4,
    dropout: float = 0.0,
    loss: Any = "cross_entropy+dice",
    class_weights: str | Mapping[str, float] | None = None,
    border_weights: bool = False,
    augment: Any = True,
    patience: int = 20,
    freeze_batch_norm: bool = True,
    mixed_bfloat16: bool = False,
    seed: int = 0,
    fractions: Mapping[str, float] | None = None,
    on_bad_image: str = "error",
    on_duplicate: str = "error",
    fresh: bool = False,
) -> FineTuned:
    """Fine-tune a network that gives each pixel a class.

    First the decoder is trained behind the frozen encoder, then, with `unfreeze`, the last
    stages of the encoder or all of it, too; a network that came without weights is trained
    in one stage. The weights with the highest mean IoU on dev are kept.

    What is not listed here is as in `dlzoo.fine_tune`.

    Args:
        model: `"unet_backbone"`, `"unet"` ..., or a `keras.Model` from images to a map of
            scores or features of their size.
        data: See `dlzoo.data.open_masks`, also for `classes`, `palette` and `void`; or what
            it returned.
        backbone: Of `"unet_backbone"`: a classification network of the zoo.
        model_options: Other arguments of the builder, e.g. `{"upsampling": "bilinear"}`.
        weights: `"auto"`: the first on the network's card or on that of its backbone.
        image_size: Side, or (height, width), to which all images are brought in training
            and, as the model remembers it, in predicting. None: their own size if it is the
            same for all and no side is over 512 pixels, else that of the first image, made
            smaller.
        crop: Side, or (height, width), of the windows that are cut out of them in training.
        batch_size: Images a step.
        dropout: Fraction of the maps that is dropped before the scores in training.
        loss: `"cross_entropy"`, `"dice"`, `"focal"`, such names joined by `+`, or a
            `keras.losses.Loss` from class numbers `(batch, height, width)`, void 255, and
            logits.
        class_weights: `"balanced"`: by the median frequency; or class name to weight.
        border_weights: Weigh pixels between objects of any class but the first, as in the
            U-Net paper (`dlzoo.data.border_weights`).
        augment: True for `"flip"` (left-right), `"scale"`, `"brightness"`, `"contrast"`;
            False; or a list out of these, `"flip_vertical"`, `"rotate"` and `"elastic"`.
            Image and mask are changed together.
        patience: Epochs without a higher mean IoU on dev after which a stage ends.

    Returns:
        A `FineTuned`; its report is a `MaskReport`.

    Raises:
        ValueError: An argument is not allowed. `dlzoo.errors.DataError`: the images, masks
            or `out` cannot be used. `dlzoo.errors.DivergenceError`: the loss became NaN.
    """
    settings = MaskSettings(
        unfreeze=unfreeze,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        optimizer=optimizer,
        weight_decay=weight_decay,
        dropout=dropout,
        class_weights=class_weights,
        augment=augment,
        patience=patience,
        freeze_batch_norm=freeze_batch_norm,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
        crop=None if crop is None else check_pair("fine_tune", "crop", crop),
        loss=loss,
        border_weights=border_weights,
    )
    options = dict(model_options or {})
    if backbone is not None:
        options["backbone"] = backbone
    if isinstance(data, MaskDataset):
        dataset = data
    else:
        dataset = open_masks(
            data,
            classes=classes,
            palette=palette,
            void=void,
            fractions=fractions,
            seed=seed,
            on_bad_image=on_bad_image,
            on_duplicate=on_duplicate,
        )
    network = _network(model, len(dataset.classes), weights, preprocessing, seed, options)
    size, resized = _size(dataset, network, image_size)
    step = network_step(network.core)
    _check_crop(settings.crop, size, step)
    _check_answer(network, settings.crop or size, step)
    task = MaskTask(
        dataset,
        settings,
        size,
        resized=resized,
        palette=_palette(dataset),
        step=step,
        channels=network.core.input_shape[-1],
    )
    return run_task(network, task, settings, size, out=out, fresh=fresh)


def _network(model, classes, weights, preprocessing, seed, options):
    if isinstance(model, str):
        return networks.from_zoo(model, weights, classes, seed, options)
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"fine_tune: model must be a name of the zoo or a keras.Model; got "
            f"{type(model).__name__}."
        )
    if options:
        raise ValueError(
            f"fine_tune: backbone and model_options must be None for a keras.Model, because "
            f"they are for building one; got {options}."
        )
    pretrained = weights is not None
    return networks.from_model(model, classes, preprocessing, seed, pretrained=pretrained)


def _size(dataset, network, image_size):
    """Height and width for training, and whether images are brought to them."""
    own = network.core.input_shape[1:3]
    sizes = _image_sizes(dataset)
    if image_size is not None:
        size = check_pair("fine_tune", "image_size", image_size)
    elif None not in own:
        size = own
    else:
        size = next(iter(sizes))
        if len(sizes) > 1 or max(size) > _LARGEST:
            size = usual_size(size, _LARGEST)
    check_own_size(network.name, own, size)
    return size, sizes != {size}


def _image_sizes(dataset):
    """Height and width of the images as they are stored, the first one's first."""
    sizes = {dataset.splits["train"].read(0)[0].shape[:2]: None}
    for examples in dataset.splits.values():
        for path in examples.paths:
            with Image.open(path) as image:
                sizes[image.height, image.width] = None
    return sizes.keys()


def _check_crop(crop, size, step):
    if crop is None:
        return
    if any(side % step or side > whole for side, whole in zip(crop, size, strict=True)):
        raise ValueError(
            f"fine_tune: crop must be multiples of {step}, because the network halves the "
            f"picture so often, and at most the images' size, {size}; got {crop}."
        )


def _check_answer(network, size, step):
    """The network must answer every pixel of what it gets in training."""
    size = tuple(-(-side // step) * step for side in size)
    spec = keras.KerasTensor((1, *size, network.scores.input_shape[-1]))
    answer = network.scores.compute_output_spec(spec).shape[1:3]
    if tuple(answer) != size:
        raise ValueError(
            f"fine_tune: model must answer a score for each pixel; {network.name!r} answers "
            f"{tuple(answer)} for images of {size}. Of 'unet' take origin='torch' or "
            f"'course' (model_options), whose convolutions are padded."
        )


def _palette(dataset):
    """The colours of the masks, if they are colour-coded."""
    code = dataset.splits["train"].code
    if not code.colours:
        return None
    values = np.array(code.values)
    return tuple((int(v) >> 16, int(v) >> 8 & 255, int(v) & 255) for v in values)
