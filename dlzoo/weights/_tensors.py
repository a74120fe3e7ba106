"""What the readers of weight files share."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np


class LazyTensors(Mapping[str, np.ndarray]):
    """Name to tensor, each read when it is asked for."""

    def __init__(self, readers: dict[str, Callable[[], np.ndarray]]):
        self._readers = readers

    def __getitem__(self, name: str) -> np.ndarray:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def as_float32(array: np.ndarray) -> np.ndarray:
    """Half and double precision become float32; whole numbers stay what they are."""
    short = np.issubdtype(array.dtype, np.floating) or array.dtype.name == "bfloat16"
    if array.dtype != np.float32 and short:
        return array.astype(np.float32)
    return array


def from_bfloat16(bits: np.ndarray) -> np.ndarray:
    """The upper half of each float32, as unsigned 16-bit numbers, to float32.

    Example:
        >>> from_bfloat16(np.array([0x3F80, 0xC000], np.uint16)).tolist()
        [1.0, -2.0]
    """
    return (bits.astype(np.uint32) << 16).view(np.float32)
