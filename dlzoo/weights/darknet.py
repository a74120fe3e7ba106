"""Darknet's files of weights: a short header, then the numbers of all layers, without names.

Header: major, minor and revision of the format, three 32-bit integers, then how many images
the network has seen, of 64 bits from version 0.2 on and of 32 before (pjreddie/darknet,
`src/parser.c`). Each convolution follows in the order of the network: beta, gamma, mean and
variance of its batch normalisation, or its bias; then its kernel `(out, in, height, width)`.
"""

import os
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlzoo._files import atomic_path
from dlzoo.errors import WeightsError

VERSION = struct.Struct("<3i")
LEAVES = ("beta", "gamma", "moving_mean", "moving_variance", "bias", "kernel")
ENOUGH = 0.5  # of the layers, for a file of the first ones alone


@dataclass(frozen=True)
class Header:
    """The header of a Darknet file.

    Attributes:
        version: Major, minor, revision.
        seen: Images seen in training.
        size: Of the header, in bytes.

    Example:
        >>> Header.parse(struct.pack("<3iq", 0, 2, 0, 32013312))
        Header(version=(0, 2, 0), seen=32013312, size=20)
    """

    version: tuple[int, int, int]
    seen: int
    size: int

    @classmethod
    def parse(cls, head: bytes) -> "Header | None":
        """The header at the beginning of a file; None where there is none."""
        if len(head) < VERSION.size:
            return None
        major, minor, revision = VERSION.unpack_from(head)
        known = 0 <= major < 10 and 0 <= minor < 10 and 0 <= revision < 10
        seen = struct.Struct("<q" if major * 10 + minor >= 2 else "<i")
        size = VERSION.size + seen.size
        if not known or not major + minor or len(head) < size:
            return None
        return cls((major, minor, revision), seen.unpack_from(head, VERSION.size)[0], size)


def is_darknet(head: bytes, path: Path) -> bool:
    return Header.parse(head) is not None


def read(path: Path) -> tuple[Mapping[str, np.ndarray], None]:
    """`"values"`, all numbers of the file in its order, and `"rest"`, bytes that are none."""
    with open(path, "rb") as file:
        header = Header.parse(file.read(32))
    if header is None:
        raise WeightsError(f"{path}: no Darknet file of weights.")
    content = np.memmap(path, "uint8", "r")[header.size :] if _longer(path, header) else None
    content = np.zeros(0, "uint8") if content is None else content
    whole = content.size // 4 * 4
    return {"values": content[:whole].view("<f4"), "rest": content[whole:]}, None


def write(path: str | os.PathLike, tensors: Sequence[np.ndarray], *, seen: int = 0) -> None:
    """Write `tensors`, which are in Darknet's order and axes, as version 0.2."""
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(VERSION.pack(0, 2, 0) + struct.pack("<q", seen))
        for tensor in tensors:
            file.write(np.ascontiguousarray(tensor, "<f4").tobytes())


def in_order(
    pairs: Collection[tuple[str, str]], wanted: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Our path, the name of the tensor and its shape in Darknet's axes, in a file's order.

    Args:
        pairs: Our layers and theirs, a normalisation before its convolution.
        wanted: Our variables, path to shape.

    Example:
        >>> shapes = {"stem/conv/kernel": (3, 3, 1, 8), "stem/bn/beta": (8,)}
        >>> [name for _, name, _ in in_order([("stem/bn", "0/bn"), ("stem/conv", "0")], shapes)]
        ['0/bn/beta', '0/kernel']
    """
    for ours, theirs in pairs:
        for leaf in LEAVES:
            path = f"{ours}/{leaf}"
            if path in wanted:
                shape = wanted[path]
                axes = (3, 2, 0, 1) if len(shape) == 4 else (0,)
                yield path, f"{theirs}/{leaf}", tuple(shape[axis] for axis in axes)


def arrange(
    who: str,
    path: Path,
    tensors: Mapping[str, np.ndarray],
    pairs: Collection[tuple[str, str]],
    wanted: Mapping[str, tuple[int, ...]],
    heads: Collection[str] = (),
    step: int = 1,
) -> dict[str, np.ndarray]:
    """The numbers of a file under the names that `pairs` give them.

    Where the heads of the file have another size, it follows from how many numbers there are;
    a file may also end behind any layer of the second half, as Darknet's files of a body
    alone do.

    Args:
        who: Name of the network, for the error.
        path: Of the file.
        tensors: What `read` gave.
        pairs, wanted: As in `in_order`.
        heads: Our layers that have outputs a class, all of them equally many.
        step: The outputs of a head are a multiple of it.

    Raises:
        WeightsError: The file has too few or too many numbers; both counts are told.
    """
    order = [(name, shape) for _, name, shape in in_order(pairs, wanted)]
    values, rest = tensors["values"], tensors["rest"].size
    if not rest:
        theirs = {their for ours, their in pairs if ours in heads}
        for shapes in (order, _resized(order, theirs, values.size, step)):
            if _count(shapes) == values.size:
                return _split(values, shapes)
        prefix = _prefix(order, values.size)
        if len(prefix) > ENOUGH * len(order):
            return _split(values, prefix)
    more = f" and {rest} bytes of another" if rest else ""
    raise WeightsError(
        f"{who}: {path} must hold {_count(order):,} values behind its header; found "
        f"{values.size:,}{more}. It is cut short, or made for another network; nothing was "
        f"loaded."
    )


def _longer(path, header):
    """Whether anything follows the header: nothing cannot be mapped."""
    return path.stat().st_size > header.size


def _count(order):
    return sum(int(np.prod(shape)) for _, shape in order)


def _resized(order, theirs, found, step):
    """The same order with heads of as many outputs as make it `found` numbers."""
    inside = [shape for name, shape in order if name.rpartition("/")[0] in theirs]
    each = sum(int(np.prod(shape[1:])) for shape in inside)  # numbers an output of each head
    body = _count(order) - _count(enumerate(inside))
    outputs, left = divmod(found - body, each) if each else (0, 1)
    if left or outputs < 1 or outputs % step:
        return order
    return [
        (name, (outputs, *shape[1:]) if name.rpartition("/")[0] in theirs else shape)
        for name, shape in order
    ]


def _prefix(order, found):
    """The first tensors, if together with a whole last layer they have `found` numbers."""
    for place, (name, shape) in enumerate(order, 1):
        found -= int(np.prod(shape))
        if found <= 0:
            return order[:place] if found == 0 and name.endswith("/kernel") else []
    return []


def _split(values, order):
    tensors, start = {}, 0
    for name, shape in order:
        end = start + int(np.prod(shape))
        tensors[name] = values[start:end].reshape(shape)
        start = end
    return tensors
