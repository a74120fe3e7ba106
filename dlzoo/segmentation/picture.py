"""One image of any size, read a window at a time."""

import warnings
from typing import Any

import numpy as np
from PIL import Image

from dlzoo.data.images import open_image


class Picture:
    """Gives windows of an image without a second copy of the whole.

    Args:
        source: As in `read_image`; an array may be mapped from a file.

    Attributes:
        size: Height and width.
    """

    def __init__(self, source: Any):
        self._array = None
        if isinstance(source, np.ndarray) and source.dtype == np.uint8 and source.ndim == 3:
            self._array = source
            self.size = source.shape[:2]
            return
        with warnings.catch_warnings():
            # from 179 million pixels `open_image` refuses; half of them are no bomb
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            self._image = open_image(source)
        self.size = self._image.height, self._image.width

    def read(self, top: int, bottom: int, left: int, right: int) -> np.ndarray:
        """Pixels `[top:bottom, left:right]`, `uint8 (height, width, channels)`."""
        if self._array is not None:
            return self._array[top:bottom, left:right]
        return np.asarray(self._image.crop((left, top, right, bottom)))

    def resized(self, size: tuple[int, int]) -> np.ndarray:
        """All of it at another size, as `MaskExamples.read` has it: of any aspect."""
        image = self._image if self._array is None else open_image(np.asarray(self._array))
        return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR))
