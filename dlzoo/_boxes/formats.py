"""Three ways to write a box, and moving it within its image.

Corners `(x1, y1, x2, y2)`, which is what dlzoo means by a box; centre
`(center x, center y, width, height)`, of YOLO; and `(x1, y1, width, height)`, of COCO.
"""

from keras import ops


def _columns(boxes):
    return ops.unstack(ops.cast(ops.convert_to_tensor(boxes), "float32"), 4, axis=-1)


def corners_to_center(boxes):
    """`(x1, y1, x2, y2)` to `(center x, center y, width, height)`: `(..., 4)` to the same.

    Example:
        >>> [float(v) for v in corners_to_center([10.0, 20.0, 30.0, 60.0])]
        [20.0, 40.0, 20.0, 40.0]
    """
    x1, y1, x2, y2 = _columns(boxes)
    return ops.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=-1)


def center_to_corners(boxes):
    """`(center x, center y, width, height)` to `(x1, y1, x2, y2)`: `(..., 4)` to the same.

    Example:
        >>> [float(v) for v in center_to_corners([20.0, 40.0, 20.0, 40.0])]
        [10.0, 20.0, 30.0, 60.0]
    """
    x, y, width, height = _columns(boxes)
    width, height = width / 2, height / 2
    return ops.stack([x - width, y - height, x + width, y + height], axis=-1)


def corners_to_xywh(boxes):
    """`(x1, y1, x2, y2)` to `(x1, y1, width, height)`: `(..., 4)` to the same.

    Example:
        >>> [float(v) for v in corners_to_xywh([10.0, 20.0, 30.0, 60.0])]
        [10.0, 20.0, 20.0, 40.0]
    """
    x1, y1, x2, y2 = _columns(boxes)
    return ops.stack([x1, y1, x2 - x1, y2 - y1], axis=-1)


def xywh_to_corners(boxes):
    """`(x1, y1, width, height)` to `(x1, y1, x2, y2)`: `(..., 4)` to the same.

    Example:
        >>> [float(v) for v in xywh_to_corners([10.0, 20.0, 20.0, 40.0])]
        [10.0, 20.0, 30.0, 60.0]
    """
    x, y, width, height = _columns(boxes)
    return ops.stack([x, y, x + width, y + height], axis=-1)


def scale(boxes, factor):
    """Boxes of an image that grew: `factor` times, or `(factor of height, of width)` times.

    Of centre and width forms as of corners: `(..., 4)` to the same.

    Example:
        >>> [float(v) for v in scale([10.0, 20.0, 30.0, 60.0], (0.5, 2.0))]
        [20.0, 10.0, 60.0, 30.0]
    """
    down, across = factor if isinstance(factor, (tuple, list)) else (factor, factor)
    a, b, c, d = _columns(boxes)
    return ops.stack([a * across, b * down, c * across, d * down], axis=-1)


def absolute_to_relative(boxes, height, width):
    """Pixels of an image of `height` x `width` to fractions of its sides: `(..., 4)`.

    Example:
        >>> [float(v) for v in absolute_to_relative([10.0, 20.0, 30.0, 60.0], 80, 40)]
        [0.25, 0.25, 0.75, 0.75]
    """
    return scale(boxes, (1 / height, 1 / width))


def relative_to_absolute(boxes, height, width):
    """Fractions of the sides of an image of `height` x `width` to pixels: `(..., 4)`.

    Example:
        >>> [float(v) for v in relative_to_absolute([0.25, 0.25, 0.75, 0.75], 80, 40)]
        [10.0, 20.0, 30.0, 60.0]
    """
    return scale(boxes, (height, width))


def clip(boxes, height, width):
    """The part of each box `(..., 4)` that lies in an image of `height` x `width` pixels.

    Of a box that lies outside, an empty one on the border is left.

    Example:
        >>> [float(v) for v in clip([-5.0, 20.0, 30.0, 99.0], 80, 40)]
        [0.0, 20.0, 30.0, 80.0]
    """
    x1, y1, x2, y2 = _columns(boxes)
    x1, x2 = (ops.clip(x, 0.0, width) for x in (x1, x2))
    y1, y2 = (ops.clip(y, 0.0, height) for y in (y1, y2))
    return ops.stack([x1, y1, x2, y2], axis=-1)
