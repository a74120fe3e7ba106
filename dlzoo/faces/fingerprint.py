"""What made an embedding, as a hash: architecture, weights, preprocessing, alignment."""

from typing import Any

import keras

from dlzoo.layers.inside import sublayers
from dlzoo.training.inference import weights_digest

# Of a layer's configuration, what changes its answer beside its weights. Not all of it: a new
# version of Keras adds words, and would make strangers of all that was embedded before.
_TOLD = (
    "activation", "alpha", "axis", "channel_order", "dilation_rate", "dims", "epsilon",
    "function", "groups", "mean", "negative_slope", "offset", "p", "padding", "pool_size",
    "scale", "std", "strides", "target_shape", "variance",
)  # fmt: skip


def fingerprint(model: keras.Model, **settings: Any) -> str:
    """The same for a model built, saved and loaded again; another one for other weights.

    Args:
        model: The network.
        **settings: Plain values that change embeddings, too.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> copy = keras.models.clone_model(model)
        >>> fingerprint(model) == fingerprint(copy)           # other random weights
        False
        >>> copy.set_weights(model.get_weights())
        >>> fingerprint(model) == fingerprint(copy) != fingerprint(copy, alignment="none")
        True
    """
    layers = [
        [type(layer).__name__, _told(layer.get_config())]
        for layer in sublayers(model)
        if not isinstance(layer, keras.Model)
    ]
    return weights_digest(model, layers=layers, **settings)


def _told(config):
    return {key: config[key] for key in _TOLD if key in config}
