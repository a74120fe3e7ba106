"""From a Keras model to the description of what is made of it."""

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import keras
from keras import tree

from dlzoo.exporting.description import Description
from dlzoo.exporting.formats import FORMATS
from dlzoo.exporting.reading import Reading
from dlzoo.layers.box_labels import box_labels_inside
from dlzoo.layers.class_labels import labels_inside
from dlzoo.layers.pixel_labels import pixel_labels_inside
from dlzoo.layers.raw_pixels import taking_raw_pixels
from dlzoo.layers.saved_model import open_model
from dlzoo.models.purpose import purpose
from dlzoo.models.reading import usual_preprocessing
from dlzoo.training.inference import weights_digest
from dlzoo.weights import IMAGENET, Preprocessing
from dlzoo.weights import labels as published_labels

_INSIDE = {"detection": box_labels_inside, "segmentation": pixel_labels_inside}
_STEP = 32  # what sides of images in their own size are multiples of


def describe(
    model: keras.Model, form: str, precision: str, preprocessing: Any = None
) -> Description:
    """What an artefact made of `model` is; raises `ValueError` if it takes no image."""
    shape = image_shape(model)
    task = purpose(model)
    names = labels_inside(model)
    targets = {
        layer.target: {"kind": layer.kind, "labels": list(layer.labels)}
        for layer in names
        if layer.target is not None
    }
    return Description(
        name=model.name,
        format=form,
        precision=precision,
        task=task,
        input_shape=shape,
        outputs=_names(model.output),
        reading=_reading(model, task, shape[:2], preprocessing),
        labels=None if targets else _labels(model, task, names),
        targets=targets or None,
        digest=weights_digest(model, config=model.to_json()),
        versions=_versions(form),
    )


def opened(model: str | os.PathLike | keras.Model, preprocessing: Any = None) -> keras.Model:
    """A model, or what was saved, as one that takes raw pixels of one image.

    Raises:
        ValueError: It takes something else, or it is not known how it takes pixels.
    """
    model = open_model(model)
    image_shape(model)
    return taking_raw_pixels(model, preprocessing)


def image_shape(model: keras.Model) -> tuple[int | None, int | None, int]:
    """Height, width (None: any) and channels; raises `ValueError` if it takes no image."""
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] not in (1, 3):
        inputs = [tensor.name for tensor in getattr(model, "inputs", ())]
        raise ValueError(
            f"export: the model must take one image, (batch, height, width, channels); "
            f"{model.name} takes {inputs or 'nothing yet'}. Of a siamese network export the "
            f"body; of AdaIN a keras.Model with one style put in as a constant; in place of "
            f"fast_rcnn, which is told where to look, faster_rcnn."
        )
    return shape[1:]


def _names(outputs):
    """Of the arrays, in the order in which they come; None for one that has no name."""
    if isinstance(outputs, dict) and len(tree.flatten(outputs)) == len(outputs):
        return tuple(sorted(outputs))
    count = len(tree.flatten(outputs))
    return tuple(f"output_{place}" for place in range(count)) if count > 1 else None


def _reading(model, task, sides, preprocessing):
    """How the task's own `predict` reads an image."""
    fixed = None not in sides
    if task == "detection":
        own = box_labels_inside(model)
        size = (own.size if own else None) or (sides if fixed else None)
        return Reading("fit", size, multiple=1 if size else _STEP)
    if task == "segmentation":
        own = pixel_labels_inside(model)
        size = (own.resized if own else None) or (sides if fixed else None)
        return Reading("stretch", size) if size else Reading("own", multiple=_STEP)
    if task == "style" and not fixed:
        return Reading("own", multiple=4)
    given = preprocessing if isinstance(preprocessing, Preprocessing) else None
    if task != "classification":
        given = IMAGENET.at(crop_fraction=1.0)
    how = given or usual_preprocessing(model)
    height, width = sides
    size = (height or how.size, width or how.size)
    return Reading("crop", size, how.crop_fraction, how.interpolation)


def _labels(model, task, names):
    if task in _INSIDE:
        own = _INSIDE[task](model)
        return own.labels if own else None
    if task != "classification":
        return None
    if names:
        return names[0].labels
    return published_labels("imagenet") if model.output_shape[-1] == 1000 else None


def in_format(description: Description, form: str) -> Description:
    """The description of the same network in another format."""
    return description.at(format=form, versions=_versions(form))


def _versions(form):
    found = {}
    for package in ("dlzoo", "keras", "tensorflow", *FORMATS[form].packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
