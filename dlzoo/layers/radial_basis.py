"""Radial basis units: how near is a vector to the code of each class.

Source: LeCun, Bottou, Bengio and Haffner 1998, section II.B, the output layer, and II.C.
"""

import math

import keras
import numpy as np
from keras import ops

from dlzoo._checks import check_positive_int


@keras.saving.register_keras_serializable("dlzoo")
class RadialBasis(keras.layers.Layer):
    """`-sum((x - code) ** 2)` for the fixed code of each class, of -1 and +1.

    The paper's output is the distance itself and its smallest is the answer; with the sign
    it is the largest, as everywhere. A softmax of it with cross-entropy is the paper's
    criterion (equation 9) without the rubbish class.

    The paper's codes are pictures of ASCII characters, 7 wide and 12 high. Classes that are
    no characters have none, so codes are drawn, -1 and +1 with equal chance, which the paper
    names as the alternative; they are part of the weights, and not trained.

    Args:
        classes: Number of codes.
        seed: Of the codes.

    Input:  `(batch, units)`.
    Output: `(batch, classes)`.

    Example:
        >>> layer = RadialBasis(3)
        >>> layer.build((None, 84))
        >>> code = keras.ops.convert_to_numpy(layer.codes)[:, 1]
        >>> int(keras.ops.argmax(layer(code[None])))
        1
    """

    def __init__(self, classes, seed=0, **kwargs):
        super().__init__(**kwargs)
        check_positive_int(type(self).__name__, "classes", classes)
        self.classes = classes
        self.seed = seed

    def build(self, input_shape):
        def draw(shape, dtype=None):
            signs = np.random.default_rng(self.seed).choice([-1.0, 1.0], shape)
            return ops.convert_to_tensor(signs, dtype)

        self.codes = self.add_weight(
            shape=(input_shape[-1], self.classes),
            initializer=draw,
            trainable=False,
            name="codes",
        )

    def call(self, x):
        apart = ops.expand_dims(x, -1) - ops.convert_to_tensor(self.codes)
        return -ops.sum(apart * apart, axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.classes

    def multiply_adds(self, input_shape, output_shape):
        """For `dlzoo.profile`: a difference times itself, for each number of each code."""
        return input_shape[0] * math.prod(self.codes.shape)

    def get_config(self):
        return super().get_config() | {"classes": self.classes, "seed": self.seed}
