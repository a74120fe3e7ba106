"""How large boxes are and how much they share."""

from keras import ops


def _boxes(boxes):
    return ops.cast(ops.convert_to_tensor(boxes), "float32")


def area(boxes):
    """Square pixels of each box, `(..., 4)` to `(...)`; 0 if its corners are swapped.

    Example:
        >>> float(area([10.0, 20.0, 30.0, 60.0]))
        800.0
    """
    boxes = _boxes(boxes)
    width, height = (ops.maximum(boxes[..., i + 2] - boxes[..., i], 0.0) for i in (0, 1))
    return width * height


def _shared_and_union(a, b):
    low = ops.maximum(a[..., :2], b[..., :2])
    high = ops.minimum(a[..., 2:], b[..., 2:])
    sides = ops.maximum(high - low, 0.0)
    shared = sides[..., 0] * sides[..., 1]
    # an empty box shares nothing, also where its swapped corners span something
    shared = ops.where((area(a) > 0) & (area(b) > 0), shared, 0.0)
    return shared, area(a) + area(b) - shared


def _quotient(above, below):
    """`above / below`, and 0 where `below` is 0, with no NaN in the gradient either."""
    there = below > 0
    return ops.where(there, above / ops.where(there, below, 1.0), 0.0)


def _pairs(a, b, paired):
    a, b = _boxes(a), _boxes(b)
    return (a, b) if paired else (a[..., :, None, :], b[..., None, :, :])


def iou(a, b, *, paired=False):
    """Intersection over union of every pair: `(..., n, 4)`, `(..., m, 4)` to `(..., n, m)`.

    Between 0 and 1; 0 with an empty box. With `paired`, of the first box with the first, of
    the second with the second: `(..., 4)`, `(..., 4)` to `(...)`.

    Example:
        >>> round(float(iou([[0., 0., 2., 2.]], [[1., 0., 3., 2.]])[0, 0]), 4)   # 2 / 6
        0.3333
    """
    return _quotient(*_shared_and_union(*_pairs(a, b, paired)))


def giou(a, b, *, paired=False):
    """Generalised IoU, `iou - (hull - union) / hull`, between -1 and 1; pairs as in `iou`.

    The hull is the smallest box around both, so that boxes which do not meet are told apart
    too. Rezatofighi et al. 2019, https://arxiv.org/abs/1902.09630, algorithm 1.

    Example:
        >>> round(float(giou([[0., 0., 1., 1.]], [[2., 0., 3., 1.]])[0, 0]), 4)   # - 1 / 3
        -0.3333
    """
    a, b = _pairs(a, b, paired)
    shared, union = _shared_and_union(a, b)
    low = ops.minimum(a[..., :2], b[..., :2])
    high = ops.maximum(a[..., 2:], b[..., 2:])
    sides = ops.maximum(high - low, 0.0)
    hull = sides[..., 0] * sides[..., 1]
    return _quotient(shared, union) - _quotient(hull - union, hull)
