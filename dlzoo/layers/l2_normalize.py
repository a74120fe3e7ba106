"""Vectors of unit length: what is left to compare is their direction.

Source: Schroff, Kalenichenko and Philbin 2015 (FaceNet), https://arxiv.org/abs/1503.03832,
section 3.1: the embedding lives on the unit sphere.
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_between
from dlzoo.layers.exact import exact_dtype


@keras.saving.register_keras_serializable("dlzoo")
class L2Normalize(layers.Layer):
    """`x / max(||x||, epsilon)`: each vector divided by its Euclidean length.

    A vector shorter than `epsilon` becomes `x / epsilon`: zero stays zero, with a finite
    gradient, where the plain quotient has none.

    Args:
        axis: Over which the length is taken.
        epsilon: The smallest length, as in `torch.nn.functional.normalize`. The gradient is
            `1 / epsilon` at most.

    Input and output: any shape; the arithmetic is at least float32.

    Raises:
        ValueError: `epsilon` is out of its range.

    Example:
        >>> x = keras.ops.array([[3.0, 4.0], [0.0, 0.0]])
        >>> print(keras.ops.convert_to_numpy(L2Normalize()(x)).round(3))
        [[0.6 0.8]
         [0.  0. ]]
    """

    def __init__(self, axis=-1, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        # Its square must be a number in float32.
        check_between("L2Normalize", "epsilon", epsilon, 1e-18, 1)
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape):
        pass

    def call(self, x):
        return l2_normalize(x, self.axis, self.epsilon)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"axis": self.axis, "epsilon": self.epsilon}


def l2_normalize(x, axis=-1, epsilon=1e-6):
    """`L2Normalize` of a tensor."""
    exact = ops.cast(x, exact_dtype(x.dtype))
    squares = ops.sum(ops.square(exact), axis=axis, keepdims=True)
    # The larger of the two before the root, whose slope at zero has no bound.
    return ops.cast(exact * ops.rsqrt(ops.maximum(squares, epsilon**2)), x.dtype)
