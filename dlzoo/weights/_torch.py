"""PyTorch checkpoints (`torch.save`): tensors only, nothing in them is executed."""

import pickle
import re
import zipfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._checks import require
from dlzoo.errors import WeightsError
from dlzoo.weights._tensors import LazyTensors, as_float32


def is_checkpoint(head: bytes, path: Path) -> bool:
    if head.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    return re.match(rb"\x80[\x02-\x05]", head) is not None  # a pickle: before torch 1.6


def read(path: Path) -> tuple[Mapping[str, np.ndarray], None]:
    torch = require("torch", extra="torch", purpose=f"Reading {path}")
    state = _state_dict(path, _load(torch, path))
    tensors = {name: value for name, value in state.items() if torch.is_tensor(value)}
    if not tensors:
        raise WeightsError(
            f"{path}: a PyTorch file without a state dict; at its top are "
            f"{sorted(map(str, state))[:8]}. Save model.state_dict()."
        )
    names = plain_names(tensors)
    return LazyTensors(
        {plain: partial(_numpy, torch, tensors[name]) for name, plain in names}
    ), None


def plain_names(names: Iterable[str]) -> list[tuple[str, str]]:
    """(name in the file, name in the network): no `module.`, no counters.

    Example:
        >>> plain_names(["module.bn.weight", "module.bn.num_batches_tracked"])
        [('module.bn.weight', 'bn.weight')]
    """
    kept = [name for name in names if not name.endswith("num_batches_tracked")]
    prefix = "module."  # torch.nn.DataParallel's
    if not all(name.startswith(prefix) for name in kept):
        prefix = ""
    return [(name, name.removeprefix(prefix)) for name in kept]


def _load(torch: Any, path: Path) -> Any:
    try:
        return torch.load(
            path,
            map_location="cpu",
            weights_only=True,
            mmap=zipfile.is_zipfile(path),
        )
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path}: holds Python objects besides tensors, or is damaged. Loading them "
            f"could run any code, so the file is refused. If you trust where it comes "
            f"from, load it in PyTorch and save model.state_dict() or a safetensors file."
        ) from error


def _state_dict(path: Path, content: Any) -> Mapping[str, Any]:
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            return content[key]
    if not isinstance(content, Mapping):
        raise WeightsError(
            f"{path}: a PyTorch file with a {type(content).__name__} instead of a state "
            f"dict. Save model.state_dict()."
        )
    return content


def _numpy(torch: Any, tensor: Any) -> np.ndarray:
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    return as_float32(tensor.numpy())
