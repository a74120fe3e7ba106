"""From a network to its figures: parameters, multiply-adds, memory, a layer at a time.

Counted for one image in inference mode:

- parameters: trainable ones, and others (moving statistics, frozen or fixed weights);
- multiply-adds of convolutions and fully connected layers (`dlzoo.models.multiply_adds`);
- activation memory: the bytes of the input and of every layer's output, all kept at once as
  training does. An activation function inside a layer works in place; what hands its input on
  (flattening, dropout at test time) needs none.
"""

import math
import re

import keras

from dlzoo.models.multiply_adds import multiply_adds
from dlzoo.models.profiles import LayerProfile, Profile, counts
from dlzoo.models.tracing import Tracer

VIEWS = (keras.layers.Flatten, keras.layers.Reshape)  # the same numbers in another shape


def profile(model, input_shape=None):
    """Parameters, multiply-adds and activation memory of a model, a layer at a time.

    The model runs on symbolic tensors, so nothing is computed, and it stays as it is.

    Args:
        model: A built `keras.Model`; also with models and composite layers inside.
        input_shape: Without the batch axis, e.g. `(224, 224, 3)`; for a model with sides of
            any size. A list of shapes for several inputs.

    Returns:
        A `Profile`, for one image.

    Raises:
        ValueError: The model is not built, or `input_shape` is missing or does not fit.

    Example:
        >>> image = keras.Input((6, 6, 3), name="image")
        >>> x = keras.layers.Conv2D(5, 3, use_bias=False, name="conv")(image)
        >>> print(profile(keras.Model(image, x, name="course")))
        layer   kind        output     trainable  other  multiply-adds  activations
        ------  ----------  ---------  ---------  -----  -------------  -----------
        image   InputLayer  6 x 6 x 3         0      0              0         432 B
        conv    Conv2D      4 x 4 x 5       135      0         2.160 k        320 B
        ------  ----------  ---------  ---------  -----  -------------  -----------
        course  total                       135      0         2.160 k        752 B
    """
    tensors = _inputs(model, input_shape)
    counter = _Counter(model)
    several = len(tensors) > 1
    structure = keras.tree.pack_sequence_as(model.input, tensors) if several else tensors[0]
    whole = counter.run(model, structure)
    images = tuple(
        LayerProfile(each.name, "InputLayer", tuple(each.shape[1:]), 0, 0, 0, _bytes(each))
        for each in tensors
    )
    return Profile(model.name, images + (whole.layers or (whole,)), tuple(counter.not_counted))


class _Counter(Tracer):
    """Makes a `LayerProfile` of each call."""

    def __init__(self, model):
        super().__init__()
        self._trainable = {id(weight) for weight in model.trainable_variables}

    def begin(self):
        super().begin()
        self._seen = set()
        self.not_counted = []

    def report(self, path, layer, inputs, outputs, inner):
        name = "/".join(path[1:]) or path[0]
        kind = type(layer).__name__
        shape = tuple(outputs[0].shape) if outputs else ()
        learnt, other = self._parameters(layer)
        if inner:
            # It is what the layers inside are; weights beside theirs, or of layers that did
            # not run, make a row of their own.
            rest = LayerProfile(name, kind, shape[1:], learnt, other, 0, 0)
            layers = tuple(row for row in (*inner, rest) if any(counts(row)))
            learnt, other, work, memory = (
                sum(column) for column in zip((0, 0, 0, 0), *map(counts, layers), strict=True)
            )
            return LayerProfile(name, kind, shape[1:], learnt, other, work, memory, layers)
        work = multiply_adds(layer, tuple(inputs[0].shape), shape) if inputs else 0
        if work is None:
            self.not_counted.append(name)
        new = [each for each in outputs if not any(each is given for given in inputs)]
        memory = 0 if isinstance(layer, VIEWS) else sum(map(_bytes, new))
        return LayerProfile(name, kind, shape[1:], learnt, other, work or 0, memory)

    def _parameters(self, layer):
        """Trainable and other ones that were not seen before."""
        new = {id(each): math.prod(each.shape) for each in layer.weights}
        new = {key: size for key, size in new.items() if key not in self._seen}
        self._seen.update(new)
        trainable = sum(size for key, size in new.items() if key in self._trainable)
        return trainable, sum(new.values()) - trainable


def _inputs(model, input_shape):
    """A symbolic tensor of one image for each input, with all sides known."""
    if not isinstance(model, keras.Model):
        raise ValueError(f"profile: model must be a keras.Model; got {model!r}.")
    if not model.built:
        raise ValueError(
            f"profile: model must be built, because its layers have no weights before; "
            f"{model.name!r} is not. Call it once, or model.build((None, 224, 224, 3))."
        )
    known = getattr(model, "inputs", None)
    shapes = [tuple(each.shape[1:]) for each in known] if known else [()]
    if input_shape is not None:
        given = [input_shape] if _is_shape(input_shape) else list(input_shape)
        if known and not (len(given) == len(shapes) and all(map(_fits, given, shapes))):
            raise ValueError(
                f"profile: input_shape must fit the input of {model.name!r}, without the batch "
                f"axis; that is {_one(shapes)}, got {input_shape!r}."
            )
        shapes = [tuple(shape) for shape in given]
    if shapes == [()] or any(None in shape for shape in shapes):
        raise ValueError(
            f"profile: input_shape must be given, because {model.name!r} takes images of any "
            f"size; got {_one(shapes)}. Pass e.g. input_shape=(224, 224, 3)."
        )
    names = [(each.name, each.dtype) for each in known] if known else [("input", None)]
    return [
        keras.KerasTensor((1, *shape), dtype=dtype or keras.config.floatx(), name=name)
        for shape, (name, dtype) in zip(shapes, names, strict=True)
    ]


def _is_shape(value):
    return all(side is None or isinstance(side, int) for side in value)


def _fits(shape, allowed):
    return len(shape) == len(allowed) and all(
        free is None or side == free for side, free in zip(shape, allowed, strict=True)
    )


def _one(shapes):
    return shapes[0] if len(shapes) == 1 else shapes


def _bytes(tensor):
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    bits = re.search(r"\d+", dtype)  # "bool" has none, and takes a byte
    return math.prod(tensor.shape) * (int(bits[0]) // 8 if bits else 1)
