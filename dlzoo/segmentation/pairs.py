"""Images and masks of a split as two things that can be indexed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlzoo.data import MaskExamples, decode_pairs
from dlzoo.data.channels import in_channels


class Pairs:
    """A split at one size, filled up to what the network can take.

    Args:
        examples: A split of a `MaskDataset`.
        size: Height and width to which images and masks are brought.
        step: The sides are filled up to multiples of it, below and on the right: the images
            with their mirror image, the masks with void.
        void: That label.
        channels: 1 or 3, what the network takes.
    """

    def __init__(
        self, examples: MaskExamples, size: tuple[int, int], step: int, void: int, channels: int
    ):
        self.pairs = decode_pairs(examples, size)
        self.size = size
        self.void = void
        self.channels = channels
        self._more = [(0, -side % step) for side in size]
        self._last: tuple[Any, Any] = (None, None)

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def images(self) -> "Half":
        """`uint8 (n, height, width, channels)` when indexed."""
        return Half(self, 0)

    @property
    def masks(self) -> "Half":
        """`uint8 (n, height, width)` when indexed."""
        return Half(self, 1)

    def read(self, index: Any) -> Sequence[np.ndarray]:
        """Images and masks; asked for the same again, they are not read again."""
        known, pair = self._last
        if known is None or not np.array_equal(known, np.asarray(index)):
            images, masks = self.pairs[index]
            pair = self._filled(in_channels(images, self.channels), masks)
            self._last = np.asarray(index), pair
        return pair

    def _filled(self, images, masks):
        if not any(more for _, more in self._more):
            return images, masks
        images = np.pad(images, [(0, 0), *self._more, (0, 0)], mode="reflect")
        return images, np.pad(masks, [(0, 0), *self._more], constant_values=self.void)


class Half:
    """The images or the masks of `Pairs`, for an array of indices or a slice."""

    def __init__(self, pairs: Pairs, part: int):
        self._pairs = pairs
        self._part = part

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: Any) -> np.ndarray:
        return self._pairs.read(np.arange(len(self))[index])[self._part]
