"""Stochastic depth: in training whole blocks are left out, a sample at a time.

Source: Huang et al. 2016, https://arxiv.org/abs/1603.09382, section 3. As everywhere today,
the surviving branch is divided by its probability in training, so nothing is left to do at
test time (the paper multiplies there instead).
"""

import keras
from keras import ops

from dlzoo.layers.inverted_dropout import InvertedDropout


@keras.saving.register_keras_serializable("dlzoo")
class StochasticDepth(InvertedDropout):
    """`InvertedDropout` of a residual branch: a sample keeps all of it or nothing.

    Args:
        keep_prob: Probability that a sample keeps the branch, above 0 and at most 1.
        seed: Makes the masks reproducible.

    Input and output: `(batch, ...)`.

    Raises:
        ValueError: `keep_prob` is not above 0 or not at most 1.

    Example:
        >>> x = keras.ops.ones((50, 4, 4, 2))
        >>> y = StochasticDepth(0.8, seed=1)(x, training=True)
        >>> sorted(set(keras.ops.convert_to_numpy(y).reshape(-1).tolist()))
        [0.0, 1.25]
    """

    def mask_shape(self, x):
        return (ops.shape(x)[0], *(1,) * (len(x.shape) - 1))
