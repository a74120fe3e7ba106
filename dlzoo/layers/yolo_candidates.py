"""What the numbers of a YOLO candidate mean: where its cell is, its box, its scores.

Sources: YOLO9000, https://arxiv.org/abs/1612.08242, section 2; YOLOv3,
https://arxiv.org/abs/1804.02767, section 2.1.
"""

from keras import ops

from dlzoo._checks import check_positive_int

SCORES = ("sigmoid", "softmax")
LARGEST = 10.0  # of t_w and t_h: 22,000 times the anchor; beyond, exp is not finite


def checked_anchors(who, anchors, strides):
    """Anchors as `((width, height), ...)` a scale, coarse and fine alike; raises ValueError."""
    strides = tuple(strides)
    for stride in strides:
        check_positive_int(who, "each of strides", stride)
    scales = tuple(tuple(tuple(map(float, pair)) for pair in scale) for scale in anchors)
    pairs = [pair for scale in scales for pair in scale]
    fine = all(len(pair) == 2 and min(pair) > 0 for pair in pairs)
    if len(scales) != len(strides) or not all(scales) or not fine:
        raise ValueError(
            f"{who}: anchors must be a list of (width, height) in pixels for each of the "
            f"{len(strides)} strides; got {anchors!r}."
        )
    return scales


def grid(height, width, anchors, strides):
    """Where candidates are: cell, size of the anchor, stride; one row each.

    Args:
        height, width: Of the image, in pixels; numbers or scalar tensors.
        anchors: `(width, height)` in pixels, a list a scale.
        strides: Pixels of a cell's side, one a scale.

    Returns:
        Three float32 tensors `(candidates, 2)`: column and row of the cell; width and height
        of the anchor in pixels; the stride, twice.

    Example:
        >>> cells, sizes, steps = grid(32, 64, [[(10, 20)]], [32])
        >>> ops.convert_to_numpy(cells).tolist()
        [[0.0, 0.0], [1.0, 0.0]]
    """
    parts = []
    for stride, scale in zip(strides, anchors, strict=True):
        rows, columns = ((side + stride - 1) // stride for side in (height, width))
        row, column = ops.meshgrid(ops.arange(rows), ops.arange(columns), indexing="ij")
        cells = ops.stack([ops.reshape(column, (-1,)), ops.reshape(row, (-1,))], axis=-1)
        cells = ops.cast(ops.repeat(cells, len(scale), axis=0), "float32")
        sizes = ops.tile(ops.convert_to_tensor(scale, "float32"), (rows * columns, 1))
        parts.append((cells, sizes, ops.full_like(sizes, stride)))
    return tuple(ops.concatenate(part, axis=0) for part in zip(*parts, strict=True))


def decoded_boxes(raw, cells, sizes, steps):
    """`(..., n, 4)` of t_x, t_y, t_w, t_h to corners in pixels.

    The centre is `(sigmoid(t) + cell) * stride`, width and height are `exp(t) * anchor`.
    """
    cells, sizes, steps = (ops.cast(part, raw.dtype) for part in (cells, sizes, steps))
    centre = (ops.sigmoid(raw[..., :2]) + cells) * steps
    half = ops.exp(ops.minimum(raw[..., 2:4], LARGEST)) * sizes / 2
    return ops.concatenate([centre - half, centre + half], axis=-1)


def class_scores(raw, scores):
    """Objectness times the probability of a class: `(..., 5 + classes)` to `(..., classes)`."""
    squash = ops.sigmoid if scores == "sigmoid" else ops.softmax
    return ops.sigmoid(raw[..., 4:5]) * squash(raw[..., 5:])
