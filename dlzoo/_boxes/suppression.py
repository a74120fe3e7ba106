"""One box an object: of boxes that share much, the best stays.

The best first, ties to the lower index; what comes out has a fixed size, so that all of it
works inside graphs. Scores of minus infinity mean that there is no box.
"""

import keras
from keras import ops

from dlzoo._boxes.greedy import greedy
from dlzoo._boxes.picking import picked
from dlzoo._boxes.settled import all_fit, settled
from dlzoo._checks import check_between, check_choice, check_positive_int
from dlzoo._plain import uses_plain_operations

NOTHING = float("-inf")
MANY = 4  # boxes for each that may stay: from there on taking one after the other is quicker


def _parts(boxes, scores):
    """`boxes` and `scores` in float32, without a gradient, corners in order."""
    boxes, scores = (
        ops.stop_gradient(ops.cast(ops.convert_to_tensor(each), "float32"))
        for each in (boxes, scores)
    )
    low, high = boxes[..., :2], boxes[..., 2:]
    return ops.concatenate([low, ops.maximum(low, high)], axis=-1), scores


def _flat(tensor, rank):
    """The axes before the last `rank` as one."""
    return ops.reshape(tensor, (-1, *ops.shape(tensor)[len(tensor.shape) - rank :]))


def _like(tensor, before):
    """The first axis of `tensor` as the axes `before`."""
    return ops.reshape(tensor, (*before, *ops.shape(tensor)[1:]))


def _limits(who, iou_threshold, most):
    check_between(who, "iou_threshold", iou_threshold, 0, 1)
    check_positive_int(who, "most", most)


def non_max_suppression(boxes, scores, *, iou_threshold=0.5, most=100, score_threshold=NOTHING):
    """Indices of the boxes that stay, the best first.

    A box goes if its IoU with a better one that stays is more than `iou_threshold`.

    Args:
        boxes: `(..., n, 4)`.
        scores: `(..., n)`.
        iou_threshold: Between 0 and 1.
        most: At most so many stay.
        score_threshold: Boxes whose score is not above it go first.

    Returns:
        `indices`, int32 `(..., most)`, 0 from the count on, and `count`, int32 `(...)`.

    Raises:
        ValueError: A threshold outside 0 to 1, or `most` below 1.

    Example:
        >>> boxes = [[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0], [20.0, 0.0, 29.0, 9.0]]
        >>> indices, count = non_max_suppression(boxes, [0.8, 0.9, 0.7], most=4)
        >>> [int(i) for i in indices], int(count)
        ([1, 2, 0, 0], 2)
    """
    _limits("non_max_suppression", iou_threshold, most)
    boxes, scores = _parts(boxes, scores)
    before = ops.shape(scores)[:-1]
    boxes, scores = _flat(boxes, 2), _flat(scores, 1)
    if keras.backend.backend() == "tensorflow" and not uses_plain_operations():
        from dlzoo._boxes import fused

        indices, count = fused.suppress(boxes, scores, iou_threshold, most, score_threshold)
    else:
        found, _, indices = _neutral(
            boxes[:, None], scores[:, None], most, score_threshold, iou_threshold
        )
        indices, count = _counted(found, indices)
    return _like(indices, before), _like(count, before)


def _counted(found, indices):
    there = found > NOTHING
    count = ops.sum(ops.cast(there, "int32"), axis=-1)
    return ops.where(there, indices, 0), count


def class_wise_suppression(
    boxes, scores, *, iou_threshold=0.5, most=100, score_threshold=NOTHING
):
    """Non-max suppression of each class on its own, and of what stays the `most` best.

    In an exported network, where `classes * n**2` is more than 2**23, of the 1024 best scores
    (or `most`, if that is more).

    Args:
        boxes: `(..., n, 4)`, or `(..., n, classes, 4)` if each class has its own.
        scores: `(..., n, classes)`.
        iou_threshold, most, score_threshold: As in `non_max_suppression`.

    Returns:
        A dict of `boxes (..., most, 4)`, `scores (..., most)`, `classes (..., most)` int32
        and `count (...)` int32. From the count on: boxes and scores 0, classes -1. Of equal
        scores the lower index comes first, then the lower class.

    Raises:
        ValueError: As `non_max_suppression`.

    Example:
        >>> found = class_wise_suppression(
        ...     [[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0]], [[0.9, 0.2], [0.8, 0.3]], most=3
        ... )
        >>> [int(c) for c in found["classes"]], int(found["count"])
        ([0, 1, -1], 2)
    """
    _limits("class_wise_suppression", iou_threshold, most)
    boxes, scores = _parts(boxes, scores)
    before = ops.shape(scores)[:-2]
    if len(boxes.shape) == len(scores.shape):
        boxes = boxes[..., None, :]
    boxes, scores = _flat(boxes, 3), _flat(scores, 2)
    if keras.backend.backend() == "tensorflow" and not uses_plain_operations():
        from dlzoo._boxes import fused

        found = fused.suppress_classes(boxes, scores, iou_threshold, most, score_threshold)
    else:
        found = _neutral_classes(boxes, scores, iou_threshold, most, score_threshold)
    return {name: _like(each, before) for name, each in found.items()}


def _neutral_classes(boxes, scores, iou_threshold, most, score_threshold):
    boxes = ops.transpose(boxes, (0, 2, 1, 3))
    scores = ops.transpose(scores, (0, 2, 1))
    found, classes, indices = _neutral(boxes, scores, most, score_threshold, iou_threshold)
    there = found > NOTHING
    shared, count = ops.shape(boxes)[1] == 1, ops.sum(ops.cast(there, "int32"), axis=-1)
    flat = indices if shared else classes * ops.shape(boxes)[2] + indices
    chosen = picked(ops.reshape(boxes, (ops.shape(boxes)[0], -1, 4)), flat)
    return {
        "boxes": ops.where(there[..., None], chosen, 0.0),
        "scores": ops.where(there, found, 0.0),
        "classes": ops.where(there, classes, -1),
        "count": count,
    }


def _neutral(boxes, scores, most, score_threshold, iou_threshold):
    """What `greedy` gives; by `settled` where that is the same and quicker, or in an export."""
    n = scores.shape[-1]
    if n != 0 and (uses_plain_operations() or (all_fit(scores) and n <= MANY * most)):
        return settled(boxes, scores, most, score_threshold, iou_threshold)
    return greedy(
        boxes,
        scores,
        most,
        score_threshold,
        lambda scores, overlap: ops.where(overlap > iou_threshold, NOTHING, scores),
    )


def soft_nms(
    boxes, scores, *, method="gaussian", sigma=0.5, iou_threshold=0.3, most=100,
    score_threshold=0.001,
):  # fmt: skip
    """Soft non-max suppression: neighbours of a better box lose score in place of going.

    Bodla et al. 2017, https://arxiv.org/abs/1704.04503, section 3. `"gaussian"`:
    `s exp(-iou^2 / sigma)` (eq. 3); `"linear"`: `s (1 - iou)` where `iou >= iou_threshold`.

    Args:
        boxes: `(..., n, 4)`.
        scores: `(..., n)`, not negative.
        method: `"gaussian"` or `"linear"`.
        sigma: Of the Gaussian, in squared IoU; the paper's 0.5.
        iou_threshold: Of the linear one; the paper's 0.3.
        most: At most so many stay.
        score_threshold: A box goes once its score is not above it.

    Returns:
        `indices`, int32 `(..., most)`, 0 from the count on; `scores (..., most)` as they are
        at the end, 0 from the count on; and `count`, int32 `(...)`.

    Raises:
        ValueError: Unknown `method`, or a threshold or `most` out of range.

    Example:
        >>> boxes = [[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 9.0]]
        >>> indices, scores, count = soft_nms(boxes, [0.8, 0.9], most=2)
        >>> [int(i) for i in indices], round(float(scores[1]), 4)   # 0.8 exp(-2)
        ([1, 0], 0.1083)
    """
    check_choice("soft_nms", "method", method, ("gaussian", "linear"))
    check_between("soft_nms", "sigma", sigma, 1e-6, 1e6)
    _limits("soft_nms", iou_threshold, most)
    boxes, scores = _parts(boxes, scores)
    before = ops.shape(scores)[:-1]

    def weaken(scores, overlap):
        if method == "gaussian":
            return scores * ops.exp(-ops.square(overlap) / sigma)
        return ops.where(overlap >= iou_threshold, scores * (1 - overlap), scores)

    found, _, indices = greedy(
        _flat(boxes, 2)[:, None], _flat(scores, 1)[:, None], most, score_threshold, weaken
    )
    there = found > NOTHING
    indices, count = _counted(found, indices)
    scores = ops.where(there, found, 0.0)
    return _like(indices, before), _like(scores, before), _like(count, before)
