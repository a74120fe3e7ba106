"""The statistics of one picture put upon another: any style in one pass.

Source: Huang and Belongie 2017, https://arxiv.org/abs/1703.06868, equations 8 and 14.
"""

import keras
from keras import layers, ops

from dlzoo._checks import check_between
from dlzoo.layers.instance_normalization import instance_moments


@keras.saving.register_keras_serializable("dlzoo")
class AdaIN(layers.Layer):
    """`sigma(y) * (x - mu(x)) / sigma(x) + mu(y)`: content x with the statistics of style y.

    Mean mu and standard deviation sigma are over height and width, a channel of a picture at
    a time; `sigma = sqrt(variance + epsilon)`, with the biased variance. There is nothing to
    learn.

    Args:
        epsilon: Added to the variances.

    Input: A list `[x, y]` of feature maps `(batch, height, width, channels)`, whose sides may
        differ; or `[x, y, strength]` with strengths `(batch, 1)` between 0 (x itself) and 1,
        for `(1 - strength) * x + strength * AdaIN(x, y)` (equation 14).
    Output: The shape of x. The arithmetic is float32 under mixed precision.

    Raises:
        ValueError: `epsilon` is out of its range, or the channels differ.

    Example:
        >>> x = keras.ops.reshape([1.0, 3.0], (1, 1, 2, 1))
        >>> y = keras.ops.reshape([10.0, 20.0, 30.0, 40.0], (1, 2, 2, 1))
        >>> print(keras.ops.convert_to_numpy(AdaIN()([x, y])).ravel().round(1))
        [13.8 36.2]
        >>> half = keras.ops.full((1, 1), 0.5)
        >>> print(keras.ops.convert_to_numpy(AdaIN()([x, y, half])).ravel().round(1))
        [ 7.4 19.6]
    """

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        check_between("AdaIN", "epsilon", epsilon, 1e-12, 1)
        self.epsilon = epsilon

    def build(self, input_shape):
        content, style = (tuple(shape) for shape in input_shape[:2])
        if content[-1] != style[-1]:
            raise ValueError(
                f"{self.name}: content and style must have the same channels, because each "
                f"channel of one gets the statistics of the other's; got {content[-1]} and "
                f"{style[-1]}."
            )

    def call(self, inputs):
        x, y, *strength = inputs
        mean, variance = instance_moments(x)
        style_mean, style_variance = instance_moments(y)
        factor = ops.sqrt((style_variance + self.epsilon) / (variance + self.epsilon))
        exact = ops.cast(x, mean.dtype)
        found = (exact - mean) * factor + style_mean
        if strength:
            share = ops.cast(ops.reshape(strength[0], (-1, 1, 1, 1)), mean.dtype)
            found = exact + share * (found - exact)
        return ops.cast(found, x.dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return super().get_config() | {"epsilon": self.epsilon}
