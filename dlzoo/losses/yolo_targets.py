"""Which candidate of a YOLO network answers for which object, inside graphs.

As in YOLO v2 and v3: the cell that holds the centre of the object, and in it the anchor whose
shape overlaps the object's most, if both had the same centre. Sources: Redmon and Farhadi
2016, https://arxiv.org/abs/1612.08242, section 2; 2018, https://arxiv.org/abs/1804.02767,
section 2.1; ties as in pjreddie/darknet, `src/yolo_layer.c`.
"""

from typing import NamedTuple

import numpy as np
from keras import ops


class Responsible(NamedTuple):
    """For each object of each image.

    Attributes:
        index: Its candidate, int32 `(batch, objects)`; 0 where there is no object.
        there: Whether the object counts, bool `(batch, objects)`.
    """

    index: object
    there: object


def unpacked(targets):
    """Boxes `(batch, objects, 4)` and classes `(batch, objects)` of either form of targets.

    Args:
        targets: `{"boxes": ..., "classes": ...}`, or both in one tensor
            `(batch, objects, 5)`, the class last; the class of padding is -1.
    """
    if isinstance(targets, dict):
        return targets["boxes"], targets["classes"]
    return targets[..., :4], targets[..., 4]


def real(boxes, classes):
    """Which targets are objects: with a class, and not empty. Bool `(batch, objects)`."""
    sides = boxes[..., 2:] - boxes[..., :2]
    return ops.logical_and(classes >= 0, ops.min(sides, axis=-1) > 0)


def responsible(boxes, classes, *, input_shape, anchors, strides):
    """The candidate of every object.

    Of two objects with the same cell and anchor the later one counts, as in Darknet. A centre
    outside the image belongs to the nearest cell.

    Args:
        boxes: `(batch, objects, 4)` in pixels.
        classes: `(batch, objects)`; negative where there is no object. An empty box is none.
        input_shape: Height and width of the image, in pixels.
        anchors: `(width, height)` in pixels, a list a scale.
        strides: One a scale.

    Returns:
        `Responsible`; candidates are counted as in `dlzoo.layers.YOLOCandidates`.

    Example:
        >>> boxes = ops.convert_to_tensor([[[40.0, 0.0, 56.0, 20.0], [0.0] * 4]])
        >>> found = responsible(boxes, ops.convert_to_tensor([[0, -1]]), input_shape=(32, 64),
        ...     anchors=[[(60, 60), (15, 15)]], strides=[32])
        >>> [int(i) for i in found.index[0]]     # the second anchor of the second cell
        [3, 0]
    """
    dtype = boxes.dtype
    table = _table(input_shape, anchors, strides)
    there = real(boxes, classes)
    sides = ops.where(there[..., None], boxes[..., 2:] - boxes[..., :2], 1.0)
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    shapes = ops.cast(table["shape"], dtype)
    shared = ops.prod(ops.minimum(sides[..., None, :], shapes), axis=-1)
    both = ops.prod(sides, axis=-1)[..., None] + ops.prod(shapes, axis=-1) - shared
    best = ops.argmax(shared / both, axis=-1)

    def of_best(key):
        return ops.take(ops.convert_to_tensor(table[key], "int32"), best, axis=0)

    cells = ops.floor(centre / ops.cast(of_best("stride"), dtype)[..., None])
    cells = ops.maximum(ops.cast(cells, "int32"), 0)
    column = ops.minimum(cells[..., 0], of_best("columns") - 1)
    row = ops.minimum(cells[..., 1], of_best("rows") - 1)
    index = of_best("first") + (row * of_best("columns") + column) * of_best("share")
    index = ops.where(there, index, 0)
    return Responsible(index, ops.logical_and(there, ops.logical_not(_taken(index, there))))


def _taken(index, there):
    """Whether a later object has the same candidate."""
    count = index.shape[1]
    later = ops.convert_to_tensor(np.triu(np.ones((count, count), bool), 1))
    same = ops.equal(index[:, :, None], index[:, None, :])
    return ops.any(ops.logical_and(ops.logical_and(same, there[:, None, :]), later), axis=-1)


def _table(input_shape, anchors, strides):
    """What is known of each anchor: one row an anchor, scale after scale."""
    rows = {key: [] for key in ("shape", "stride", "rows", "columns", "share", "first")}
    start = 0
    for stride, scale in zip(strides, anchors, strict=True):
        down, across = (-(-side // stride) for side in input_shape)
        for place, shape in enumerate(scale):
            facts = (shape, stride, down, across, len(scale), start + place)
            for key, value in zip(rows, facts, strict=True):
                rows[key].append(value)
        start += down * across * len(scale)
    return {key: np.array(values) for key, values in rows.items()}
