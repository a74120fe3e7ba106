"""What a model takes, as a table: the results of `dlzoo.profile`."""

from dataclasses import asdict, dataclass
from typing import Any

from dlzoo._checks import check_positive_int
from dlzoo._text import columns


@dataclass(frozen=True)
class LayerProfile:
    """What one layer takes, all layers inside it included.

    Attributes:
        name: Path of names, e.g. `"stage1_block1/conv/bn"`.
        kind: Name of its class.
        output_shape: Without the batch axis; of several outputs the first.
        trainable_parameters, other_parameters: A layer that is used again counts them once.
        multiply_adds: For one image.
        activation_bytes: Of the outputs for one image.
        layers: The layers inside.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    trainable_parameters: int
    other_parameters: int
    multiply_adds: int
    activation_bytes: int
    layers: tuple["LayerProfile", ...] = ()

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.trainable_parameters + self.other_parameters


@dataclass(frozen=True)
class Profile:
    """What a model takes. It prints as a table; `table(depth)` goes further inside.

    Attributes:
        name: Of the model.
        layers: Its layers in the order in which they run.
        not_counted: Layers whose multiply-adds are not known, e.g. recurrent ones. A layer
            of your own tells by a method `multiply_adds(input_shape, output_shape)`.
    """

    name: str
    layers: tuple[LayerProfile, ...]
    not_counted: tuple[str, ...] = ()

    @property
    def trainable_parameters(self) -> int:
        return sum(layer.trainable_parameters for layer in self.layers)

    @property
    def other_parameters(self) -> int:
        """Moving statistics of batch normalisation, frozen and fixed weights."""
        return sum(layer.other_parameters for layer in self.layers)

    @property
    def parameters(self) -> int:
        """All of them, as `model.count_params()`."""
        return self.trainable_parameters + self.other_parameters

    @property
    def multiply_adds(self) -> int:
        """For one image."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def activation_bytes(self) -> int:
        """For one image, forward."""
        return sum(layer.activation_bytes for layer in self.layers)

    def rows(self, depth: int | None = 1) -> list[LayerProfile]:
        """Each layer once: those `depth` levels inside, or None for the innermost ones."""
        if depth is not None:
            check_positive_int("profile", "depth", depth)
        return list(_rows(self.layers, depth))

    def table(self, depth: int | None = 1) -> str:
        """The rows of `rows(depth)` and their sum as text."""
        head = ("layer", "kind", "output", "trainable", "other", "multiply-adds", "activations")
        rows = [_words(row) for row in self.rows(depth)]
        total = _words(self, self.name, "total")
        widths = [max(map(len, column)) for column in zip(head, *rows, total, strict=True)]
        line = tuple("-" * width for width in widths)
        text = columns([head, line, *rows, line, total], right=(3, 4, 5, 6))
        if self.not_counted:
            text += f"\nmultiply-adds not counted: {', '.join(self.not_counted)}"
        return text

    def __str__(self) -> str:
        return self.table()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {
            "parameters": self.parameters,
            "trainable_parameters": self.trainable_parameters,
            "multiply_adds": self.multiply_adds,
            "activation_bytes": self.activation_bytes,
        }


def counts(row):
    """The four numbers that add up: parameters (trainable, others), work, memory."""
    return (
        row.trainable_parameters,
        row.other_parameters,
        row.multiply_adds,
        row.activation_bytes,
    )


def _rows(layers, depth):
    for layer in layers:
        if layer.layers and depth != 1:
            yield from _rows(layer.layers, None if depth is None else depth - 1)
        else:
            yield layer


def _words(row, name=None, kind=None):
    """A line of the table."""
    output = "" if name else " x ".join(map(str, row.output_shape))
    numbers = map(_short, counts(row)[:3])
    return (
        name or row.name,
        kind or row.kind,
        output,
        *numbers,
        f"{_short(row.activation_bytes)}B",
    )


def _short(number):
    """With four digits: 2160 is `"2.160 k"`, 25557032 is `"25.56 M"`."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            whole = len(str(number // size))
            return f"{number / size:.{max(0, 4 - whole)}f} {unit}"
    return f"{number} "
