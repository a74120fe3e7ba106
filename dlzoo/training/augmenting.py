"""Which changes of the images were asked for; a task says which ones there are."""

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from keras import layers, saving

from dlzoo._checks import check_choice


def chosen_names(
    choice: Any, known: Collection[str], usual: Collection[str] | None = None
) -> tuple[str, ...]:
    """The names that `augment=` stands for: True for the usual (None: all), False for none.

    Raises:
        ValueError: It is something else, or names what is not known.

    Example:
        >>> chosen_names(True, ["flip", "zoom"]), chosen_names(["zoom"], ["flip", "zoom"])
        (('flip', 'zoom'), ('zoom',))
    """
    if choice is True:
        return tuple(known if usual is None else usual)
    if choice is False or choice is None:
        return ()
    if isinstance(choice, str) or not isinstance(choice, Iterable):
        raise ValueError(
            f"fine_tune: augment must be True, False, a list of names out of "
            f"{list(known)}, or a Keras layer; got {choice!r}."
        )
    names = tuple(choice)
    for name in names:
        check_choice("fine_tune", "each name in augment", name, known)
    return names


def describe(choice: Any, known: Collection[str], usual: Collection[str] | None = None) -> Any:
    """`choice` as plain values, for the record of a run."""
    if isinstance(choice, layers.Layer):
        return without_names(saving.serialize_keras_object(choice))
    return list(chosen_names(choice, known, usual))


def without_names(config: Any) -> Any:
    """A layer's config without the names that Keras counts up in every process."""
    if isinstance(config, dict):
        return {k: without_names(v) for k, v in config.items() if k != "name"}
    if isinstance(config, (list, tuple)):
        return [without_names(value) for value in config]
    return config


def relit(
    generator: np.random.Generator,
    images: Any,
    *,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
) -> Any:
    """Images `(batch, height, width, channels)` of 0 to 255 as of another exposure.

    Args:
        generator: What the changes of each image follow from.
        images: Any numbers.
        brightness: Up to which part of 255 is added or taken.
        contrast: Up to which part differences from the mean grow or shrink.
        saturation: The same for differences from grey.

    Returns:
        float32 within 0 to 255; `images` as they are if nothing is to be changed.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> round(float(relit(generator, np.full((1, 2, 2, 3), 100), brightness=0.2).max()), 2)
        113.97
    """
    if not (brightness or contrast or saturation):
        return images
    images = np.asarray(images, "float32")
    shape = (len(images), 1, 1, 1)
    if contrast:
        factor = generator.uniform(1 - contrast, 1 + contrast, shape)
        mean = images.mean(axis=(1, 2, 3), keepdims=True)
        images = (images - mean) * factor.astype("float32") + mean
    if saturation:
        factor = generator.uniform(1 - saturation, 1 + saturation, shape)
        grey = images.mean(axis=-1, keepdims=True)
        images = (images - grey) * factor.astype("float32") + grey
    if brightness:
        shift = 255 * generator.uniform(-brightness, brightness, shape)
        images = images + shift.astype("float32")
    return np.clip(images, 0, 255)
