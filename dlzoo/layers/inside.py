"""Looking for layers inside of models and of other layers."""

import keras


def sublayers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Every layer inside, also in nested models and in layers made of layers."""
    return list(layer._flatten_layers(include_self=False, recursive=True))
