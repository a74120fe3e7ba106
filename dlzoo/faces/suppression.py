"""One box a face: of boxes that share much, the surest stays. In NumPy.

`dlzoo._boxes` has it as operations of the backend, which JAX compiles for every number of
boxes, and here each image has others.
"""

import numpy as np


def suppress(boxes, scores, threshold, *, of_smaller=False):
    """Indices of the boxes that stay, the best first, ties to the lower index.

    A box goes if what it shares with a better one that stays is more than `threshold` of their
    union, or, with `of_smaller`, of the smaller of both.

    Args:
        boxes: `(n, 4)`: `x1, y1, x2, y2`.
        scores: `(n,)`.
        threshold: Between 0 and 1.
        of_smaller: What the share is of.

    Example:
        >>> boxes = np.array([[0, 0, 9, 9], [0, 0, 9, 8], [2, 2, 4, 4], [20, 0, 29, 9]])
        >>> suppress(boxes, np.array([0.8, 0.9, 0.6, 0.7]), 0.5).tolist()
        [1, 3, 2]
        >>> suppress(boxes, np.array([0.8, 0.9, 0.6, 0.7]), 0.5, of_smaller=True).tolist()
        [1, 3]
    """
    x1, y1, x2, y2 = boxes.T
    areas = (x2 - x1) * (y2 - y1)
    left = np.argsort(-scores, kind="stable")
    kept = []
    while left.size:
        best, left = left[0], left[1:]
        kept.append(best)
        width = np.minimum(x2[best], x2[left]) - np.maximum(x1[best], x1[left])
        height = np.minimum(y2[best], y2[left]) - np.maximum(y1[best], y1[left])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        if of_smaller:
            whole = np.minimum(areas[best], areas[left])
        else:
            whole = areas[best] + areas[left] - shared
        left = left[shared <= threshold * whole]
    return np.array(kept, np.int64)
