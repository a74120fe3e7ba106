"""How near a vector points to the direction of each class."""

import keras
from keras import ops

from dlzoo._checks import check_positive_int
from dlzoo.layers.l2_normalize import l2_normalize


@keras.saving.register_keras_serializable("dlzoo")
class CosineScores(keras.layers.Layer):
    """Cosines of the angles between each vector and a learnt direction a class.

    What `dlzoo.losses.ArcFaceLoss` takes. Always in float32.

    Args:
        classes: Number of directions.

    Input:  `(batch, dimensions)`, of any length.
    Output: `(batch, classes)`, -1 to 1.

    Raises:
        ValueError: `classes` is no whole number of at least 1.

    Example:
        >>> CosineScores(5)(ops.ones((2, 3))).shape == (2, 5)
        True
    """

    def __init__(self, classes, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        check_positive_int("CosineScores", "classes", classes)
        self.classes = classes

    def build(self, input_shape):
        self.directions = self.add_weight(
            shape=(input_shape[-1], self.classes),
            initializer="glorot_uniform",
            name="directions",
        )

    def call(self, vectors):
        return ops.matmul(l2_normalize(vectors), l2_normalize(self.directions, axis=0))

    def compute_output_shape(self, input_shape):
        return *input_shape[:-1], self.classes

    def get_config(self):
        return super().get_config() | {"classes": self.classes}
