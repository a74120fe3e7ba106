"""Suppression of all boxes at once, by operations that every export format has.

A box stays if no better one that stays shares too much with it. Asked of all boxes at once,
again and again until nothing changes, that gives what taking the best one after the other
gives, and in as many steps as the longest chain of boxes that suppress one another has: a few.
"""

import keras
from keras import ops

from dlzoo._boxes.overlap import iou
from dlzoo._boxes.picking import picked
from dlzoo._plain import uses_plain_operations

NOTHING = float("-inf")
FEW = 2**23  # pairs of boxes, an image: so many are compared, each class by itself
CANDIDATES = 1024  # else so many of the best boxes, of all classes together


def settled(boxes, scores, most, score_threshold, iou_threshold):
    """As `greedy`, for suppression that drops what shares more than `iou_threshold`.

    Where not `all_fit`, only the best `CANDIDATES` are looked at: fewer than `most` may stay
    although others are left.

    Args:
        boxes: `(batch, classes or 1, n, 4)`.
        scores: `(batch, classes, n)`.
        most: How many stay at most.
        score_threshold: Scores that are not above it count as minus infinity.
        iou_threshold: Between 0 and 1.

    Returns:
        Scores, classes and indices of what stays, `(batch, most)` each, the best first; minus
        infinity where nothing was left. Ties go to the lower index, then the lower class.
    """
    _, classes, n = ops.shape(scores)
    scores = ops.where(scores > score_threshold, scores, NOTHING)
    if all_fit(scores):
        stays = _settle(boxes, scores, iou_threshold)
        found, places = _best(_in_order(ops.where(stays, scores, NOTHING)), most)
    else:
        found, places = _among_the_best(boxes, scores, most, iou_threshold)
    places = ops.minimum(places, classes * n - 1)
    return found, places % classes, places // classes


def all_fit(scores):
    """Whether all pairs of `(batch, classes, n)` can be compared."""
    _, classes, n = ops.shape(scores)
    return isinstance(classes, int) and isinstance(n, int) and classes * n * n <= FEW


def _in_order(scores):
    """`(batch, classes, n)` to `(batch, n * classes)`: ties to the index, then the class."""
    batch, classes, n = ops.shape(scores)
    return ops.reshape(ops.transpose(scores, (0, 2, 1)), (batch, n * classes))


def _best(scores, count):
    """The `count` highest of `(batch, n)` and where they are; minus infinity if n is less.

    Of equal ones the lower place comes first.
    """
    total = ops.shape(scores)[1]
    if not isinstance(total, int) or total < count:
        scores = ops.pad(scores, [[0, 0], [0, count]], constant_values=NOTHING)
    if keras.backend.backend() == "torch":  # its top_k leaves the order of equal ones open
        places = ops.argsort(-scores)[:, :count]
        return picked(scores, places), places
    found, places = ops.top_k(scores, count)
    return found, ops.cast(places, "int32")


def _among_the_best(boxes, scores, most, iou_threshold):
    """Of the best boxes of all classes those that stay, and their places in order."""
    batch, classes, n = ops.shape(scores)
    found, places = _best(_in_order(scores), max(CANDIDATES, most))
    inside = ops.minimum(places, classes * n - 1)
    labels, indices = inside % classes, inside // classes
    rows = indices if boxes.shape[1] == 1 else labels * n + indices
    chosen = picked(ops.reshape(boxes, (batch, -1, 4)), rows)
    alike = labels[:, None, :, None] == labels[:, None, None, :]
    stays = _settle(chosen[:, None], found[:, None], iou_threshold, alike)[:, 0]
    found, ranks = _best(ops.where(stays, found, NOTHING), most)
    return found, picked(places, ops.minimum(ranks, ops.shape(places)[1] - 1))


def _settle(boxes, scores, iou_threshold, alike=True):
    """Which of boxes `(batch, classes or 1, n, 4)` stay, `(batch, classes, n)`.

    `alike` is `(batch, classes, n, n)`: which of the boxes may suppress one another.
    """
    n = ops.shape(scores)[-1]
    one, other = scores[..., :, None], scores[..., None, :]
    before = ops.arange(n)[:, None] < ops.arange(n)
    better = (one > other) | ((one == other) & before)
    suppresses = (iou(boxes, boxes) > iou_threshold) & better & alike
    suppresses = ops.cast(suppresses, "float32")
    there = ops.cast(scores > NOTHING, "float32")
    if keras.backend.backend() == "torch" and uses_plain_operations():
        return _settled_in_torch(suppresses, there) > 0.5

    def body(old, _):
        hits = ops.matmul(old[..., None, :], suppresses)[..., 0, :]
        new = ops.where(hits > 0.5, 0.0, there)
        return new, ops.any(new != old)

    state = (there, ops.any(there > 0.5))
    return ops.while_loop(lambda _, changed: changed, body, state)[0] > 0.5


def _settled_in_torch(suppresses, there):
    """The loop as `torch.export` keeps it: of PyTorch's own operations alone."""
    import torch
    from torch._higher_order_ops.while_loop import while_loop

    # what goes round must lie in memory in the same way in every turn
    there, suppresses = there.contiguous(), suppresses.contiguous()

    def body(old, _):
        hits = torch.matmul(old[..., None, :], suppresses)[..., 0, :]
        new = torch.where(hits > 0.5, torch.zeros_like(there), there)
        return new.contiguous(), (new != old).any()

    state = (there.clone(), (there > 0.5).any())
    return while_loop(lambda _, changed: changed.clone(), body, state)[0]
