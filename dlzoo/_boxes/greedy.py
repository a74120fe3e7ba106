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
        nothing was left. Ties go to the lower index, then the lower class.
    """
    batch, _, n = ops.shape(scores)
    if scores.shape[-1] == 0:
        none = ops.zeros((batch, most), "int32")
        return ops.full((batch, most), NOTHING), none, none
    own = boxes.shape[1] != 1
    rows = ops.arange(batch, dtype="int32")

    def take_best(step, state):
        scores, taken = state
        first = ops.cast(ops.argmax(scores, axis=-1), "int32")
        highest = ops.take_along_axis(scores, first[..., None], axis=-1)[..., 0]
        best = ops.max(highest, axis=-1)
        tied = ops.where(highest == best[:, None], first, n)
        label = ops.cast(ops.argmin(tied, axis=-1), "int32")
        index = ops.take_along_axis(first, label[:, None], axis=-1)[:, 0]
        candidates = _of_class(boxes, label) if own else boxes[:, 0]
        overlap = iou(candidates, _of_box(candidates, index))[..., 0]
        weakened = weaken(_of_class(scores, label), overlap)
        gone = (ops.arange(n) == index[:, None]) | ~(weakened > score_threshold)
        weakened = ops.where(gone, NOTHING, weakened)
        scores = ops.scatter_update(scores, ops.stack([rows, label], axis=-1), weakened)
        here = ops.arange(most) == step
        return scores, tuple(
            ops.where(here, new[:, None], old)
            for new, old in zip((best, label, index), taken, strict=True)
        )

    none = ops.zeros((batch, most), "int32")
    scores = ops.where(scores > score_threshold, scores, NOTHING)
    state = scores, (ops.full((batch, most), NOTHING), none, none)
    return ops.fori_loop(0, most, take_best, state)[1]


def _of_box(boxes, index):
    return ops.take_along_axis(boxes, index[:, None, None], axis=1)


def _of_class(tensor, label):
    """`(batch, classes, n, ...)` to `(batch, n, ...)`: of each image the class `label`."""
    axes = (...,) + (None,) * (len(tensor.shape) - 1)
    return ops.take_along_axis(tensor, label[axes], axis=1)[:, 0]
