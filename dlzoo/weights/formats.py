"""Files of weights: recognised by what is in them, never by their name.

`read_tensors` gives plain arrays under normalised names. In the "keras" layout a name is
`<layer path>/<leaf>`, e.g. `conv1_bn/gamma` or `stage1_block1/reduce/conv/kernel`; in the
"torch" layout it is the name in the state dict, e.g. `layer1.0.bn1.running_mean`. A file in
the "darknet" layout has no names: `darknet.arrange` gives them. A folder in the "csv" layout
has names and no shapes.
"""

import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from dlzoo.errors import WeightsError
from dlzoo.weights import _csv, _hdf5, _safetensors, _torch, darknet

_HEAD = 512  # bytes looked at to tell formats apart


@dataclass(frozen=True)
class TensorFile:
    """The tensors of a file; floating-point ones are float32.

    Attributes:
        path: The file.
        layout: Whose names and axes: `"keras"`, `"torch"`, `"darknet"` or `"csv"`.
        tensors: Name to array; a safetensors or PyTorch file reads each when asked.
        config: The architecture that a `.keras` file carries, else None.
    """

    path: Path
    layout: Literal["keras", "torch", "darknet", "csv"]
    tensors: Mapping[str, np.ndarray] = field(repr=False, hash=False)
    config: dict[str, Any] | None = field(default=None, repr=False, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Names and shapes; the numbers stay in `tensors`."""
        shapes = {name: list(array.shape) for name, array in self.tensors.items()}
        return {"path": str(self.path), "layout": self.layout, "shapes": shapes}

    def __str__(self) -> str:
        count = sum(array.size for array in self.tensors.values())
        return (
            f"{self.path}: {len(self.tensors)} tensors in the {self.layout} layout, "
            f"{count:,} numbers"
        )


class Format(NamedTuple):
    """A kind of file: how it is known by its first bytes, and who reads it."""

    name: str
    matches: Callable[[bytes, Path], bool]
    layout: Literal["keras", "torch", "darknet", "csv"]
    read: Callable[[Path], tuple[Mapping[str, np.ndarray], dict[str, Any] | None]]


# In the order of trial. A new format is one row here and one reader.
FORMATS = (
    Format("HDF5 (.h5)", _hdf5.is_hdf5, "keras", _hdf5.read_hdf5),
    Format("Keras archive (.keras)", _hdf5.is_archive, "keras", _hdf5.read_archive),
    Format("PyTorch (.pth, .pt)", _torch.is_checkpoint, "torch", _torch.read),
    Format("safetensors", _safetensors.is_safetensors, "torch", _safetensors.read),
    Format("Darknet (.weights)", darknet.is_darknet, "darknet", darknet.read),
    Format("a folder of CSV files", _csv.is_folder, "csv", _csv.read),
)


def read_tensors(path: str | os.PathLike) -> TensorFile:
    """Read a file of weights in any of the `FORMATS`.

    Args:
        path: A file of keras.applications or any Keras model (`.h5`, `.weights.h5`,
            `.keras`), of torchvision or timm (`.pth`, `.safetensors`), of Darknet
            (`.weights`), or dlzoo's own; or the folder of CSV files of OpenFace's ports.

    Raises:
        WeightsError: The file is missing, damaged, unsafe or none of these.
    """
    path = Path(path).expanduser()
    head = _head(path)
    try:
        kind = next((kind for kind in FORMATS if kind.matches(head, path)), None)
        if kind is None:
            raise WeightsError(f"{path}: {_complaint(head)}")
        tensors, config = kind.read(path)
    except WeightsError:
        raise
    except (OSError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"{path}: the file begins as one of weights does, but cannot be read; it is "
            f"damaged or cut short ({path.stat().st_size:,} bytes). Delete it and "
            f"download it again. ({error})"
        ) from error
    if not tensors:
        raise WeightsError(f"{path}: a file of kind {kind.name} without any weights.")
    return TensorFile(path, kind.layout, tensors, config)


def _head(path: Path) -> bytes:
    if path.is_dir():
        if _csv.is_folder(b"", path):
            return b""
        raise WeightsError(
            f"{path}: is a folder; pass the file of weights in it, e.g. {path / 'model.keras'}."
        )
    if not path.exists():
        raise WeightsError(
            f"{path}: no such file. weights takes a path, a name on the network's card "
            f"(dlzoo card NAME lists them) or hf://organisation/name."
        )
    with open(path, "rb") as file:
        return file.read(_HEAD)


def _complaint(head: bytes) -> str:
    """Why a file that no reader knows is not one of weights."""
    if not head:
        return "the file is empty. Delete it and download it again."
    if looks_like_web_page(head):
        return (
            "looks like a web page, not weights; the download was answered by a login, "
            "consent or error page. Open it in a browser to see what it says."
        )
    if head.startswith(b"version https://git-lfs.github.com/spec"):
        return (
            "is a Git LFS pointer, not the file itself. Run `git lfs pull` in its "
            "repository, or download the file from its page."
        )
    known = ", ".join(kind.name for kind in FORMATS)
    return f"unknown content, first bytes {head[:16]!r}. Files that are read: {known}."


def looks_like_web_page(head: bytes) -> bool:
    """Whether the first bytes of a file are HTML or XML."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--"))
