"""The loop of every suppression: take the best, weaken its neighbours, again."""

from keras import ops

from dlzoo._boxes.overlap import iou

NOTHING = float("-inf")


def greedy(boxes, scores, most, score_threshold, weaken):
    """The `most` best of each image, one after the other.

    Args:
        boxes: `(batch, classes or 1, n, 4)`.
        scores: `(batch, classes, n)`.
        most: How often the best is taken.
        score_threshold: Scores that are not above it count as minus infinity.
        weaken: From the scores of the taken box's class `(batch, n)` and the IoU of each of
            its boxes with the taken one, to the scores that they have from then on.

    Returns:
        Scores, classes and indices of the taken, `(batch, most)` each; minus infinity where
        nothing was left. Ties go to the lower class, then the lower index.
    """
    batch, classes, n = ops.shape(scores)
    if scores.shape[-1] == 0:
        none = ops.zeros((batch, most), "int32")
        return ops.full((batch, most), NOTHING), none, none
    own = boxes.shape[1] != 1
    rows = ops.arange(batch, dtype="int32")

    def take_best(scores, _):
        flat = ops.reshape(scores, (batch, classes * n))
        at = ops.cast(ops.argmax(flat, axis=-1), "int32")
        best = ops.take_along_axis(flat, at[:, None], axis=1)[:, 0]
        label, index = at // n, at % n
        candidates = _of_class(boxes, label) if own else boxes[:, 0]
        taken = ops.take_along_axis(candidates, index[:, None, None], axis=1)
        rest = _of_class(scores, label)
        weakened = weaken(rest, iou(candidates, taken)[..., 0])
        gone = (ops.arange(n) == index[:, None]) | ~(weakened > score_threshold)
        weakened = ops.where(gone, NOTHING, weakened)
        where = ops.stack([rows, label], axis=-1)
        return ops.scatter_update(scores, where, weakened), (best, label, index)

    scores = ops.where(scores > score_threshold, scores, NOTHING)
    _, taken = ops.scan(take_best, scores, length=most)
    return tuple(ops.swapaxes(each, 0, 1) for each in taken)


def _of_class(tensor, label):
    """`(batch, classes, n, ...)` to `(batch, n, ...)`: of each image the class `label`."""
    axes = (...,) + (None,) * (len(tensor.shape) - 1)
    return ops.take_along_axis(tensor, label[axes], axis=1)[:, 0]
