"""Which channels of a feature map are active together: the style of a picture.

Source: Gatys, Ecker and Bethge 2015, https://arxiv.org/abs/1508.06576, equation 3.
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_choice
from dlzoo.layers.exact import exact_dtype

NORMALISATIONS = ("positions", "elements", None)


@keras.saving.register_keras_serializable("dlzoo")
class GramMatrix(layers.Layer):
    """`G[i, j] = sum_k F[k, i] F[k, j]` over the positions k of a feature map F.

    Args:
        normalise: What the sum is divided by:
            `"positions"`: height * width, so that pictures of different sizes compare;
            `"elements"`: height * width * channels (the programs in Torch);
            None: nothing (the paper, whose loss divides later).

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, channels, channels)`, symmetric; float32 under mixed precision, where
        thousands of products would lose most of their bits.

    Raises:
        ValueError: `normalise` is none of these.

    Example:
        >>> features = keras.ops.reshape([[1.0, 2.0], [3.0, 4.0]], (1, 1, 2, 2))
        >>> keras.ops.convert_to_numpy(GramMatrix(normalise=None)(features)).tolist()
        [[[10.0, 14.0], [14.0, 20.0]]]
    """

    def __init__(self, normalise="positions", **kwargs):
        super().__init__(**kwargs)
        check_choice("GramMatrix", "normalise", normalise, NORMALISATIONS)
        self.normalise = normalise

    def build(self, input_shape):
        pass

    def call(self, x):
        return gram_matrix(x, self.normalise)

    def compute_output_spec(self, x):
        batch, channels = x.shape[0], x.shape[-1]
        return keras.KerasTensor((batch, channels, channels), dtype=exact_dtype(x.dtype))

    def get_config(self):
        return super().get_config() | {"normalise": self.normalise}


def gram_matrix(x, normalise="positions"):
    """`GramMatrix` of a tensor."""
    _, height, width, channels = ops.shape(x)
    x = ops.cast(x, exact_dtype(x.dtype))
    flat = ops.reshape(x, (-1, height * width, channels))
    gram = ops.matmul(ops.transpose(flat, (0, 2, 1)), flat)
    if normalise is None:
        return gram
    divisor = height * width * (channels if normalise == "elements" else 1)
    return gram / (divisor if isinstance(divisor, int) else ops.cast(divisor, gram.dtype))
