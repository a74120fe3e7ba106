"""Classification networks as backbones: their feature maps by stride, and their vectors."""

from collections.abc import Mapping

import keras
from keras import layers

from dlzoo.models.classifier import POOLING
from dlzoo.models.taps import tensors_before
from dlzoo.weights import list_models

STRIDE = 32  # of the last stage of every backbone that fits
OWN = ("stem", "stage", "top_pool")  # how the names of a backbone's own layers begin


def with_stages():
    """Names of the networks of the zoo that have stages."""
    return sorted(set(list_models(task="classification")) - {"lenet5", "mlp"})


def maps_by_stride(who, name, end):
    """Stride to the last feature map of a backbone that has it.

    Args:
        who: For the error.
        name: Of the backbone.
        end: What its body answered, a symbolic tensor.

    Raises:
        ValueError: The last stage is not at stride 32.
    """
    tensors = tensors_before(end)
    source = next(iter(tensors.values()))
    kept = {key: x for key, x in tensors.items() if key.startswith(OWN)}
    *sides, channels = source.shape[1:]
    sides = [side or 8 * STRIDE for side in sides]
    probe = keras.Model(source, kept)
    shapes = probe.compute_output_spec(keras.KerasTensor((1, *sides, channels)))
    found = {}
    for key, tensor in kept.items():  # PyTorch hands the shapes back in another order
        height, width = shapes[key].shape[1:3]
        stride = sides[0] // height
        if [height * stride, width * stride] == sides:
            found[stride] = tensor
    last = list(kept)[-1]
    if found.get(STRIDE) is not kept[last]:
        raise ValueError(
            f"{who}: backbone must be a network whose stages halve the image five times, e.g. "
            f"'mobilenet_v2' or 'resnet34'; got {name!r}."
        )
    return found


def own_names(encoder, layout=None):
    """Our layers and theirs of an encoder's stages, in `layout` or the first one.

    Of a network that nobody else publishes they are the same.
    """
    names = encoder.layouts.get(layout) or next(iter(encoder.layouts.values()), None)
    names = names or [(ours, ours) for ours in encoder.layers[0]]
    return [(ours, theirs) for ours, theirs in names if ours.startswith(OWN)]


def body_names(encoder, above):
    """Our layers of an encoder's body and those `above` it, as `Design.layers` wants them."""
    top = {*encoder.top.heads, *encoder.top.hidden}

    def form(names):
        return [*(name for name in names if name not in top), *above]

    if isinstance(encoder.layers, Mapping):
        return {origin: form(names) for origin, names in encoder.layers.items()}
    if encoder.layers:
        return [form(names) for names in encoder.layers]
    return [form(ours for ours, _ in next(iter(encoder.layouts.values())))]


def flat_or_pooled(who, x, pooling, why):
    """The whole feature map `x` as a vector, which knows where things are, or its pooling.

    Args:
        who: For the error.
        pooling: None, or a key of `POOLING`.
        why: The sides must be known without pooling.

    Raises:
        ValueError: They are not.
    """
    if pooling:
        return POOLING[pooling](name="pool")(x)
    if None in x.shape[1:3]:
        raise ValueError(
            f"{who}: height and width must be given, because {why}; got one of "
            f"{tuple(x.shape)}. Pass input_shape=(height, width, channels), or "
            f"pooling='avg', which knows less exactly where things are."
        )
    return layers.Flatten(name="flatten")(x)
