"""Normalisation of each picture by itself: contrast out, style in.

Source: Ulyanov, Vedaldi and Lempitsky 2016, https://arxiv.org/abs/1607.08022, equation 3.
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_between
from dlzoo.layers.exact import exact_dtype


@keras.saving.register_keras_serializable("dlzoo")
class InstanceNormalization(layers.Layer):
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, each picture and channel alone.

    Mean and variance (the biased one) are over height and width; they are the same in
    training and at test time, so that nothing is remembered. It is
    `torch.nn.InstanceNorm2d(channels, affine=True)`.

    Args:
        epsilon: Added to the variance.

    Input and output: `(batch, height, width, channels)`. The arithmetic is float32 under
        mixed precision.

    Raises:
        ValueError: `epsilon` is out of its range.

    Example:
        >>> picture = keras.ops.reshape([1.0, 3.0, 20.0, 60.0], (2, 1, 2, 1))
        >>> found = InstanceNormalization()(picture)  # the second has 20 times the contrast
        >>> print(keras.ops.convert_to_numpy(found).reshape(2, 2).round(3))
        [[-1.  1.]
         [-1.  1.]]
    """

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        check_between("InstanceNormalization", "epsilon", epsilon, 1e-12, 1)
        self.epsilon = epsilon

    def build(self, input_shape):
        channels = (input_shape[-1],)
        self.gamma = self.add_weight(shape=channels, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=channels, initializer="zeros", name="beta")

    def call(self, x):
        mean, variance = instance_moments(x)
        dtype = mean.dtype
        scale = ops.cast(self.gamma, dtype) * ops.rsqrt(variance + self.epsilon)
        shift = ops.cast(self.beta, dtype) - mean * scale
        return ops.cast(ops.cast(x, dtype) * scale + shift, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"epsilon": self.epsilon}


def instance_moments(x):
    """Mean and biased variance over height and width, `(batch, 1, 1, channels)`.

    At least in float32.
    """
    x = ops.cast(x, exact_dtype(x.dtype))
    mean = ops.mean(x, axis=(1, 2), keepdims=True)
    # Not mean(x**2) - mean**2, which loses all digits where the contrast is small.
    return mean, ops.mean(ops.square(x - mean), axis=(1, 2), keepdims=True)
