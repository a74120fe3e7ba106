"""Feeding: batches by index from arrays (or what can be indexed like one)."""

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """Batches of `(inputs, targets)` or `(inputs, targets, weights)`.

    The order of an epoch follows from `(seed, epoch)` alone, so that a run that was
    interrupted and resumed sees the same batches as one that was not. Batches differ in
    size by at most one example: there is no tiny last one, whose statistics would be
    noise to batch normalisation.

    Args:
        inputs, targets: Arrays, or objects with a length that give an array for an array
            of indices.
        batch_size: At most this many examples a batch.
        weights: One number an example, or None.
        seed: Whole numbers that the order depends on; None keeps the order of the data.
        change: Called as `change(generator, *batch)` for each batch, to give back another:
            augmentation of inputs and targets together. The generator (NumPy's) follows
            from `(seed, epoch, step)`, so that a resumed run sees the same changes, too.
        arrange: Called last as `arrange(*batch)`, to bring it into the network's form.

    Example:
        >>> batches = Batches(np.arange(10), np.arange(10), batch_size=4)
        >>> [len(batches[i][0]) for i in range(len(batches))]
        [4, 3, 3]
    """

    def __init__(
        self, inputs, targets, batch_size, *, weights=None, seed=None, change=None, arrange=None
    ):
        super().__init__()
        self.inputs = inputs
        self.targets = targets
        self.weights = weights
        self.batch_size = batch_size
        self.seed = seed
        self.change = change
        self.arrange = arrange
        self.epoch = 0

    @property
    def epoch(self) -> int:
        """Which epoch's order is dealt out, from 0."""
        return self._epoch

    @epoch.setter
    def epoch(self, epoch):
        self._epoch = epoch
        self._indices = self.dealt(epoch)

    def dealt(self, epoch: int) -> list[np.ndarray]:
        """Which examples are in each batch of an epoch."""
        order = np.arange(len(self.inputs))
        if self.seed is not None:
            np.random.default_rng((*self.seed, epoch)).shuffle(order)
        steps = -(-len(order) // self.batch_size)
        return np.array_split(order, steps)

    def __len__(self):
        return len(self._indices)

    def __getitem__(self, step):
        chosen = self._indices[step]
        batch: tuple = self.inputs[chosen], self.targets[chosen]
        if self.weights is not None:
            batch = *batch, self.weights[chosen]
        if self.change is not None:
            key = (*(self.seed or ()), self.epoch, step)
            batch = self.change(np.random.default_rng(key), *batch)
        return batch if self.arrange is None else self.arrange(*batch)
