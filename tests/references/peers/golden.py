"""What a golden is made of: our builder, the peer's network, and where its stages end."""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Golden:
    """A row: our builder and its options, the peer's network, where its stages end."""

    model: str
    peer: str
    build: Callable
    taps: dict[str, str]
    gain: float
    options: dict

    @property
    def name(self):
        options = "".join(
            f"-{key}" if value is True else f"-{key}{value}"
            for key, value in self.options.items()
            if value is not False
        )
        return f"{self.peer}-{self.model}{options}"


def keras_row(model, build, taps, gain, **options):
    """A network of keras.applications; `build` is its builder."""

    def reference(input_shape):
        return build(
            weights=None, input_shape=input_shape, classifier_activation=None, **options
        )

    return Golden(model, "keras", reference, taps, gain, options)


def import_torchvision():
    """Import torchvision also where its compiled operators are missing."""
    register = torch.library.register_fake

    def lenient(name, *args, **kwargs):
        if isinstance(name, str) and name.startswith("torchvision::"):
            return lambda function: function
        return register(name, *args, **kwargs)

    torch.library.register_fake = lenient
    import torchvision

    return torchvision
