"""The names of what a detector finds, kept inside the model so that they cannot get lost."""

import keras

from dlzoo._checks import check_pair
from dlzoo.layers.inside import sublayers

ANSWERS = ("boxes", "classes", "count", "scores")


@keras.saving.register_keras_serializable("dlzoo")
class BoxLabels(keras.layers.Layer):
    """Passes detections through unchanged and says what they are.

    Args:
        labels: The name of each class.
        size: Height and width to which images were fitted in training (`fit_image`), so that
            they are fitted alike in predicting; None: they are taken in their own size.

    Input and output: a dict of `boxes (batch, most, 4)` in pixels of the input, `scores
    (batch, most)`, `classes (batch, most)` and `count (batch,)`: how many of the `most` are
    detections, the rest is padding.

    Raises:
        ValueError: There is no label, one is there twice, or the input is another.

    Example:
        >>> BoxLabels(["red cell", "platelet"], size=(240, 320)).labels
        ('red cell', 'platelet')
    """

    def __init__(self, labels, size=None, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.labels = tuple(labels)
        if not self.labels or len(set(self.labels)) < len(self.labels):
            raise ValueError(
                f"{self.name}: labels must be one name a class, each another; got "
                f"{self.labels}."
            )
        self.size = None if size is None else check_pair(self.name, "size", size)

    def build(self, input_shape):
        if not isinstance(input_shape, dict) or sorted(input_shape) != list(ANSWERS):
            raise ValueError(
                f"{self.name}: the input must be a dict of {', '.join(ANSWERS)}; got "
                f"{input_shape}."
            )

    def call(self, found):
        return found

    def get_config(self):
        return super().get_config() | {"labels": self.labels, "size": self.size}


def box_labels_inside(model: keras.Model) -> BoxLabels | None:
    """What a model says about its detections, or None if it says nothing."""
    found = [layer for layer in sublayers(model) if isinstance(layer, BoxLabels)]
    return found[0] if found else None
