"""The safetensors format, read a tensor at a time."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import ml_dtypes  # noqa: F401  teaches NumPy the name bfloat16, which such files may use
import numpy as np
from safetensors import SafetensorError, safe_open

from dlzoo.errors import WeightsError
from dlzoo.weights._tensors import LazyTensors, as_float32
from dlzoo.weights._torch import plain_names


def is_safetensors(head: bytes, path: Path) -> bool:
    # The length of any sane header has zeros in its upper bytes.
    return head[5:9] == b"\0\0\0{"


def read(path: Path) -> tuple[Mapping[str, np.ndarray], None]:
    try:
        file = safe_open(path, framework="numpy")
    except SafetensorError as error:
        raise WeightsError(
            f"{path}: damaged or cut short ({error}). Delete it and download it again."
        ) from error
    return LazyTensors(
        {plain: partial(_tensor, file, name) for name, plain in plain_names(file.keys())}
    ), None


def _tensor(file, name: str) -> np.ndarray:
    return as_float32(file.get_tensor(name))
