"""Making a feature map as large as another, so that both can be joined."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("dlzoo")
class MatchSides(layers.Layer):
    """Crops `x` around its middle, or puts zeros around it, to the sides of `like`.

    An odd pixel is cut off, or put on, at the bottom and right. In the U-Net paper the maps
    of the contracting path are larger and cropped; where a side was rounded down on the way
    down, what comes up is smaller and padded.

    Input: a pair `(x, like)` of `(batch, height, width, channels)`.
    Output: `x` with the height and width of `like`.

    Example:
        >>> x, like = ops.ones((1, 6, 3, 2)), ops.ones((1, 4, 4, 8))
        >>> ops.convert_to_numpy(MatchSides()((x, like)))[0, 0, :, 0]
        array([1., 1., 1., 0.], dtype=float32)
    """

    def build(self, input_shape):
        pass

    def call(self, inputs):
        x, like = inputs
        for axis in (1, 2):
            x = _matched(x, axis, ops.shape(like)[axis])
        return x

    def compute_output_shape(self, input_shape):
        x, like = input_shape
        return x[0], *like[1:3], x[3]


def _matched(x, axis, wanted):
    found = ops.shape(x)[axis]
    if isinstance(found, int) and isinstance(wanted, int):
        if found == wanted:
            return x
        missing, spare = max(wanted - found, 0), max(found - wanted, 0)
    elif keras.backend.backend() == "jax":
        return _looked_up(x, axis, found, wanted)
    else:
        missing, spare = _not_below_0(wanted - found), _not_below_0(found - wanted)
    window = [slice(None)] * axis + [slice(spare // 2, spare // 2 + wanted)]
    x = x[tuple(window)]
    sides = [list(ops.shape(x)) for _ in range(2)]
    sides[0][axis], sides[1][axis] = missing // 2, missing - missing // 2
    before, after = (ops.zeros(shape, x.dtype) for shape in sides)
    return ops.concatenate([before, x, after], axis=axis)


def _not_below_0(side):
    if keras.backend.backend() != "torch":
        return ops.maximum(side, 0)
    import torch

    return torch.sym_max(side, 0)  # stays a symbol, where a tensor would be a constant


def _looked_up(x, axis, found, wanted):
    """The same for symbols of JAX, which cannot say where to cut."""
    spare = ops.convert_to_tensor(found - wanted, "int32")
    first = ops.maximum(spare, 0) // 2 - ops.maximum(-spare, 0) // 2
    places = ops.arange(wanted, dtype="int32") + first
    there = (places >= 0) & (places < found)
    x = ops.take(x, ops.clip(places, 0, found - 1), axis=axis)
    shape = [1] * len(x.shape)
    shape[axis] = -1
    return x * ops.cast(ops.reshape(there, shape), x.dtype)
