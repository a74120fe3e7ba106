"""Which changes of the images were asked for; a task says which ones there are."""

from collections.abc import Collection, Iterable
from typing import Any

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
