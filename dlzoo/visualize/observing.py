"""A model at work on one image, seen from within: every call of a layer, nested ones too.

A nested model's inner tensors belong to a graph of their own, so no model from the outer
input to an inner layer can be made (what tensorflow/tensorflow#44462 runs into). Here no
graph is rebuilt: the model is called and watched meanwhile, and what a call gives may be
changed on the way.
"""

import difflib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlzoo.layers.watching import backend_functions, exchanged, watched

# Instead of calling a layer: `(its __call__, layer, args, kwargs) -> outputs`.
Change = Callable[[Any, Any, tuple, dict], Any]


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    Attributes:
        number: Which call it was, in the order in which they began; the same every time.
        path: Names of the layers around it below the model, and its own: `"base/conv1"`.
        layer: The layer.
        output: The tensor that it gave.
    """

    number: int
    path: str
    layer: Any
    output: Any


def _unchanged(method, layer, args, kwargs):
    return method(layer, *args, **kwargs)


def observe(
    model: Any,
    images: Any,
    changes: Mapping[int, Change] | None = None,
    *,
    otherwise: Change = _unchanged,
) -> tuple[Any, list[Call]]:
    """Call a model in inference mode.

    Args:
        model: A built model.
        images: A batch.
        changes: Number of a call to what is done instead.
        otherwise: What is done instead of every other call.

    Returns:
        The model's outputs, and the calls within in the order in which they ended.
    """
    changes = changes or {}
    numbers = itertools.count()
    calls = []

    def watch(around, method, args, kwargs):
        number, layer = next(numbers), around[-1]
        outputs = changes.get(number, otherwise)(method, layer, args, kwargs)
        if hasattr(outputs, "shape"):
            path = "/".join(each.name for each in around[1:])
            calls.append(Call(number, path, layer, outputs))
        return outputs

    with watched(watch):
        outputs = model(images, training=False)
    return outputs, calls


class _Reached(BaseException):
    """Ends a model's work; no `except Exception` in Keras stands in its way."""


def output_at(model: Any, images: Any, number: int, *, otherwise: Change = _unchanged) -> Any:
    """What one call gives; the model works no further than that.

    If that comes out of a ReLU6, it is as if that were a ReLU: at 6 all would be equal.

    Args:
        model: A built model.
        images: A batch.
        number: Of the call, as `observe` found it.
        otherwise: What is done instead of every call.
    """
    numbers = itertools.count()

    def watch(around, method, args, kwargs):
        wanted = next(numbers) == number
        if wanted:
            raise _Reached(_uncapped(otherwise, method, around[-1], args, kwargs))
        return otherwise(method, around[-1], args, kwargs)

    try:
        with watched(watch):
            model(images, training=False)
    except _Reached as reached:
        return reached.args[0]
    raise ValueError(f"output_at: {getattr(model, 'name', model)!r} makes no call {number}.")


def _uncapped(call, *arguments):
    nn = backend_functions()
    seen = []

    def relu6(function, x):
        seen.append((x, function(x)))
        return seen[-1][1]

    with exchanged([(nn, "relu6")], relu6):
        outputs = call(*arguments)
    return next((nn.relu(x) for x, y in seen if y is outputs), outputs)


def check_takes_images(who: str, model: Any) -> None:
    """The model must have one input, images."""
    inputs = getattr(model, "inputs", None)
    if not inputs or len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise ValueError(
            f"{who}: model must be a functional Keras model with one input (batch, height, "
            f"width, channels), because it is asked about an image; got {model!r}. "
            "Give a Sequential model a keras.Input as its first layer."
        )


def image_batch(who: str, model: Any, image: Any) -> np.ndarray:
    """`image` as a batch of one in float32, or an error where the model does not take it."""
    check_takes_images(who, model)
    expected = tuple(model.inputs[0].shape[1:])
    shape = np.shape(image)
    fits = len(shape) == 3 and all(
        side in (None, got) for side, got in zip(expected, shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"{who}: image must be one array (height, width, channels) of shape {expected}, "
            f"because that is what {model.name!r} takes; got shape {shape}. "
            "dlzoo.data.read_image(path, size) reads and crops it."
        )
    return np.asarray(image, "float32")[None]


def feature_map(who: str, model: Any, calls: list[Call], layer: Any) -> Call:
    """The call that gave the feature map of `layer`, or the last map before the vector.

    Args:
        who: For the errors.
        model: That was observed.
        calls: What was observed.
        layer: A layer, its name, its path below the model or a nested one, or None.
    """
    maps = list(_feature_maps(calls))
    if layer is None:
        if not maps:
            raise ValueError(
                f"{who}: model must contain a feature map (batch, height, width, channels) of "
                f"more than one pixel behind a convolution, because the heat map shows its "
                f"places; {model.name!r} has none at this size of the image. Try a larger "
                "image, or saliency(), which needs none."
            )
        return maps[-1]
    chosen = [c for c in calls if layer is c.layer or layer in (c.path, c.layer.name)]
    if not chosen and isinstance(layer, str):  # a path below a nested model
        chosen = [call for call in calls if call.path.endswith(f"/{layer}")]
    if not chosen or len(chosen[-1].output.shape) != 4:
        raise ValueError(
            f"{who}: layer must be one that gives a feature map (batch, height, width, "
            f"channels), itself, its name or its path; got {layer!r}. "
            f"{_advice(maps, layer)}The last ones of {model.name!r} are "
            f"{[call.path for call in maps[-8:]]}."
        )
    return chosen[-1]


def _advice(maps, layer):
    names = list(dict.fromkeys(name for call in maps for name in (call.path, call.layer.name)))
    close = difflib.get_close_matches(str(layer), names, n=4)
    return f"Did you mean {' or '.join(map(repr, close))}? " if close else ""


def _feature_maps(calls):
    convolved = False
    for call in calls:
        # What comes before the first kernel is the image, however it was scaled.
        convolved = convolved or any(len(w.shape) == 4 for w in call.layer.weights)
        shape = call.output.shape
        # One pixel: what squeeze and excitation or `keepdims` leave, a vector in all but name.
        if call.path and convolved and len(shape) == 4 and shape[1] * shape[2] > 1:
            yield call
