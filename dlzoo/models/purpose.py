"""What a model answers: its task, by the layers at its end, its card, or its shape."""

import keras

from dlzoo.layers import L2Normalize, LearnedDistance
from dlzoo.layers.box_labels import ANSWERS, BoxLabels
from dlzoo.layers.class_labels import ClassLabels
from dlzoo.layers.inside import sublayers
from dlzoo.layers.pixel_labels import PixelLabels
from dlzoo.models.network import BuiltAs
from dlzoo.weights import card

_LABELS = {
    BoxLabels: "detection",
    PixelLabels: "segmentation",
    ClassLabels: "classification",
}


def purpose(model: keras.Model) -> str:
    """`"classification"`, `"detection"`, `"segmentation"`, `"faces"` or `"style"`.

    Example:
        >>> image = keras.Input((8, 8, 3))
        >>> purpose(keras.Model(image, keras.layers.Flatten()(image)))
        'classification'
    """
    inside = sublayers(model)
    for layer in inside:
        if type(layer) in _LABELS:
            return _LABELS[type(layer)]
    if isinstance(model.output, dict) and sorted(model.output) == list(ANSWERS):
        return "detection"
    last = model.layers[-1]
    while isinstance(last, keras.Model):
        last = last.layers[-1]
    if isinstance(last, (L2Normalize, LearnedDistance)):
        return "faces"
    built = [card(layer.network).task for layer in inside if isinstance(layer, BuiltAs)]
    others = [task for task in built if task != "classification"]  # than that of a backbone
    if others:
        return others[0]
    shape = model.output_shape
    of_pixels = isinstance(shape, tuple) and len(shape) == 4
    return "segmentation" if of_pixels else "classification"
