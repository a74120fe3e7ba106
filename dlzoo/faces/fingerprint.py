"""What made an embedding, as a hash: architecture, weights, preprocessing, alignment."""

import hashlib
import json
from typing import Any

import keras
import numpy as np

from dlzoo.layers.inside import sublayers

# Of a layer's configuration: what says nothing about what it computes, or differs between
# two that are built alike.
_UNTOLD = {"name", "trainable", "seed", "registered_name", "build_config", "module"}


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
    inside = [layer for layer in sublayers(model) if not isinstance(layer, keras.Model)]
    layers = [[type(layer).__name__, _told(layer.get_config())] for layer in inside]
    digest = hashlib.sha256(
        json.dumps([layers, settings], sort_keys=True, default=str).encode()
    )
    for weight in model.weights:
        value = np.ascontiguousarray(keras.ops.convert_to_numpy(weight), np.float32)
        digest.update(f"{value.shape}".encode())
        digest.update(value.data)
    return digest.hexdigest()


def _told(value):
    if isinstance(value, dict):
        return {key: _told(part) for key, part in value.items() if key not in _UNTOLD}
    return [_told(part) for part in value] if isinstance(value, (list, tuple)) else value
