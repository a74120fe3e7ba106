"""Cutting a feature map to the size of another."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("dlzoo")
class CropLike(layers.Layer):
    """The top left part of a feature map, as high and wide as another one.

    Where a side was rounded up on the way down, it comes back larger; what is too much is at
    the bottom and right.

    Input: A list `[x, like]` of `(batch, height, width, channels)`; `like` is not larger.
    Output: x with the height and width of `like`.

    Example:
        >>> x, like = keras.ops.ones((1, 8, 8, 2)), keras.ops.ones((1, 7, 5, 3))
        >>> tuple(CropLike()([x, like]).shape)
        (1, 7, 5, 2)
    """

    def build(self, input_shape):
        pass

    def call(self, inputs):
        x, like = inputs
        _, height, width, _ = ops.shape(like)
        return x[:, :height, :width]

    def compute_output_shape(self, input_shape):
        x, like = input_shape
        return x[0], like[1], like[2], x[3]
