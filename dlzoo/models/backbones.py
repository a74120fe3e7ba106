"""Classification networks as backbones: their feature maps by stride."""

import keras

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

    Ours twice where nobody else has files of the network, as of `vgg_small`.
    """
    if encoder.layouts:
        names = encoder.layouts.get(layout, next(iter(encoder.layouts.values())))
    else:
        names = [(ours, ours) for ours in encoder.layers[0]]
    return [(ours, theirs) for ours, theirs in names if ours.startswith(OWN)]
