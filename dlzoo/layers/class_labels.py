"""The names of the classes, kept inside the model so that they cannot get lost."""

import keras


@keras.saving.register_keras_serializable("dlzoo")
class ClassLabels(keras.layers.Layer):
    """Passes scores through unchanged and carries the name of each.

    Args:
        labels: One name a class, in the order of the scores.

    Input and output: `(batch, len(labels))`.

    Example:
        >>> ClassLabels(["cat", "dog"]).labels
        ('cat', 'dog')
    """

    def __init__(self, labels, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.labels = tuple(labels)

    def build(self, input_shape):
        if input_shape[-1] != len(self.labels):
            raise ValueError(
                f"{self.name}: there must be one label a score; got {len(self.labels)} "
                f"labels for {input_shape[-1]} scores."
            )

    def call(self, scores):
        return scores

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"labels": self.labels}
