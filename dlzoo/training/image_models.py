"""Models that take images: what goes into them, and what is behind what inside."""

from typing import Any

import keras

from dlzoo._checks import check_pair
from dlzoo.weights import card


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
    if any(mine not in (None, side) for mine, side in zip(own, size, strict=True)):
        raise ValueError(
            f"fine_tune: image_size must be what {model.name!r} was built for, {own}; got "
            f"{size}."
        )
    return size


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
