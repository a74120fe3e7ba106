"""Inverted dropout: units are silenced in training, and nothing is left to do at test time.

Source: Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html, in the
inverted form of the course: the division by `keep_prob` is done in training.
"""

import keras
from keras import ops

from dlzoo._checks import check_between


@keras.saving.register_keras_serializable("dlzoo")
class InvertedDropout(keras.layers.Layer):
    """In training `x * mask / keep_prob`, `mask = uniform < keep_prob`; else `x`.

    The division keeps the expected value, so the rest of the network sees the same scale
    in training and at test time. The gradient carries the same mask and division.

    Args:
        keep_prob: Probability that a unit is kept, above 0 and at most 1. (Keras counts
            the other way round: its `Dropout(rate)` has `rate = 1 - keep_prob`.)
        seed: Makes the masks reproducible.

    Input and output: any shape.

    Raises:
        ValueError: `keep_prob` is not above 0 or not at most 1.

    Example:
        >>> x = keras.ops.ones((2, 3))
        >>> bool(keras.ops.all(InvertedDropout(0.8)(x, training=False) == x))
        True
    """

    def __init__(self, keep_prob, seed=None, **kwargs):
        super().__init__(**kwargs)
        check_between(type(self).__name__, "keep_prob", keep_prob, 1e-7, 1)
        self.keep_prob = keep_prob
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        pass

    def call(self, x, training=None):
        if not training or self.keep_prob == 1:
            return x
        drawn = keras.random.uniform(self.mask_shape(x), seed=self.seed_generator)
        mask = ops.cast(drawn < self.keep_prob, x.dtype)
        return x * mask / self.keep_prob

    def mask_shape(self, x):
        """Shape of the mask for `x`; here every unit has its own."""
        return ops.shape(x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"keep_prob": self.keep_prob, "seed": self.seed}
