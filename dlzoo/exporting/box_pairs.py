"""Which boxes two detectors have in common; NumPy alone."""

from collections.abc import Mapping

import numpy as np

_IOU = 0.9
_SCORES = 0.1  # by what they may differ


def paired_share(
    first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray], *, iou: float = _IOU
) -> float:
    """Share of the boxes of both that the other has too, in the same class and place.

    Args:
        first, second: `boxes (batch, most, 4)`, `scores`, `classes (batch, most)` and
            `count (batch,)`.
        iou: From which on two boxes are in the same place.

    Returns:
        0 to 1; 1 if neither has any.

    Example:
        >>> one = {"boxes": np.array([[[0, 0, 9, 9]]]), "scores": np.array([[0.9]]),
        ...        "classes": np.array([[1]]), "count": np.array([1])}
        >>> paired_share(one, one), paired_share(one, one | {"classes": np.array([[2]])})
        (1.0, 0.0)
    """
    found = total = 0
    for place in range(len(first["count"])):
        one, other = _objects(first, place), _objects(second, place)
        total += len(one[0]) + len(other[0])
        same = _same(one, other, iou)
        found += int(same.any(axis=1).sum()) + int(same.any(axis=0).sum())
    return found / total if total else 1.0


def _objects(side, place):
    count = int(side["count"][place])
    return tuple(side[name][place][:count] for name in ("boxes", "scores", "classes"))


def _same(first, second, iou):
    """Whether each of the first is each of the second, `(n, m)`."""
    boxes, scores, classes = (
        (one[:, None], other[None]) for one, other in zip(first, second, strict=True)
    )
    low = np.maximum(boxes[0][..., :2], boxes[1][..., :2])
    high = np.minimum(boxes[0][..., 2:], boxes[1][..., 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(-1) for box in boxes]
    overlap = shared / np.maximum(areas[0] + areas[1] - shared, 1e-9)
    near = np.abs(scores[0] - scores[1]) <= _SCORES
    return (overlap >= iou) & near & (classes[0] == classes[1])
