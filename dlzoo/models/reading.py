"""How a classifier of the zoo, or one that was trained here, is shown images."""

import keras

from dlzoo.layers.class_labels import labels_inside
from dlzoo.layers.inside import sublayers
from dlzoo.models.network import BuiltAs
from dlzoo.weights import IMAGENET, Preprocessing, card


def usual_preprocessing(model: keras.Model) -> Preprocessing:
    """Size, crop and interpolation where none are given.

    Of a model with labels inside, as `fine_tune` reads: nothing is cut off. Of a network of the
    zoo, as the first published weights of its origin were tested. Else as is usual on ImageNet.

    Example:
        >>> image = keras.Input((8, 8, 3))
        >>> usual_preprocessing(keras.Model(image, keras.layers.Flatten()(image))).crop_fraction
        0.875
    """
    if labels_inside(model):
        return IMAGENET.at(crop_fraction=1.0)
    for layer in sublayers(model):
        if isinstance(layer, BuiltAs):
            for weights in card(layer.network).weights:
                if weights.origin == layer.origin and weights.preprocessing:
                    return weights.preprocessing
    return IMAGENET
