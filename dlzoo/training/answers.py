"""What `error_analysis` looks at: examples, what a model answers to them, class names."""

import os
from pathlib import Path

import keras
import numpy as np

from dlzoo.data import decode
from dlzoo.layers.class_labels import labels_inside
from dlzoo.layers.saved_model import open_model
from dlzoo.training.inference import forward


def examples_of(data):
    """Inputs (a list of paths, or an array), labels, and a name for each example."""
    pair = (data.paths, data.labels) if hasattr(data, "paths") else data
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise ValueError(
            f"error_analysis: data must be a split of open_images(...) or (inputs, labels); "
            f"got {type(data).__name__}."
        )
    inputs, labels = pair[0], np.asarray(pair[1])
    if labels.ndim != 1 or len(inputs) != len(labels) or not len(labels):
        raise ValueError(
            f"error_analysis: there must be one label an example; got {len(inputs)} examples "
            f"and labels of shape {labels.shape}."
        )
    if isinstance(inputs[0], str | os.PathLike):
        paths = [str(path) for path in inputs]
        return [Path(path) for path in paths], labels, paths
    return inputs, labels, [f"example {number}" for number in range(len(labels))]


def probabilities_of(model, inputs, size, batch_size):
    """`(examples, classes)`, and the names of the classes that the model carries."""
    if isinstance(model, str | os.PathLike):
        model = open_model(model)
    own = None
    if isinstance(model, keras.Model):
        if len(model.outputs) != 1:
            raise ValueError(
                f"error_analysis: the model must have one output; {model.name} has "
                f"{len(model.outputs)}. Give the probabilities of one of them instead."
            )
        found = labels_inside(model)
        own = found[0].labels if found else None
        images = decode(inputs, _size(model, size)) if isinstance(inputs, list) else inputs
        model = forward(model, images, batch_size)
    answers = np.asarray(model, dtype=np.float64)
    answers = answers[:, None] if answers.ndim == 1 else answers
    if answers.ndim == 2 and answers.shape[1] == 1:
        answers = np.concatenate([1 - answers, answers], axis=1)
    if answers.ndim != 2 or (answers < 0).any() or (abs(answers.sum(axis=1) - 1) > 1e-2).any():
        raise ValueError(
            "error_analysis: the model must answer probabilities (examples, classes) that "
            f"add up to 1; got the shape {answers.shape}, values {answers.min():.3g} to "
            f"{answers.max():.3g}. Put a softmax at its end."
        )
    return answers, own


def _size(model, size):
    shape = model.input_shape
    own = shape[1:3] if isinstance(shape, tuple) and len(shape) == 4 else (None, None)
    if size is None and None in own:
        raise ValueError(
            f"error_analysis: size must be given, because {model.name} takes the input "
            f"shape {shape}."
        )
    return own if size is None else size


def class_numbers(labels, classes, own, count):
    """Labels as column numbers, and the names of the columns."""
    given = list(map(str, classes)) if classes is not None else own
    if given is None:
        texts = sorted(set(map(str, labels.tolist())))
        given = texts if labels.dtype.kind not in "iu" else list(map(str, range(count)))
    columns_of = list(own if own is not None else given)
    if len(columns_of) != count or sorted(columns_of) != sorted(given):
        raise ValueError(
            f"error_analysis: classes must name the {count} answers of the model"
            f"{'' if own is None else f', which are {columns_of}'}; got {list(given)}."
        )
    if labels.dtype.kind in "iu":
        if labels.min() < 0 or labels.max() >= count:
            raise ValueError(
                f"error_analysis: labels must be 0 to {count - 1}; got {labels.min()} to "
                f"{labels.max()}."
            )
        labels = np.array(given, dtype=object)[labels]
    strangers = sorted({str(label) for label in labels} - set(columns_of))
    if strangers:
        raise ValueError(f"error_analysis: labels must be among {columns_of}; got {strangers}.")
    number = {name: place for place, name in enumerate(columns_of)}
    return np.array([number[str(label)] for label in labels]), columns_of
