"""Keras's files: HDF5 in the old layout (layer names as attributes) and the new one
(numbered datasets), and the `.keras` archive around the latter.

Both come out as `<layer path>/<leaf>`: the layers' names, not those of their classes.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from dlzoo.errors import WeightsError
from dlzoo.weights._tensors import as_float32, from_bfloat16

MAGIC = b"\x89HDF\r\n\x1a\n"

# Beside the layers in a new-style file; nothing that a network's output depends on.
_STATE = re.compile(r"(optimizer|metrics?|seed_generator|loss_tracker)(_\d+)?$")

# Class, in snake case as the new layout has it, to the names of its numbered datasets.
_LEAVES = {
    "separable_conv2d": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "layer_normalization": ("gamma", "beta"),
    "group_normalization": ("gamma", "beta"),
    "p_re_lu": ("alpha",),
    "prelu": ("alpha",),
    "sub_sampling": ("coefficient", "bias"),
    "radial_basis": ("codes",),
}
_NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def is_hdf5(head: bytes, path: Path) -> bool:
    return head.startswith(MAGIC)


def is_archive(head: bytes, path: Path) -> bool:
    if not head.startswith(b"PK"):
        return False
    with zipfile.ZipFile(path) as archive:
        return "config.json" in archive.namelist()


def read_hdf5(path: Path) -> tuple[Mapping[str, np.ndarray], None]:
    # Read whole and closed at once: an open HDF5 file is locked against writing.
    with h5py.File(path, "r") as file:
        return dict(_tensors(file)), None


def read_archive(path: Path) -> tuple[Mapping[str, np.ndarray], dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        if "model.weights.h5" not in archive.namelist():
            raise WeightsError(
                f"{path}: a Keras archive without model.weights.h5 in it "
                f"(it has {sorted(archive.namelist())})."
            )
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content, "r") as file:
        return dict(_tensors(file)), config


def _tensors(file: h5py.File) -> Iterator[tuple[str, np.ndarray]]:
    group = file.get("model_weights", file)  # a whole model in the old layout
    if "layer_names" in group.attrs or "layer_names0" in group.attrs:
        for layer in _names(group, "layer_names"):
            yield from _old_layer(group[layer], layer)
    else:
        yield from _new_layers(file, ())


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """A list of names in an attribute, or in several numbered ones when it is long."""
    if attribute in group.attrs:
        chunks = [group.attrs[attribute]]
    else:
        chunks = []
        while f"{attribute}{len(chunks)}" in group.attrs:
            chunks.append(group.attrs[f"{attribute}{len(chunks)}"])
    names = (name for chunk in chunks for name in chunk)
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _old_layer(group: h5py.Group, layer: str) -> Iterator[tuple[str, np.ndarray]]:
    names = _names(group, "weight_names")
    paths = [tuple(name.removesuffix(":0").split("/")) for name in names]
    if len({path[:-1] for path in paths}) == 1:
        # One plain layer. What its variables are called depends on the Keras that wrote
        # the file ("conv1/kernel", "kernel", "batch_normalization_3/gamma").
        inner = paths[0][:-1]
        prefix = inner if inner[:1] == (layer,) else (layer,)
        paths = [(*prefix, path[-1]) for path in paths]
    else:
        paths = [path if path[0] == layer else (layer, *path) for path in paths]
    for name, path in zip(names, _plain_leaves(paths), strict=True):
        yield "/".join(path), _read(group[name])


def _plain_leaves(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """A depthwise kernel is a `kernel`, except where a pointwise one is beside it."""
    separable = {path[:-1] for path in paths if path[-1] == "pointwise_kernel"}
    return [
        (*path[:-1], "kernel")
        if path[-1] == "depthwise_kernel" and path[:-1] not in separable
        else path
        for path in paths
    ]


def _new_layers(group: h5py.Group, path: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """Walk a group that holds layers; `path` is the names of those around them."""
    own = group.get("vars")
    if own is not None:
        numbers = sorted((key for key in own if key.isdigit()), key=int)
        arrays = [_read(own[number]) for number in numbers]
        leaves = _leaves(group.name.rpartition("/")[2], arrays)
        for leaf, array in zip(leaves, arrays, strict=True):
            yield "/".join((*path, leaf)), array
    for key in group:
        child = group[key]
        if key == "vars" or _STATE.match(key) or not isinstance(child, h5py.Group):
            continue
        # A group without "vars" only holds a list of layers ("layers", "blocks").
        inner = (*path, _layer_name(child, key)) if "vars" in child else path
        yield from _new_layers(child, inner)


def _layer_name(group: h5py.Group, key: str) -> str:
    name = group["vars"].attrs.get("name", key)  # early Keras 3 wrote no names
    return name.decode() if isinstance(name, bytes) else str(name)


def _leaves(kind: str, arrays: list[np.ndarray]) -> tuple[str, ...]:
    """Names of a layer's datasets, from its class where the file says it, else by shape.

    `kind` is the class in snake case with a number, or the attribute that holds the layer.
    """
    kind = re.sub(r"_\d+$", "", kind)
    if kind in _LEAVES:
        return _LEAVES[kind][: len(arrays)]
    ranks = [array.ndim for array in arrays]
    if ranks == [1, 1] and arrays[0].shape == arrays[1].shape:  # e.g. of an instance
        return "gamma", "beta"
    if kind == "batch_normalization" or (
        len(arrays) in (3, 4)
        and set(ranks) == {1}
        and len({array.shape for array in arrays}) == 1
    ):
        return _NORM[-len(arrays) :] if arrays else ()  # scale=False has no gamma
    if ranks and ranks[0] >= 2 and ranks[1:] in ([], [1]):
        return ("kernel", "bias")[: len(arrays)]
    return tuple(str(number) for number in range(len(arrays)))


def _read(dataset: h5py.Dataset) -> np.ndarray:
    if dataset.attrs.get("dtype") == "bfloat16":
        return from_bfloat16(dataset[()].view(np.uint16))
    return as_float32(dataset[()])
