"""The inside of a network by name: the end of each stage, or any layers."""

import math
import re

import keras

from dlzoo.models.network import Network


def features(model, names=None):
    """A model that gives the end of each stage, for a U-Net, a detector or the curious.

    Args:
        model: A functional model; the stages are its layers named `stage<N>_...`.
        names: Stages (`"stage3"`) or names of layers; None means all stages.

    Returns:
        A `keras.Model` from the same input to a dict of feature maps by name. It shares its
        weights with `model`. `stages(model)` tells strides and channels.

    Raises:
        ValueError: A name that is neither a stage nor a layer, or no stages at all.

    Example:
        >>> import dlzoo
        >>> pyramid = features(dlzoo.models.resnet18(input_shape=(64, 64, 3)))
        >>> pyramid.output["stage3"].shape
        (None, 4, 4, 256)
    """
    ends = _stage_ends(model)
    if names is None:
        names = list(ends)
    if not names:
        raise ValueError(
            f"features: {model.name!r} has no layers named 'stage1...', so names must be "
            f"given; layers are {[layer.name for layer in model.layers]}."
        )
    outputs = {}
    layers = {layer.name: layer for layer in model.layers}
    for name in names:
        layer = ends.get(name) or layers.get(name)
        if layer is None:
            raise ValueError(
                f"features: names must be stages {list(ends)} or layers of "
                f"{model.name!r}; got {name!r}."
            )
        outputs[name] = layer.output
    return Network(model.inputs, outputs, name=f"{model.name}_features")


def stages(model):
    """Stride and channels at the end of each stage.

    Example:
        >>> import dlzoo
        >>> stages(dlzoo.models.resnet50())
        {'stage1': (4, 256), 'stage2': (8, 512), 'stage3': (16, 1024), 'stage4': (32, 2048)}
    """
    channels = model.input_shape[-1]
    height, width = (side or 512 for side in model.input_shape[1:3])
    image = keras.KerasTensor((1, height, width, channels))
    shapes = features(model).compute_output_spec(image)
    return {
        name: (_stride(height, out.shape[1]), out.shape[-1]) for name, out in shapes.items()
    }


def _stride(side, left):
    """The power of two by which a side was divided to leave `left` pixels."""
    stride = 2 ** math.ceil(math.log2(side / left))
    if math.ceil(side / stride) == left:  # what the stride does not divide was rounded up
        return stride
    return 2 ** round(math.log2(side / left))  # pixels at the border were lost


def _stage_ends(model):
    """Name of the stage to its last layer, in the order of the network."""
    ends = {}
    for layer in model.layers:
        if found := re.match(r"stage\d+(?=_|$)", layer.name):
            ends[found[0]] = layer
    return ends


def tensors_before(end):
    """Name of a layer to its output, for all that lead to the symbolic tensor `end`, in order.

    Example:
        >>> image = keras.Input((4,), name="image")
        >>> list(tensors_before(keras.layers.Dense(2, name="scores")(image)))
        ['image', 'scores']
    """
    found = {}

    def visit(tensor):
        layer, place, _ = tensor._keras_history  # Keras 3.15.1 has no public way to it
        if layer.name in found:
            return
        for before in layer._inbound_nodes[place].input_tensors:
            visit(before)
        found[layer.name] = tensor

    visit(end)
    return found
