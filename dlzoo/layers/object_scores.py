"""What a localiser says of the one object of an image: is it there, where, what is it."""

import itertools

import keras
from keras import ops

from dlzoo._checks import check_positive_int

BOX = 4  # centre x and y, width, height


def object_parts(vectors, landmarks=0):
    """A localiser's numbers, `(..., 5 + classes + 2 * landmarks)`, by their meaning.

    Returns:
        `p (..., 1)`, `box (..., 4)`, `classes (..., classes)`, `points (..., 2 landmarks)`.

    Example:
        >>> [part.shape[-1] for part in object_parts(ops.zeros((1, 10)), landmarks=1)]
        [1, 4, 3, 2]
    """
    end = vectors.shape[-1] - 2 * landmarks
    cuts = (0, 1, 1 + BOX, end, vectors.shape[-1])
    return tuple(vectors[..., a:b] for a, b in itertools.pairwise(cuts))


@keras.saving.register_keras_serializable("dlzoo")
class ObjectScores(keras.layers.Layer):
    """From a localiser's last numbers to probabilities: logistic for p, softmax for classes.

    Box and landmarks pass unchanged: they are fractions of the image's sides.

    Args:
        landmarks: Number of points, two numbers each, at the end.

    Input and output: `(batch, 5 + classes + 2 * landmarks)`, as in `LocalizationLoss`.

    Example:
        >>> found = ObjectScores()(ops.zeros((1, 7)))
        >>> [round(float(number), 2) for number in found[0]]
        [0.5, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5]
    """

    def __init__(self, landmarks=0, **kwargs):
        super().__init__(**kwargs)
        check_positive_int("ObjectScores", "landmarks", landmarks, minimum=0)
        self.landmarks = landmarks

    def build(self, input_shape):
        pass

    def call(self, x):
        p, box, classes, points = object_parts(x, self.landmarks)
        classes = ops.softmax(classes, axis=-1)
        return ops.concatenate([ops.sigmoid(p), box, classes, points], axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"landmarks": self.landmarks}
