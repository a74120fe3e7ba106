"""From the names in a file to the names in our networks, all or nothing.

A network's file (`dlzoo/models/resnet.py`, ...) lists pairs of layers, ours and theirs. A
`Layout` says how a program names the tensors of a layer and orders their axes. `match`
puts both together with the file, and either fits everything or raises one error that
lists everything that does not fit.
"""

import fnmatch
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlzoo.errors import WeightsError

Pairs = Collection[tuple[str, str]]  # (our layer path, their layer path)


@dataclass(frozen=True)
class Layout:
    """How a program lays out the tensors of a layer.

    Attributes:
        name: `"keras"`, `"torchvision"`, ...
        origins: Whose conventions files in this layout may follow, the likeliest first;
            empty if anybody's.
        separator: Between the parts of a name.
        leaves: Our name of a tensor to theirs.
        channels_first: Whether axes are in PyTorch's order.
        flat: Whether tensors come without their shapes.
    """

    name: str
    origins: tuple[str, ...]
    separator: str
    leaves: Mapping[str, str]
    channels_first: bool
    flat: bool = False

    def key(self, layer: str, leaf: str) -> str:
        """Their name of a tensor, e.g. `layer1.0.bn1.running_mean`."""
        return f"{layer}{self.separator}{self.leaves.get(leaf, leaf)}"

    def convert(
        self,
        tensor: np.ndarray,
        shape: tuple[int, ...],
        sides: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Their axes to ours, for a variable of `shape`.

        `sides` are height and width of the feature map that a fully connected layer
        flattens; PyTorch flattens it channel by channel, we pixel by pixel.
        """
        if self.flat and tensor.size == math.prod(shape):
            theirs = (*reversed(shape[-2:]), *shape[:-2]) if self.channels_first else shape
            tensor = tensor.reshape(theirs)
        if self.channels_first and tensor.ndim == 2 and sides:
            tensor = tensor.reshape(len(tensor), -1, *sides)
        if self.channels_first and tensor.ndim == 4:
            # (out, in, h, w) to (h, w, in, out); depthwise (c, 1, h, w) to (h, w, c, 1)
            one_input = tensor.shape[1] == 1
            tensor = tensor.transpose(2, 3, 1, 0)
            if one_input and tensor.shape != shape:
                return tensor.transpose(0, 1, 3, 2)
        elif self.channels_first and tensor.ndim == 2:  # (out, in) to (in, out)
            return tensor.T
        if tensor.ndim == 4 and len(shape) == 2:  # fully connected, stored as a convolution
            return tensor.reshape(-1, tensor.shape[-1])
        return tensor


TORCH_LEAVES = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "alpha": "weight",  # of PReLU
}
CSV_LEAVES = {
    "kernel": "w",
    "bias": "b",
    "gamma": "w",
    "beta": "b",
    "moving_mean": "m",
    "moving_variance": "v",
}
LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("dlzoo", (), "/", {}, channels_first=False),
        Layout("keras", ("keras",), "/", {}, channels_first=False),
        Layout("torchvision", ("torch",), ".", TORCH_LEAVES, channels_first=True),
        # names of torchvision's detectors before its version 0.13, which its files still have
        Layout("torchvision-0.12", ("torch",), ".", TORCH_LEAVES, channels_first=True),
        Layout("timm", ("torch", "tf"), ".", TORCH_LEAVES, channels_first=True),
        # one program's own names, where a network has no more than that one
        Layout("torch", ("torch",), ".", TORCH_LEAVES, channels_first=True),
        Layout("milesial", ("torch",), ".", TORCH_LEAVES, channels_first=True),
        Layout("smp", ("torch",), ".", TORCH_LEAVES, channels_first=True),
        Layout("facenet-pytorch", ("torch",), ".", TORCH_LEAVES, channels_first=True),
        # its three networks in one file
        Layout("mtcnn", ("torch",), ".", TORCH_LEAVES, channels_first=True),
        Layout("csv", ("torch",), "_", CSV_LEAVES, channels_first=True, flat=True),
        Layout("darknet", ("darknet",), "/", {}, channels_first=True),
    )
}


@dataclass(frozen=True)
class Top:
    """The layers after the body, which a file may lack or a model may not have.

    Attributes:
        heads: Those that have an output a class. They stay random where the file has none
            of their shape.
        hidden: The others with weights. They stay random where the file has none at all.
        step: The outputs of a head are a multiple of it.
    """

    heads: tuple[str, ...] = ("head",)
    hidden: tuple[str, ...] = ()
    step: int = 1


@dataclass(frozen=True)
class Porting:
    """How to find our variables in a file.

    Attributes:
        pairs: Our layer to theirs.
        layout: How the file names and orders a layer's tensors.
        top: Which layers need not be on both sides.
        flattened: Our fully connected layers that read a feature map, and its sides.
        not_ours: Patterns of their layers that are no part of the network.
    """

    pairs: Pairs
    layout: Layout
    top: Top = field(default_factory=Top)
    flattened: Mapping[str, tuple[int, int]] = field(default_factory=dict, hash=False)
    not_ours: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoadReport:
    """What became of a file of weights.

    Attributes:
        source: Name or path that was asked for.
        layout: Whose names the file uses.
        origin: Whose conventions its weights follow.
        loaded: Our variables that were filled.
        random: Our variables that kept their initial values.
        unused: Tensors of the file that had no place.
        notes: What a person should know.
    """

    source: str
    layout: str
    origin: str
    loaded: tuple[str, ...]
    random: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
        }

    def __str__(self) -> str:
        lines = [
            f"{self.source}: {len(self.loaded)} variables loaded "
            f"({self.layout} layout, origin {self.origin!r})"
        ]
        if self.random:
            lines.append(f"  stayed random: {', '.join(self.random)}")
        if self.unused:
            lines.append(f"  not used: {', '.join(self.unused)}")
        return "\n".join(lines + [f"  {note}" for note in self.notes])


@dataclass(frozen=True)
class Match:
    """Tensors for our variables, in our axes, and what is left over on both sides."""

    values: Mapping[str, np.ndarray]
    random: tuple[str, ...]
    unused: tuple[str, ...]
    notes: tuple[str, ...]


def recognise(
    tensors: Iterable[str], candidates: Iterable[tuple[str, Pairs]]
) -> tuple[str, Pairs, float]:
    """The layout that most layers of the file are named in, and the share of ours found.

    Args:
        tensors: Names in the file.
        candidates: Layout and its pairs of layers; a layout may come several times.
    """
    keys = set(tensors)
    layers = {
        layout.separator: {key.rpartition(layout.separator)[0] for key in keys}
        for layout in LAYOUTS.values()
    }
    best: tuple[str, Pairs, float] = ("", (), -1.0)
    for name, pairs in candidates:
        theirs = {their for _, their in pairs}
        share = len(theirs & layers[LAYOUTS[name].separator]) / len(theirs)
        if share > best[-1]:
            best = name, pairs, share
    return best


def match(
    who: str,
    wanted: Mapping[str, tuple[int, ...]],
    tensors: Mapping[str, np.ndarray],
    porting: Porting,
) -> Match:
    """Find a tensor for every variable.

    Args:
        who: Name of the network, for the error.
        wanted: Our variables, path to shape.
        tensors: The file's, name to array.
        porting: What leads from one to the other.

    Raises:
        WeightsError: Anything but the top has no tensor or one of another shape, or a
            tensor of the file has no place. Everything is listed.
    """
    theirs = dict(porting.pairs)
    layout, top = porting.layout, porting.top
    values: dict[str, np.ndarray] = {}
    problems: list[str] = []
    notes: list[str] = []
    used: set[str] = set()
    random: list[str] = []
    for layer, variables in _by_layer(wanted).items():
        keys = {path: layout.key(theirs.get(layer, layer), path.rpartition("/")[2])
                for path in variables}  # fmt: skip
        found = {
            path: layout.convert(tensors[key], wanted[path], porting.flattened.get(layer))
            for path, key in keys.items()
            if key in tensors
        }
        fits = len(found) == len(variables) and all(
            found[path].shape == wanted[path] for path in found
        )
        if fits:
            values |= found
            used |= set(keys.values())
        elif not found and layer in (*top.heads, *top.hidden):
            random += variables
            notes.append(f"The file has no {layer}; ours stays random.")
        elif len(found) == len(variables) and layer in top.heads:
            random += variables
            notes.append(_other_size(layer, found, wanted))
            continue
        else:
            used |= set(keys.values())
            hint = _why(layer, porting)
            problems += [f"not filled: {path}" for path in variables if path not in found]
            problems += [
                f"shape: {path} {wanted[path]} <- {keys[path]} {value.shape}{hint}"
                for path, value in found.items()
                if value.shape != wanted[path]
            ]
        used |= {keys[path] for path in found}
    unused = sorted(key for key in tensors if key not in used)
    problems += [f"not used: {key}" for key in unused if not _is_spare(key, porting, theirs)]
    if problems:
        raise WeightsError(
            f"{who}: weights do not fit ({layout.name} layout); nothing was loaded:\n  "
            + "\n  ".join(problems)
        )
    return Match(values, tuple(random), tuple(unused), tuple(notes))


def _is_spare(key, porting, theirs):
    """Whether a tensor of the file may stay unused."""
    layer = key.rpartition(porting.layout.separator)[0]
    top = (*porting.top.heads, *porting.top.hidden)
    return layer in {theirs[ours] for ours in top if ours in theirs} or any(
        fnmatch.fnmatchcase(layer, pattern) for pattern in porting.not_ours
    )


def _why(layer, porting):
    """Why a layer that reads a feature map may have another shape."""
    if layer not in porting.flattened:
        return ""
    return " (it reads a feature map: the file is for images of another size)"


def _by_layer(wanted):
    layers: dict[str, list[str]] = {}
    for path in wanted:
        layers.setdefault(path.rpartition("/")[0], []).append(path)
    return layers


def _other_size(layer, found, wanted):
    path = next(iter(found))
    return (
        f"The file's {layer} has {found[path].shape[-1]} outputs, ours "
        f"{wanted[path][-1]}; ours stays random."
    )
