"""Some of the boxes of each image, by their places."""

from keras import ops


def picked(values, places):
    """Of `(batch, n, ...)` those at int32 `places (batch, m)`: `(batch, m, ...)`.

    From one list of all images: an index a row, where `take_along_axis` has one a number,
    takes several times as long, and makes `torch.export` keep the size of the batch.

    Example:
        >>> values = ops.reshape(ops.arange(8), (2, 4))
        >>> ops.convert_to_numpy(picked(values, ops.array([[3, 0], [1, 1]])))
        array([[3, 0],
               [5, 5]], dtype=int32)
    """
    batch, n, *rest = ops.shape(values)
    rows = places + n * ops.arange(batch, dtype="int32")[:, None]
    return ops.take(ops.reshape(values, (-1, *rest)), rows, axis=0)
