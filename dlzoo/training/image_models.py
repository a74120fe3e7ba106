"""Models that take images: what goes into them, and what is behind what inside."""

from collections.abc import Mapping
from typing import Any

import keras

from dlzoo._checks import check_pair
from dlzoo.models import Network
from dlzoo.models.taps import tensors_before
from dlzoo.weights import card

AUTO = "auto"  # `weights=`: the first on the card
_ENCODER = ("stem", "stage")  # how names of layers begin that belong to a backbone
_ROUND = 32  # what sides that we choose are multiples of


def input_size(model: keras.Model) -> tuple[int | None, int | None]:
    """Height and width of the images that `model` takes.

    Raises:
        ValueError: It does not take one batch of RGB images.
    """
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] != 3:
        raise ValueError(
            f"{model.name}: the model must take images (batch, height, width, 3); its "
            f"input shape is {shape}."
        )
    return shape[1:3]


def chosen_size(model: str | keras.Model, image_size: Any) -> tuple[int, int]:
    """Height and width of the images for `model`, a name of the zoo or a model.

    Raises:
        ValueError: It is neither, or not built for images of `image_size`.
    """
    if isinstance(model, str):
        return check_pair("fine_tune", "image_size", image_size or card(model).input_size)
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"fine_tune: model must be a name of the zoo or a keras.Model; got "
            f"{type(model).__name__}."
        )
    own = height, width = input_size(model)
    if image_size is None:
        if height is None or width is None:
            raise ValueError(
                f"fine_tune: image_size must be given, because {model.name!r} takes "
                f"images of any size {own}."
            )
        return height, width
    size = check_pair("fine_tune", "image_size", image_size)
    check_own_size(model.name, own, size)
    return size


def usual_size(size: tuple[int, int], largest: int) -> tuple[int, int]:
    """Height and width near the aspect of `size`: multiples of 32, at most `largest` or so.

    Example:
        >>> usual_size((480, 640), 416)
        (320, 416)
    """
    shrink = min(largest / max(size), 1.0)
    height, width = (max(_ROUND, round(side * shrink / _ROUND) * _ROUND) for side in size)
    return height, width


def check_own_size(
    name: str, own: tuple[int | None, int | None], size: tuple[int, int]
) -> None:
    """`size` must be what a network takes whose sides are `own`."""
    if any(mine not in (None, side) for mine, side in zip(own, size, strict=True)):
        raise ValueError(
            f"fine_tune: image_size must be what {name!r} was built for, {own}; got {size}."
        )


def first_weights(name: str, weights: Any, options: Mapping[str, Any]) -> Any:
    """`weights`; for `"auto"` the first on the network's card or on that of its backbone."""
    if isinstance(weights, str) and weights == AUTO:
        return next(iter(card(options.get("backbone", name)).weights_names), None)
    return weights


def encoder_part(core: keras.Model, end: Any = None) -> keras.Model:
    """The backbone's part of a network, or all of it if nothing is named like one.

    Args:
        core: A functional model.
        end: The tensor behind which nothing belongs to it; None: the output.
    """
    inside = tensors_before(core.output if end is None else end)
    mine = [tensor for name, tensor in inside.items() if name.startswith(_ENCODER)]
    others = [name for name in inside if not name.startswith(_ENCODER)]
    if not mine or others[-1] in tensors_before(mine[-1]):
        return core
    return Network(core.input, mine[-1], name=f"{core.name}_encoder")


def flat(model: keras.Model, x: Any) -> Any:
    """The output of `model` for `x`, its layers (not the model) becoming part of the graph."""
    functional = hasattr(model, "operations") or isinstance(model, keras.Sequential)
    return model.call(x) if functional else model(x)


def origin(tensor: Any) -> tuple[Any, Any]:
    """The layer that made a symbolic tensor, and what it was called on."""
    history = tensor._keras_history
    node = history.operation._inbound_nodes[history.node_index]
    sources = node.input_tensors
    return history.operation, sources[0] if sources else None


def free_name(image: Any, tensor: Any, wanted: str) -> str:
    """`wanted`, or `wanted_2` ... if the network has such a layer already."""
    taken = {layer.name for layer in keras.Model(image, tensor).layers}
    names = (wanted, *(f"{wanted}_{number}" for number in range(2, 1000)))
    return next(name for name in names if name not in taken)
