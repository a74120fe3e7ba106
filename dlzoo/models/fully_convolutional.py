"""A classifier of crops as a network that sees all windows of an image at once.

Source: Sermanet et al. 2013, https://arxiv.org/abs/1312.6229, section 3.5; deeplearning.ai,
Convolutional Neural Networks, week 3, "Convolutional Implementation of Sliding Windows". A
fully connected layer that reads an h x w feature map is an h x w convolution; on a larger
image it gives a score a window, and what windows share is computed once.
"""

import keras
from keras import layers

from dlzoo.layers import (
    AdaIN,
    AdaptiveAveragePooling2D,
    BatchNormalization,
    ClassLabels,
    InstanceNormalization,
    InvertedDropout,
    PadToMultiple,
    ReflectionPadding2D,
    WindowGrid,
)
from dlzoo.layers.inside import sublayers
from dlzoo.models.network import BuiltAs
from dlzoo.models.taps import tensors_before

WHO = "dense_to_conv"
_POOLINGS = {
    layers.GlobalAveragePooling2D: layers.AveragePooling2D,
    layers.GlobalMaxPooling2D: layers.MaxPooling2D,
}
_JOINTS = (layers.Flatten, *_POOLINGS)
# These treat every place by itself, so that they work on a map as on a vector.
_PLACE_BY_PLACE = (
    layers.Activation,
    layers.BatchNormalization,
    layers.Dropout,
    layers.Identity,
    layers.LeakyReLU,
    layers.ReLU,
    layers.Softmax,
    BatchNormalization,
    ClassLabels,
    InvertedDropout,
)
_SEE_THE_WHOLE = (
    *_JOINTS,
    layers.Reshape,
    layers.Resizing,
    AdaptiveAveragePooling2D,
    AdaIN,
    InstanceNormalization,
)
_PAD = (layers.ZeroPadding2D, PadToMultiple, ReflectionPadding2D)
_FAR = 720_720 * 64  # pixels; what every stride divides that is a product of small numbers


def dense_to_conv(model, *, allow_padding=False):
    """The fully convolutional form of a trained classifier of crops.

    Args:
        model: A functional model of images of one size: convolutions and poolings, then
            `Flatten` or global pooling, then fully connected layers.
        allow_padding: Take a network that pads, too. At the border of a window it saw
            zeros, and sees the neighbours now, so that scores differ from those of crops.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)` of any size from the
        crop's on to scores `(batch, rows, columns, classes)`, with copies of the weights.
        Each score equals that of `model` for its window; the layer `WindowGrid` at the end
        knows where that is. (Pixels at the end of a crop that no layer reads may be missing
        in the last windows.)

    Raises:
        ValueError: The model has another form; a layer in it pads, or sees the whole image
            before the fully connected layers.

    Example:
        >>> import dlzoo
        >>> crops = dlzoo.models.lenet5(classes=2)   # of 32 x 32 pixels
        >>> tuple(dense_to_conv(crops)(keras.ops.zeros((1, 40, 36, 1))).shape)
        (1, 3, 2, 2)
    """
    _check_form(model)
    model = keras.Model(model.inputs[0], model.outputs[0], name=model.name)  # the same layers
    joint = _joint(model)
    _check_body(model, joint, allow_padding)
    window = tuple(model.input_shape[1:3])
    replaced = _replacements(model, joint)
    image = keras.Input((None, None, model.input_shape[-1]), name="image")
    copies: dict[str, keras.layers.Layer] = {}

    def copy(layer):
        made = replaced.get(layer.name) or type(layer).from_config(layer.get_config())
        return copies.setdefault(layer.name, made)

    found = keras.models.clone_model(model, input_tensors=image, clone_function=copy)
    for layer in model.layers:
        if layer.name in copies and layer.weights:
            _copy_weights(layer, copies[layer.name])
    scores = found.outputs[0]
    grid = WindowGrid(window, _strides(found, window), name="window_grid")
    return keras.Model(found.inputs[0], grid(scores), name=f"{model.name}_windows")


def _check_form(model):
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ValueError(
            f"{WHO}: model must be a functional or sequential Keras model; got {model!r}."
        )
    one = len(model.inputs) == 1 and len(model.outputs) == 1
    if not one or len(model.input_shape) != 4 or None in model.input_shape[1:]:
        raise ValueError(
            f"{WHO}: model must take images of one size, (height, width, channels), and give "
            f"one answer; got inputs {model.input_shape} and outputs {model.output_shape}."
        )


def _joint(model):
    """Where the feature map becomes a vector: the layer."""
    order = list(tensors_before(model.outputs[0]))
    chain = [model.get_layer(name) for name in order]
    joints = [layer for layer in chain if isinstance(layer, _JOINTS)]
    joint = joints[0] if len(joints) == 1 else None
    tail = chain[chain.index(joint) + 1 :] if joint else []
    strange = [layer.name for layer in tail if not _fits_a_tail(layer)]
    if joint is None or strange or not any(isinstance(x, layers.Dense) for x in tail):
        what = strange or [layer.name for layer in joints] or "none of them"
        raise ValueError(
            f"{WHO}: model must have one of Flatten, GlobalAveragePooling2D and "
            f"GlobalMaxPooling2D, and after it Dense layers, activations, dropout and batch "
            f"normalisation alone, because those are convolutions of one place; got {what}."
        )
    return joint


def _fits_a_tail(layer):
    return isinstance(layer, (layers.Dense, *_PLACE_BY_PLACE))


def _check_body(model, joint, allow_padding):
    """Before the joint nothing may look beyond a window."""
    for outer in model.layers:
        if outer is joint:
            continue
        for layer in (outer, *sublayers(outer)):
            if isinstance(layer, _SEE_THE_WHOLE):
                raise ValueError(
                    f"{WHO}: layers before {joint.name!r} must see a part of the image each, "
                    f"because a window has neighbours; {outer.name!r} sees the whole of it."
                )
            if _pads(layer) and not allow_padding:
                raise ValueError(
                    f"{WHO}: convolutions and poolings must be 'valid', because a window in "
                    f"an image has neighbours where the crop had zeros; {outer.name!r} pads. "
                    f"Train a network without padding, or pass allow_padding=True and expect "
                    f"scores that differ."
                )


def _pads(layer):
    if isinstance(layer, _PAD):
        return True
    size = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None) or 1
    size = size if isinstance(size, tuple) else (size,)
    return getattr(layer, "padding", "valid") != "valid" and max(size) > 1


def _replacements(model, joint):
    """Name of a layer to the one that does the same on a larger map, without weights yet."""
    sides = tuple(joint.input.shape[1:3])
    found = {
        layer.name: layers.Identity(name=layer.name)
        for layer in model.layers
        if isinstance(layer, BuiltAs)  # its weights are no longer those of the files
    }
    flat = isinstance(joint, layers.Flatten)
    if flat:
        found[joint.name] = layers.Identity(name=joint.name)
    else:
        pooling = _POOLINGS[type(joint)]
        found[joint.name] = pooling(sides, strides=1, name=joint.name, dtype=joint.dtype_policy)
    first = True
    for name in tensors_before(model.outputs[0]):
        layer = model.get_layer(name)
        if isinstance(layer, layers.Dense):
            found[name] = _as_convolution(layer, sides if flat and first else (1, 1))
            first = False
    return found


def _as_convolution(dense, sides):
    return layers.Conv2D(
        dense.units,
        sides,
        activation=dense.activation,
        use_bias=dense.use_bias,
        dtype=dense.dtype_policy,
        name=dense.name,
    )


def _copy_weights(layer, copy):
    """A matrix of `(height * width * channels, units)` is a kernel, pixel by pixel."""
    values = layer.get_weights()
    shapes = [weight.shape for weight in copy.weights]
    copy.set_weights(
        [value.reshape(shape) for value, shape in zip(values, shapes, strict=True)]
    )


def _strides(model, window):
    """Pixels of the image from a place of the output to the next, down and across."""
    channels = model.input_shape[-1]
    sides = [side + _FAR for side in window]
    spec = model.compute_output_spec(keras.KerasTensor((1, *sides, channels)))
    return tuple(_FAR // (places - 1) for places in spec.shape[1:3])
