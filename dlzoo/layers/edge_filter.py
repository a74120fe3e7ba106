"""Edges by convolution: kernels that people chose, before networks learnt theirs.

A vertical edge is bright on the left and dark on the right (or the other way round, then the
answer is negative): the kernel takes the right column of its window from the left one.

Sources: Sobel and Feldman 1968, "An isotropic 3x3 image gradient operator"; Scharr 2000,
https://doi.org/10.11588/heidok.00000962 (weights that answer more equally in all directions).
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_choice

# Weights of the left column from top to bottom; the middle is 0, the right one negative.
COLUMNS = {"plain": (1, 1, 1), "sobel": (1, 2, 1), "scharr": (3, 10, 3)}
DIRECTIONS = ("vertical", "horizontal", "magnitude")
PLAIN = ("vertical", "horizontal")  # kinds of `edge_filter` that name a direction


def edge_filter(kind="vertical", direction=None, **options):
    """A layer that finds edges, by one of the course's kernels.

    Args:
        kind: `"vertical"` or `"horizontal"` (columns or rows of 1, 0, -1), `"sobel"` (1, 2, 1)
            or `"scharr"` (3, 10, 3).
        direction: Of the edges that Sobel's and Scharr's kernels find: `"vertical"` (the
            default), `"horizontal"`, or `"magnitude"` for edges of any direction.
        **options: Of `EdgeFilter`: `padding`, `strides`, `trainable`, `name`.

    Returns:
        An `EdgeFilter`.

    Raises:
        ValueError: An unknown word, or a direction beside one in `kind`.

    Example:
        >>> import numpy as np
        >>> image = np.repeat([[10, 10, 10, 0, 0, 0]], 6, axis=0)  # bright left, dark right
        >>> edges = edge_filter("vertical")(image.reshape(1, 6, 6, 1))
        >>> print(keras.ops.convert_to_numpy(edges)[0, 0, :, 0])
        [ 0. 30. 30.  0.]
    """
    check_choice("edge_filter", "kind", kind, (*PLAIN, "sobel", "scharr"))
    if kind in PLAIN:
        if direction is not None:
            raise ValueError(
                f"edge_filter: direction must be left out, because kind={kind!r} is one; got "
                f"{direction!r}. Directions are for 'sobel' and 'scharr'."
            )
        return EdgeFilter("plain", kind, **options)
    return EdgeFilter(kind, direction or "vertical", **options)


@keras.saving.register_keras_serializable("dlzoo")
class EdgeFilter(layers.DepthwiseConv2D):
    """A 3x3 convolution of each channel with a kernel that finds edges.

    The kernel does not learn unless `trainable=True`; then training begins with it.

    Args:
        kernel: `"plain"`, `"sobel"` or `"scharr"`.
        direction: `"vertical"`, `"horizontal"`, or `"magnitude"`: the root of the sum of both
            squares.
        strides: Step, the same in both directions.
        padding: `"valid"` or `"same"`.
        trainable: Whether the kernel learns.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, out_height, out_width, channels)`; sides as `output_side` says.

    Example:
        >>> layer = EdgeFilter("sobel")
        >>> layer.build((None, 8, 8, 3))
        >>> print(keras.ops.convert_to_numpy(layer.kernel)[:, :, 0, 0])
        [[ 1.  0. -1.]
         [ 2.  0. -2.]
         [ 1.  0. -1.]]
    """

    def __init__(
        self,
        kernel="sobel",
        direction="vertical",
        strides=1,
        padding="valid",
        *,
        trainable=False,
        **kwargs,
    ):
        check_choice("EdgeFilter", "kernel", kernel, tuple(COLUMNS))
        check_choice("EdgeFilter", "direction", direction, DIRECTIONS)
        both = direction == "magnitude"
        super().__init__(
            3,
            strides,
            padding,
            depth_multiplier=2 if both else 1,
            use_bias=False,
            depthwise_initializer=EdgeKernel(kernel, direction),
            trainable=trainable,
            **kwargs,
        )
        self.edges, self.direction = kernel, direction

    def call(self, x):
        answers = super().call(ops.cast(x, self.compute_dtype))
        if self.direction != "magnitude":
            return answers
        batch, height, width, channels = ops.shape(answers)
        pairs = ops.reshape(answers, (batch, height, width, channels // 2, 2))
        squares = ops.sum(ops.square(pairs), axis=-1)
        # The root has no slope at 0, where the picture is flat.
        flat = squares == 0
        return ops.where(flat, 0.0, ops.sqrt(ops.where(flat, 1.0, squares)))

    def compute_output_shape(self, input_shape):
        return *super().compute_output_shape(input_shape)[:3], input_shape[-1]

    def get_config(self):
        inherited = layers.Layer.get_config(self)
        return inherited | {
            "kernel": self.edges,
            "direction": self.direction,
            "strides": self.strides[0],
            "padding": self.padding,
        }


@keras.saving.register_keras_serializable("dlzoo")
class EdgeKernel(keras.initializers.Initializer):
    """Fills a depthwise kernel with the weights of an edge filter, the same a channel.

    Args:
        kernel, direction: As in `EdgeFilter`.

    Example:
        >>> print(keras.ops.convert_to_numpy(EdgeKernel("plain", "horizontal")((3, 3, 1, 1)))
        ...       [:, :, 0, 0])
        [[ 1.  1.  1.]
         [ 0.  0.  0.]
         [-1. -1. -1.]]
    """

    def __init__(self, kernel, direction):
        self.kernel, self.direction = kernel, direction

    def __call__(self, shape, dtype=None):
        column = ops.convert_to_tensor(COLUMNS[self.kernel], dtype or keras.config.floatx())
        vertical = ops.stack([column, ops.zeros_like(column), -column], axis=1)
        kernels = {"vertical": [vertical], "horizontal": [ops.transpose(vertical)]}
        both = kernels["vertical"] + kernels["horizontal"]
        stack = ops.stack(kernels.get(self.direction, both), axis=-1)
        return ops.broadcast_to(stack[:, :, None, :], shape)

    def get_config(self):
        return {"kernel": self.kernel, "direction": self.direction}
