"""How rough a picture is from pixel to pixel."""

import keras
from keras import layers, ops

from dlzoo._checks import check_between


@keras.saving.register_keras_serializable("dlzoo")
class TotalVariation(layers.Layer):
    """`sum ((x[i+1, j] - x[i, j])**2 + (x[i, j+1] - x[i, j])**2) ** (beta / 2)`.

    A penalty on noise, over all pixels that have a neighbour below and to the right, and over
    channels (Mahendran and Vedaldi 2014, https://arxiv.org/abs/1412.0035, equation 5). It is a
    layer, because it compares a picture with nothing.

    `beta=2` is what neural-style adds to its gradient (but for a factor 2); Keras's example of
    style transfer takes 2.5. Below 2 the slope at equal neighbours would be infinite.

    Args:
        beta: The exponent, 2 to 10.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch,)`, a number a picture.

    Raises:
        ValueError: `beta` is out of its range.

    Example:
        >>> picture = keras.ops.reshape([[0.0, 3.0], [4.0, 0.0]], (1, 2, 2, 1))
        >>> float(TotalVariation()(picture)[0])
        25.0
    """

    def __init__(self, beta=2.0, **kwargs):
        super().__init__(**kwargs)
        check_between("TotalVariation", "beta", beta, 2, 10)
        self.beta = beta

    def build(self, input_shape):
        pass

    def call(self, x):
        here = x[:, :-1, :-1]
        squares = ops.square(x[:, 1:, :-1] - here) + ops.square(x[:, :-1, 1:] - here)
        return ops.sum(squares ** (self.beta / 2), axis=(1, 2, 3))

    def compute_output_shape(self, input_shape):
        return (input_shape[0],)

    def get_config(self):
        return super().get_config() | {"beta": self.beta}
