"""`predict`: from images, wherever they are, to the likeliest classes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_positive_int
from dlzoo.classification.evaluation import softmax
from dlzoo.classification.multi_prediction import (
    MultiPrediction,
    multi_predictions,
    targets_inside,
)
from dlzoo.data import read_image
from dlzoo.data.decoded import LazyImages
from dlzoo.data.sources import image_sources
from dlzoo.layers.class_labels import labels_inside
from dlzoo.layers.raw_pixels import taking_raw_pixels
from dlzoo.layers.saved_model import open_model
from dlzoo.models.reading import usual_preprocessing
from dlzoo.training import forward
from dlzoo.training.image_models import input_size
from dlzoo.weights import Preprocessing
from dlzoo.weights import labels as published_labels


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of one image.

    Attributes:
        source: Path of the image, or `"image 3"` for the third array.
        labels: Names, the likeliest first.
        probabilities: The probability of each.

    Example:
        >>> print(Prediction("a.jpg", ("cat", "dog"), (0.9, 0.1)))
        a.jpg: cat 90.0%, dog 10.0%
    """

    source: str
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]

    @property
    def label(self) -> str:
        """The likeliest class."""
        return self.labels[0]

    @property
    def probability(self) -> float:
        """Its probability."""
        return self.probabilities[0]

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "labels": list(self.labels),
            "probabilities": list(self.probabilities),
        }

    def __str__(self) -> str:
        pairs = zip(self.labels, self.probabilities, strict=True)
        return f"{self.source}: " + ", ".join(f"{name} {p:.1%}" for name, p in pairs)


def predict(
    model: str | os.PathLike | keras.Model,
    images: Any,
    *,
    top: int = 5,
    batch_size: int = 32,
    preprocessing: Preprocessing | None = None,
    labels: Sequence[str] | None = None,
) -> list[Prediction] | list[MultiPrediction]:
    """Classify images, or answer whatever the model was trained for.

    Args:
        model: The folder that `fine_tune` wrote, a `.keras` file, or a classifier.
        images: A path, a folder (with all below it), a pattern such as `"new/*.jpg"`, a
            `uint8` array (one image or a batch of them), or a list of such things.
        top: How many classes (of each target) to name.
        batch_size: Images at once.
        preprocessing: What a model of your own expects (`dlzoo.weights.IMAGENET` ...);
            its size and crop also count for a model that scales its input itself, e.g.
            `dlzoo.card("resnet50").find("a1_in1k").preprocessing`; by default those of the
            first weights on its card, or of training.
        labels: Names of the classes; by default those inside the model, ImageNet's for
            1,000 classes, else numbers.

    Returns:
        One `Prediction` an image, in the order given; folders and patterns sorted. A
        `MultiPrediction` if the model was trained on a table for something else than one
        column of classes.

    Raises:
        ValueError: The model or its preprocessing cannot be used.
            `dlzoo.errors.DataError`: An image cannot be read, or there is none.
    """
    check_positive_int("predict", "top", top)
    check_positive_int("predict", "batch_size", batch_size)
    names, sources = image_sources("predict", images)
    model = open_model(model)
    targets = targets_inside(model)
    if targets:
        if labels is not None:
            raise ValueError(
                f"predict: labels must be None, because the model has names for its targets "
                f"{[layer.target for layer in targets]} inside; got {labels!r}."
            )
        answers = _answers(model, sources, preprocessing, batch_size)
        return multi_predictions(names, targets, answers, top)
    names_of_classes = _labels(model, labels)
    answers = _probabilities(_answers(model, sources, preprocessing, batch_size))
    if answers.ndim != 2 or answers.shape[1] != len(names_of_classes):
        raise ValueError(
            f"predict: the model must answer one score a label; got shape "
            f"{answers.shape} and {len(names_of_classes)} labels."
        )
    order = np.argsort(-answers, axis=1, kind="stable")[:, :top]
    return [
        Prediction(
            name,
            tuple(names_of_classes[i] for i in chosen),
            tuple(float(row[i]) for i in chosen),
        )
        for name, row, chosen in zip(names, answers, order, strict=True)
    ]


def _answers(model, sources, preprocessing, batch_size):
    """What the model answers, `(images, scores)`."""
    own = input_size(model)
    geometry = preprocessing or usual_preprocessing(model)
    size = own[0] or geometry.size, own[1] or geometry.size
    model = taking_raw_pixels(model, preprocessing)
    read = partial(
        read_image,
        size=size,
        crop_fraction=geometry.crop_fraction,
        interpolation=geometry.interpolation,
    )
    images = LazyImages(sources, size, read, os.cpu_count() or 1)
    return forward(model, images, batch_size)


def _probabilities(answers):
    """The same as probabilities of classes, if they are logits."""
    sums = answers.sum(axis=-1)
    already = (answers >= 0).all() and np.allclose(sums, 1, atol=1e-2)
    return answers if already else softmax(answers)


def _carried_labels(model):
    """The names inside the model, or None."""
    found = labels_inside(model)
    return found[0].labels if found else None


def _labels(model, labels):
    classes = model.output_shape[-1]
    names = labels or _carried_labels(model)
    if names is None:
        if classes == 1000:
            return published_labels("imagenet")
        return tuple(str(number) for number in range(classes))
    if len(names) != classes:
        raise ValueError(
            f"predict: there must be one label for each of the model's {classes} classes; "
            f"got {len(names)}."
        )
    return tuple(names)
