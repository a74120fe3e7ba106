"""Changes of an image that leave what it shows as it is, made anew in every epoch.

They are Keras's layers in front of the network while it is trained, and are not part of
the saved model. None turns the picture upside down.
"""

from typing import Any

import keras
from keras import layers

from dlzoo.training.augmenting import chosen_names

_PIXELS = (0, 255)
_EDGE = {"fill_mode": "nearest"}

# Strengths: small, as for photographs; stronger ones rarely help a pretrained network.
AUGMENTATIONS = {
    "flip": lambda seed: layers.RandomFlip("horizontal", seed=seed),
    "shift": lambda seed: layers.RandomTranslation(0.1, 0.1, seed=seed, **_EDGE),
    "rotate": lambda seed: layers.RandomRotation(10 / 360, seed=seed, **_EDGE),
    "zoom": lambda seed: layers.RandomZoom(0.1, seed=seed, **_EDGE),
    "brightness": lambda seed: layers.RandomBrightness(0.15, _PIXELS, seed=seed),
    "contrast": lambda seed: layers.RandomContrast(0.2, _PIXELS, seed=seed),
}


def augmentation(choice: Any, seed: int) -> layers.Layer | None:
    """The layer that augments images of 0 to 255, or None.

    Args:
        choice: True for all of `AUGMENTATIONS`, False for none, a list of their names
            (leave out `"flip"` where left and right matter: digits, letters, road
            signs), or a Keras layer from images to images.
        seed: Whole number that the changes follow from.
    """
    if isinstance(choice, layers.Layer):
        return choice.__class__.from_config(choice.get_config())
    names = chosen_names(choice, AUGMENTATIONS)
    if not names:
        return None
    made = [AUGMENTATIONS[name](seed + place) for place, name in enumerate(names)]
    for layer in made:
        # Keras says no, for the sake of tf.data; on JAX they do compile.
        # One layer without it would leave the whole network uncompiled there.
        layer.supports_jit = True
    return keras.Sequential(made, name="augmentation")
