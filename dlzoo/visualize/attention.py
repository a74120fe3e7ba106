"""Where a classifier looked: Grad-CAM, and the slope of a score by the pixels."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from dlzoo._checks import check_between, check_positive_int
from dlzoo.testing import gradients
from dlzoo.visualize.observing import feature_map, image_batch, observe
from dlzoo.visualize.receptive import field_of

_SATURATING = (keras.activations.softmax, keras.activations.sigmoid)


@dataclass(frozen=True, eq=False)
class HeatMap:
    """How much each place of an image counts for a class.

    Attributes:
        heat: `(height, width)` of the image, float32, 0 or more.
        label: Number of the class.
        score: What the model answered for it; a probability behind softmax.
        layer: Path of the layer whose feature map was used; empty: the pixels themselves.
    """

    heat: np.ndarray
    label: int
    score: float
    layer: str


def grad_cam(
    model: keras.Model, image: Any, label: int | None = None, layer: Any = None
) -> HeatMap:
    """Gradient-weighted class activation map (Selvaraju et al. 2017, arXiv:1610.02391).

    With the feature map A of a layer and the score y of the class before its softmax::

        importance[k] = mean over places of dy / dA[:, :, k]         (equation 1)
        heat          = relu(sum over k of importance[k] * A[:, :, k])    (equation 2)

    enlarged to the image by bilinear interpolation and divided by its maximum. Each place of
    the map is put where the middle of its receptive field is: with TensorFlow's padding that
    is up to half a stride behind where stretching the map would put it. The backbone
    may stand anywhere, also nested in other models: the model is called as it is, zeros are
    added to the feature map on the way, and the gradient is that by those zeros.

    A softmax is flat where the model is sure. Where the head is a layer with softmax (or
    sigmoid), as `activation` or behind it, the gradient is therefore that of what goes into
    it. A softmax that is no layer (`keras.ops.softmax`) stays.

    Args:
        model: A functional classifier: `(batch, height, width, channels)` to `(batch,
            classes)`.
        image: `(height, width, channels)`, in the values that the model takes: 0 to 255
            where its preprocessing is inside.
        label: Number of the class; None means the one that the model answers.
        layer: Where the feature map comes from: a layer, its name, or its path through
            nested models (`"mobilenet_v2/top"`). None means the last one of more than one
            pixel, before the network makes a vector.

    Returns:
        A `HeatMap` with `heat` in 0 to 1; all 0 where no place speaks for the class.

    Raises:
        ValueError: The model is no such classifier or has no feature map; the image does
            not fit; label or layer are not there.

    Example:
        >>> inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
        >>> outer = keras.Sequential([inner, keras.layers.GlobalAveragePooling2D(),
        ...                           keras.layers.Dense(2, activation="softmax")])
        >>> grad_cam(outer, np.ones((8, 8, 3)), label=1).heat.shape
        (8, 8)
    """
    images = image_batch("grad_cam", model, image)
    answer, calls = observe(model, images)
    label, probability = _chosen("grad_cam", model, answer, label)
    used = feature_map("grad_cam", model, calls, layer)
    head = _without_activation(calls, answer)

    def score(values):
        def add(method, layer, args, kwargs):
            output = method(layer, *args, **kwargs)
            return output + ops.cast(values[0], output.dtype)

        scores, _ = observe(model, images, head | {used.number: add})
        return ops.cast(scores[0, label], "float32")

    (slopes,) = gradients(score, [np.zeros(tuple(used.output.shape), "float32")])
    importance = slopes[0].mean(axis=(0, 1))
    features = ops.convert_to_numpy(used.output)[0].astype("float32")
    heat = np.maximum(features @ importance, 0)
    field = field_of(model, used, images.shape[1:])
    return HeatMap(_enlarged(heat, field, images.shape[1:3]), label, probability, used.path)


def saliency(model: keras.Model, image: Any, label: int | None = None) -> HeatMap:
    """How far each pixel moves the score (Simonyan et al. 2013, arXiv:1312.6034, 3.1).

    The absolute gradient of the class's score by the pixel, the largest of its channels.
    The score is that before softmax or sigmoid, as in `grad_cam`.

    Args:
        model, image, label: As in `grad_cam`.

    Returns:
        A `HeatMap` with `heat` in units of score per unit of `image`.

    Raises:
        ValueError: The model is no such classifier, the image or the label do not fit.

    Example:
        >>> model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(),
        ...     keras.layers.Dense(1, kernel_initializer="ones")])
        >>> saliency(model, np.zeros((2, 2, 1))).heat
        array([[1., 1.],
               [1., 1.]], dtype=float32)
    """
    images = image_batch("saliency", model, image)
    answer, calls = observe(model, images)
    label, probability = _chosen("saliency", model, answer, label)
    head = _without_activation(calls, answer)

    def score(values):
        scores, _ = observe(model, values[0], head)
        return ops.cast(scores[0, label], "float32")

    (slopes,) = gradients(score, [images])
    return HeatMap(np.abs(slopes[0]).max(axis=-1), label, probability, "")


def _chosen(who, model, answer, label):
    """Number of the class and the model's answer for it."""
    if not hasattr(answer, "shape") or len(answer.shape) != 2:
        raise ValueError(
            f"{who}: model must answer (batch, classes), because one score is traced back; "
            f"{model.name!r} answers {keras.tree.map_structure(_shape, answer)}. Make a "
            "keras.Model that ends at the head that matters."
        )
    scores = ops.convert_to_numpy(answer)[0]
    if label is None:
        label = int(scores.argmax())
    label = label.item() if isinstance(label, np.generic) else label
    check_positive_int(who, "label", label, minimum=0)
    check_between(who, "label", label, 0, len(scores) - 1)
    return label, float(scores[label])


def _shape(tensor):
    return f"({', '.join(map(str, tensor.shape))})"


def _without_activation(calls, answer):
    """What to change so that the model answers what goes into its softmax or sigmoid."""
    answer = ops.convert_to_numpy(answer)
    for call in reversed(calls):
        softmax = isinstance(call.layer, keras.layers.Softmax)
        if not softmax and getattr(call.layer, "activation", None) not in _SATURATING:
            continue
        # Others may follow that pass it on, e.g. one that carries the labels.
        if np.array_equal(ops.convert_to_numpy(call.output), answer):
            return {call.number: _first_argument if softmax else _linear}
    return {}


def _first_argument(method, layer, args, kwargs):
    return args[0]


def _linear(method, layer, args, kwargs):
    """Call a twin with the same weights and no activation; the layer is not touched."""
    twin = object.__new__(type(layer))
    vars(twin).update(vars(layer), activation=keras.activations.linear)
    return method(twin, *args, **kwargs)


def _enlarged(heat, field, size):
    """To the image's size, each place at the middle of what it sees; the largest value 1."""
    for axis, side in enumerate(size):
        middles = field.centre[axis] + field.stride[axis] * np.arange(heat.shape[axis])
        shares = [np.interp(np.arange(side), middles, one) for one in np.eye(len(middles))]
        heat = np.moveaxis(np.tensordot(np.stack(shares), heat, (0, axis)), 0, axis)
    peak = heat.max()
    return (heat / peak if peak > 0 else heat).astype("float32")
