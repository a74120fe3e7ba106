"""Local response normalisation: a channel is damped where its neighbours are strong.

Source: Krizhevsky, Sutskever and Hinton 2012,
https://papers.nips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html,
section 3.3.
"""

import keras
from keras import ops

from dlzoo._checks import check_between, check_positive_int


@keras.saving.register_keras_serializable("dlzoo")
class LocalResponseNormalization(keras.layers.Layer):
    """`x / (k + alpha * sum of squares of n neighbouring channels) ** beta`.

    The neighbours of channel `i` are `i - n // 2` to `i + n // 2`, fewer at both ends. The
    sum is the paper's; PyTorch and Caffe take the mean, so their `alpha` is `n` times ours.
    The arithmetic is float32 also under mixed precision.

    Args:
        n: Number of channels, odd.
        k, alpha, beta: Constants; the defaults are the paper's.

    Input and output: `(batch, height, width, channels)`.

    Raises:
        ValueError: `n` is even or less than 1, or a constant is negative.

    Example:
        >>> x = keras.ops.ones((1, 1, 1, 4))
        >>> found = LocalResponseNormalization(n=3, k=1, alpha=1, beta=1)(x)
        >>> print(keras.ops.convert_to_numpy(1 / found)[0, 0, 0])
        [3. 4. 4. 3.]
    """

    def __init__(self, n=5, k=2.0, alpha=1e-4, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        who = type(self).__name__
        check_positive_int(who, "n", n)
        if n % 2 == 0:
            raise ValueError(
                f"{who}: n must be odd, because there are as many neighbours on both sides; "
                f"got {n}."
            )
        for argument, value in (("k", k), ("alpha", alpha), ("beta", beta)):
            check_between(who, argument, value, 0, 1e6)
        self.n = n
        self.k = k
        self.alpha = alpha
        self.beta = beta

    def build(self, input_shape):
        pass

    def call(self, x):
        wide = ops.cast(x, "float32") if self.compute_dtype in ("float16", "bfloat16") else x
        channels, reach = x.shape[-1], self.n // 2
        squares = ops.pad(wide * wide, ((0, 0), (0, 0), (0, 0), (reach, reach)))
        total = sum(squares[..., start : start + channels] for start in range(self.n))
        return ops.cast(wide * (self.k + self.alpha * total) ** -self.beta, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        constants = {"n": self.n, "k": self.k, "alpha": self.alpha, "beta": self.beta}
        return super().get_config() | constants
