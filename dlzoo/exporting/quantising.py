"""From float32 files to int8 ones: in a process of its own, which needs no Keras.

    python -m dlzoo.exporting.quantising FORMAT FLOAT32 FOLDER images.npy

LiteRT's converter wants the network itself, so that format is written a second time.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._checks import require
from dlzoo._progress import progress_bar
from dlzoo.exporting.description import Description
from dlzoo.exporting.formats import FORMATS, module_of

_NEEDED = {"openvino": ("nncf",), "onnx": ("onnx",), "litert": ()}
# NNCF sends statistics to its makers unless it believes to run in a CI.
_ENVIRONMENT = {"CI": "true"}


def float32_of(description: Description) -> Description:
    """The description of the network that is made int8."""
    return description.at(precision="float32", quantised=None)


def check_quantisable(form: str) -> None:
    """Raise `MissingExtraError` if a package that makes `form` int8 is not installed."""
    for module in _NEEDED[form]:
        require(module, extra=FORMATS[form].extra, purpose=f"Exporting {form} as int8")


def quantise(
    model: Any, plain: Path, folder: Path, description: Description, images: np.ndarray
) -> None:
    """Write the int8 files of `description.format`.

    Args:
        model: The network.
        plain: The folder of its float32 files.
        folder: Where to; it is there.
        description: Of the int8 network.
        images: For the ranges, float32 `(n, height, width, channels)`.

    Raises:
        ExportError: It cannot be done; the message says why.
        MissingExtraError: A package that does it is not installed.
    """
    from dlzoo.exporting.writing import run_module, write

    check_quantisable(description.format)
    with progress_bar() as bar, tempfile.TemporaryDirectory() as scratch:
        bar.add_task(f"Finding int8 ranges on {len(images)} images", total=None, note="")
        if not hasattr(module_of(description.format), "quantise"):
            write(model, folder, description, images)
            return
        given = Path(scratch) / "images.npy"
        np.save(given, images, allow_pickle=False)
        arguments = [description.format, str(plain), str(folder), str(given)]
        run_module("dlzoo.exporting.quantising", arguments, _ENVIRONMENT)


def _main(form: str, plain: str, folder: str, given: str) -> None:
    images = np.load(given, mmap_mode="r", allow_pickle=False)
    module_of(form).quantise(Path(plain), Path(folder), images)


if __name__ == "__main__":
    _main(*sys.argv[1:])
