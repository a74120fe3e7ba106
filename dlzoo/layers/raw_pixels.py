"""Models that take RGB of 0 to 255, and how others become such."""

from typing import Any

import keras

from dlzoo.layers.image_preprocessing import ImagePreprocessing
from dlzoo.layers.inside import sublayers

INCLUDED = "included"  # `preprocessing=` of a model that takes raw pixels already


def takes_raw_pixels(model: keras.Model) -> bool:
    """Whether the first thing that `model` does is to scale pixels."""
    inside = sublayers(model)
    if any(isinstance(layer, ImagePreprocessing) for layer in inside):
        return True
    models = (keras.Model, keras.layers.InputLayer)
    first = next((layer for layer in inside if not isinstance(layer, models)), None)
    return isinstance(first, keras.layers.Rescaling)


def scaling_layer(preprocessing: Any) -> ImagePreprocessing:
    """What a `dlzoo.weights.Preprocessing` says about the values of pixels, as a layer."""
    return ImagePreprocessing(
        preprocessing.scale,
        preprocessing.mean,
        preprocessing.std,
        preprocessing.channel_order,
        name="preprocessing",
    )


def preprocessing_layer(model: keras.Model, preprocessing: Any) -> keras.layers.Layer | None:
    """The layer to put in front of `model` so that it takes raw RGB; None if it does.

    Args:
        model: A network.
        preprocessing: A `dlzoo.weights.Preprocessing`, a layer, `INCLUDED`, or None.

    Raises:
        ValueError: It is not known what the model expects.
    """
    if takes_raw_pixels(model) or preprocessing == INCLUDED:
        return None
    if hasattr(preprocessing, "channel_order") and hasattr(preprocessing, "crop_fraction"):
        return scaling_layer(preprocessing)
    if isinstance(preprocessing, keras.layers.Layer):
        return preprocessing.__class__.from_config(preprocessing.get_config())
    raise ValueError(
        f"{model.name}: preprocessing must be given, because the model has no "
        f"ImagePreprocessing layer and pixels scaled otherwise than in its training give "
        f"wrong answers; got {preprocessing!r}. Pass one of dlzoo.weights.CAFFE, "
        f"INCEPTION (e.g. MobileNetV2 of keras.applications) or IMAGENET, a layer, or "
        f"{INCLUDED!r} if the model takes RGB of 0 to 255; or build it by dlzoo with "
        f"include_preprocessing=True."
    )


def taking_raw_pixels(model: keras.Model, preprocessing: Any = None) -> keras.Model:
    """`model`, or one around it that scales raw RGB first; errors of `preprocessing_layer`.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
        >>> taking_raw_pixels(model, keras.layers.Rescaling(1 / 255)).input_shape
        (None, 8, 8, 3)
    """
    layer = preprocessing_layer(model, preprocessing)
    if layer is None:
        return model
    image = keras.Input((*model.input_shape[1:3], 3), name="image")
    return keras.Model(image, model(layer(image)))
