"""Which triplets of a batch are learnt from, inside graphs.

Everywhere here `distances` are `(n, n)`, those of every example of a batch to every other, and
`labels` `(n,)` whole numbers that say whose they are. An *anchor* and a *positive* are two
different examples of one label, a *negative* has another. Of equal distances that of the
example counts that comes first in the batch, on every backend. Choosing has no gradient.

Sources: Schroff et al. 2015 (FaceNet), https://arxiv.org/abs/1503.03832, section 3.2; Hermans
et al. 2017, https://arxiv.org/abs/1703.07737, section 2.
"""

from typing import Any, NamedTuple

from keras import ops


class Hardest(NamedTuple):
    """For each anchor, which examples are the hardest.

    Attributes:
        positive, negative: Their numbers, int32 `(n,)`; 0 where there are none.
        valid: Whether there is one of both, bool `(n,)`.
    """

    positive: Any
    negative: Any
    valid: Any


class Negatives(NamedTuple):
    """For each pair of anchor and positive, which example is the negative.

    Attributes:
        negative: Its number, int32 `(n, n)`, `[anchor, positive]`; 0 where there is none.
        valid: Whether the two are anchor and positive and there is a negative, bool `(n, n)`.
    """

    negative: Any
    valid: Any


def squared_distances(embeddings: Any) -> Any:
    """Squared Euclidean distances of `(n, d)` to each other: `(n, n)`, none below 0.

    Example:
        >>> distances = squared_distances(ops.convert_to_tensor([[0.0, 0.0], [3.0, 4.0]]))
        >>> ops.convert_to_numpy(distances).tolist()
        [[0.0, 25.0], [25.0, 0.0]]
    """
    products = ops.matmul(embeddings, ops.transpose(embeddings))
    lengths = ops.sum(ops.square(embeddings), axis=-1)
    distances = lengths[:, None] - 2 * products + lengths[None, :]
    # rounding can leave a little less than nothing
    return ops.relu(distances)


def pair_masks(labels: Any) -> tuple[Any, Any]:
    """Where anchor and positive are, and where anchor and negative: bool `(n, n)` each."""
    same = labels[:, None] == labels[None, :]
    number = ops.arange(ops.shape(labels)[0])
    other = number[:, None] != number[None, :]
    return ops.logical_and(same, other), ops.logical_not(same)


def hardest(distances: Any, labels: Any) -> Hardest:
    """Batch-hard: the furthest positive and the nearest negative of each anchor.

    Example:
        >>> distances = squared_distances(ops.convert_to_tensor([[0.0], [1.0], [3.0], [5.0]]))
        >>> found = hardest(distances, ops.convert_to_tensor([7, 7, 8, 7]))
        >>> [ops.convert_to_numpy(part).tolist() for part in found]
        [[3, 3, 0, 0], [2, 2, 1, 2], [True, True, False, True]]
    """
    distances = ops.stop_gradient(distances)
    positives, negatives = pair_masks(labels)
    valid = ops.logical_and(ops.any(positives, axis=-1), ops.any(negatives, axis=-1))
    furthest = _first(_largest(distances, positives))
    return Hardest(furthest, _first(_largest(-distances, negatives)), valid)


def semi_hard(distances: Any, labels: Any) -> Negatives:
    """FaceNet's: the nearest negative that is further from the anchor than the positive.

    Where all negatives are nearer (the paper is silent), the furthest of them: it is the
    least hard, and hard ones at the beginning are what embeddings collapse from.

    Memory grows with the cube of the batch: `(n, n, n)` booleans and numbers.

    Example:
        >>> distances = squared_distances(ops.convert_to_tensor([[0.0], [2.0], [1.0], [3.0]]))
        >>> found = semi_hard(distances, ops.convert_to_tensor([7, 7, 8, 9]))
        >>> [int(found.negative[0, 1]), int(found.negative[1, 0])]
        [3, 2]
    """
    distances = ops.stop_gradient(distances)
    positives, negatives = pair_masks(labels)
    valid = ops.logical_and(positives, ops.any(negatives, axis=-1, keepdims=True))
    further = distances[:, None, :] > distances[:, :, None]  # [anchor, positive, negative]
    further = ops.logical_and(further, negatives[:, None, :])
    outside = _first(_largest(-distances[:, None, :], further))
    inside = _first(_largest(distances, negatives))[:, None]
    return Negatives(ops.where(ops.any(further, axis=-1), outside, inside), valid)


def all_triplets(labels: Any) -> Any:
    """Batch-all: where `[anchor, positive, negative]` are one, bool `(n, n, n)`."""
    positives, negatives = pair_masks(labels)
    return ops.logical_and(positives[:, :, None], negatives[:, None, :])


def _largest(values, mask):
    """Where the largest of each row is, of those in the mask; nowhere in an empty row."""
    least = ops.full_like(values, float("-inf"))
    masked = ops.where(mask, values, least)
    return ops.logical_and(mask, masked == ops.max(masked, axis=-1, keepdims=True))


def _first(mask):
    """The number of the first in each row; 0 in an empty one.

    Not `argmax`, which does not say on all backends which of equal ones it gives.
    """
    count = ops.shape(mask)[-1]
    numbers = ops.where(mask, ops.arange(count, dtype="int32"), count)
    first = ops.min(numbers, axis=-1)
    return ops.where(first == count, ops.zeros_like(first), first)
