"""Boxes as a network learns them: steps away from anchors, of about unit size."""

import math

from keras import ops

from dlzoo._boxes.formats import center_to_corners, corners_to_center

# An image side of 1000 pixels over the finest stride of 16: no box grows further in one step
# (the bound of torchvision and Detectron).
MOST_GROWTH = math.log(1000 / 16)
SMALLEST = 1e-6  # pixels; so that an empty box has a logarithm


def encode(boxes, anchors, *, weights=(1.0, 1.0, 1.0, 1.0)):
    """What leads from `anchors` to `boxes`, `(..., n, 4)` each, to `(..., n, 4)`.

    `((x - xa) / wa, (y - ya) / ha, log(w / wa), log(h / ha))` times `weights`, with centres
    x, y and sides w, h: Girshick et al. 2014, https://arxiv.org/abs/1311.2524, eq. 6 to 9.

    Example:
        >>> steps = encode([[2.0, 0.0, 6.0, 4.0]], [[0.0, 0.0, 4.0, 4.0]])
        >>> [float(v) for v in steps[0]]
        [0.5, 0.0, 0.0, 0.0]
    """
    boxes, anchors = corners_to_center(boxes), corners_to_center(anchors)
    sides = ops.maximum(anchors[..., 2:], SMALLEST)
    moved = (boxes[..., :2] - anchors[..., :2]) / sides
    grown = ops.log(ops.maximum(boxes[..., 2:], SMALLEST) / sides)
    steps = ops.concatenate([moved, grown], axis=-1)
    return steps * ops.convert_to_tensor(weights, dtype="float32")


def decode(steps, anchors, *, weights=(1.0, 1.0, 1.0, 1.0), most_growth=MOST_GROWTH):
    """The boxes to which `steps` lead from `anchors`: undoes `encode`, shapes as there.

    Args:
        steps, anchors: `(..., n, 4)`.
        weights: Those of `encode`.
        most_growth: A side grows at most `exp(most_growth)` times.

    Example:
        >>> boxes = decode([[0.5, 0.0, 0.0, 0.0]], [[0.0, 0.0, 4.0, 4.0]])
        >>> [float(v) for v in boxes[0]]
        [2.0, 0.0, 6.0, 4.0]
    """
    steps = ops.cast(ops.convert_to_tensor(steps), "float32")
    steps = steps / ops.convert_to_tensor(weights, dtype="float32")
    anchors = corners_to_center(anchors)
    center = steps[..., :2] * anchors[..., 2:] + anchors[..., :2]
    sides = ops.exp(ops.minimum(steps[..., 2:], most_growth)) * anchors[..., 2:]
    return center_to_corners(ops.concatenate([center, sides], axis=-1))
