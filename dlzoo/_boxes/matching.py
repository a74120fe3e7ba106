"""Which true box each of many boxes is to learn."""

from keras import ops

from dlzoo._boxes.overlap import iou

BACKGROUND, BETWEEN, OBJECT = 0, -1, 1


def match(boxes, truth, *, low, high, best_too=False):
    """Match boxes with the true ones by IoU.

    Ren et al. 2015, https://arxiv.org/abs/1506.01497, section 3.1.2.

    Args:
        boxes: `(batch, n, 4)`.
        truth: `(batch, m, 5)`: true boxes and their class, -1 where there is none.
        low, high: A box is background below `low`, an object from `high` on.
        best_too: So that no true box goes without, the box with the highest IoU is an object
            whatever that is; all of them, where several have it.

    Returns:
        `kinds (batch, n)`, int32: 0 background, 1 object, -1 neither; and `matched
        (batch, n, 5)`, the row of `truth` with the highest IoU.
    """
    there = truth[..., 4] >= 0
    overlap = ops.where(there[..., None], iou(truth[..., :4], boxes), -1.0)
    best = ops.max(overlap, axis=1)
    which = ops.argmax(overlap, axis=1)
    kinds = ops.where(best >= high, OBJECT, ops.where(best < low, BACKGROUND, BETWEEN))
    if best_too:
        highest = ops.max(overlap, axis=2, keepdims=True)
        chosen = ops.any((overlap == highest) & (highest > 0), axis=1)
        kinds = ops.where(chosen, OBJECT, kinds)
    return ops.cast(kinds, "int32"), ops.take_along_axis(truth, which[..., None], axis=1)


def by_lot(candidates, lots, most):
    """At most `most` of the true ones in `candidates (batch, n)`: those of the lowest lots.

    `most` is a number, or one an image, `(batch, 1)`.
    """
    order = ops.argsort(ops.where(candidates, lots, 2.0), axis=-1)
    return candidates & (ops.argsort(order, axis=-1) < most)


def balanced(kinds, lots, most, objects):
    """Objects and background by lot: `most` in all, of which at most `objects` objects."""
    positive = by_lot(kinds == OBJECT, lots, objects)
    left = most - ops.sum(ops.cast(positive, "int32"), axis=-1, keepdims=True)
    return positive, by_lot(kinds == BACKGROUND, lots, left)
