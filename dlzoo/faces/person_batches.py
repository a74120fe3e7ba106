"""P people with K images each, for the training engine."""

from typing import Any

import numpy as np

from dlzoo.data import deal_people
from dlzoo.training import Batches


class PersonBatches(Batches):
    """`Batches` as `dlzoo.data.deal_people` deals them.

    Args:
        inputs: Images, `(n, height, width, 3)`.
        labels: Whole numbers `(n,)`: who is on them.
        batch_size: P x K.
        images: K.
        **options: Of `Batches`.

    Example:
        >>> labels = np.repeat(np.arange(5), 6)
        >>> batches = PersonBatches(np.arange(30), labels, 8, images=4, seed=(0,))
        >>> len(batches), len(set(batches[0][1].tolist()))
        (6, 2)
    """

    def __init__(
        self, inputs: Any, labels: np.ndarray, batch_size: int, *, images: int, **options: Any
    ):
        self.images = images  # the first epoch is dealt while the rest is set up
        super().__init__(inputs, labels, batch_size, **options)

    def dealt(self, epoch: int) -> list[np.ndarray]:
        """Which examples are in each batch of an epoch."""
        people = self.batch_size // self.images
        seed = self.seed or (0,)
        return deal_people(self.targets, people, self.images, seed=seed, epoch=epoch)
