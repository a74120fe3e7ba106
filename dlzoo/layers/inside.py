"""Looking for layers inside of models and of other layers."""

import keras

from dlzoo.layers.image_preprocessing import ImagePreprocessing


def sublayers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Every layer inside, also in nested models and in layers made of layers."""
    return list(layer._flatten_layers(include_self=False, recursive=True))


def takes_raw_pixels(model: keras.Model) -> bool:
    """Whether the first thing that `model` does is to scale pixels."""
    inside = sublayers(model)
    if any(isinstance(layer, ImagePreprocessing) for layer in inside):
        return True
    models = (keras.Model, keras.layers.InputLayer)
    first = next((layer for layer in inside if not isinstance(layer, models)), None)
    return isinstance(first, keras.layers.Rescaling)
