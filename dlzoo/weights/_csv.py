"""A folder of text files, a tensor each, as the Keras ports of OpenFace keep its weights.

A file is called `<layer>_<leaf>.csv` (`w`: kernel or gamma, `b`: bias or beta, `m` and `v`:
moving mean and variance) and holds numbers with commas, in Torch's order of axes. A kernel's
shape is not written down: it comes out flat.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dlzoo.errors import WeightsError

PATTERN = "*_[wbmv].csv"


def is_folder(head: bytes, path: Path) -> bool:
    return path.is_dir() and next(path.glob(PATTERN), None) is not None


def read(path: Path) -> tuple[Mapping[str, np.ndarray], None]:
    return {file.stem: _numbers(file) for file in sorted(path.glob(PATTERN))}, None


def _numbers(file: Path) -> np.ndarray:
    try:
        return np.loadtxt(file, np.float32, delimiter=",", ndmin=1).reshape(-1)
    except ValueError as error:
        raise WeightsError(
            f"{file}: must hold numbers with commas between them, because it is one of the "
            f"tensors of {file.parent}; {error}. Copy it again."
        ) from error
