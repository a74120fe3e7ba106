"""Shrinking an image, or many parts of it, by the mean of the pixels under each new one."""

import numpy as np


class AreaMeans:
    """Any part of an image at any size, from sums that are computed once.

    Pixel `i` of `m` on a side of `n` is the mean of those from `floor(i * n / m)` to
    `ceil((i + 1) * n / m)`, the last excluded: PyTorch's rule of `interpolate(mode="area")`.

    Args:
        image: `uint8 (height, width, channels)`.

    Example:
        >>> means = AreaMeans(np.array([[[0], [10], [20], [30]]], "uint8"))
        >>> means.resized([(0, 0, 4, 1), (1, 0, 3, 1)], (1, 2))[:, 0, :, 0].tolist()
        [[5.0, 25.0], [10.0, 20.0]]
    """

    def __init__(self, image: np.ndarray):
        self.height, self.width, channels = image.shape
        # Differences of sums that ran over are still right while a mean has less than
        # 2^32 / 255 pixels, more than in any image that is read.
        self._sums = np.zeros((self.height + 1, self.width + 1, channels), np.uint32)
        inside = self._sums[1:, 1:]
        np.cumsum(image, axis=0, dtype=np.uint32, out=inside)
        np.cumsum(inside, axis=1, out=inside)

    def resized(self, boxes, size: tuple[int, int]) -> np.ndarray:
        """Parts of the image at one size.

        Args:
            boxes: Whole numbers `(n, 4)`, `x1, y1, x2, y2` inside of the image, not empty.
            size: Height and width.

        Returns:
            float32 `(n, height, width, channels)`, 0 to 255.
        """
        x1, y1, x2, y2 = np.asarray(boxes, np.int64).reshape(-1, 4).T
        top, bottom = _cells(y1, y2, size[0])
        left, right = _cells(x1, x2, size[1])
        sums = self._at(bottom, right)
        sums -= self._at(bottom, left)
        sums -= self._at(top, right)
        sums += self._at(top, left)
        count = (bottom - top)[:, :, None] * (right - left)[:, None]
        return sums.astype(np.float32) / count[..., None].astype(np.float32)

    def _at(self, rows, columns):
        return self._sums[rows[:, :, None], columns[:, None]]


def _cells(low, high, count):
    """First pixel of each cell, and the one after the last: `(n, count)` each."""
    side, low = (high - low)[:, None], low[:, None]
    cell = np.arange(count)
    return low + cell * side // count, low - (-(cell + 1) * side // count)
