"""The names of the answers, kept inside the model so that they cannot get lost."""

import keras

from dlzoo._checks import check_choice
from dlzoo.layers.inside import sublayers

KINDS = ("multiclass", "multilabel", "binary", "regression")
_ONE_SCORE = {"binary": 2, "regression": 0}  # and so many labels


@keras.saving.register_keras_serializable("dlzoo")
class ClassLabels(keras.layers.Layer):
    """Passes scores through unchanged and says what they are: which names, which kind.

    Args:
        labels: For `"multiclass"` (probabilities of which one holds) and `"multilabel"`
            (of each by itself): one name a score. For `"binary"`: the names of no and yes,
            whose probability is the only score. For `"regression"`: none.
        kind: One of these.
        target: What is answered, where a model answers several questions.

    Input and output: `(batch, scores)`.

    Example:
        >>> ClassLabels(["cat", "dog"]).labels
        ('cat', 'dog')
        >>> ClassLabels(["dry", "wet"], "binary", "weather").kind
        'binary'
    """

    def __init__(self, labels, kind="multiclass", target=None, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        check_choice(self.name, "kind", kind, KINDS)
        self.labels = tuple(labels)
        self.kind = kind
        self.target = target

    def build(self, input_shape):
        scores = input_shape[-1]
        if self.kind in _ONE_SCORE:
            names, wanted = _ONE_SCORE[self.kind], 1
            if scores != wanted or len(self.labels) != names:
                raise ValueError(
                    f"{self.name}: there must be one score and {names} labels, because the "
                    f"kind is {self.kind!r}; got {scores} scores and {len(self.labels)} labels."
                )
        elif scores != len(self.labels):
            raise ValueError(
                f"{self.name}: there must be one label a score; got {len(self.labels)} "
                f"labels for {scores} scores."
            )

    def call(self, scores):
        return scores

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {"labels": self.labels, "kind": self.kind, "target": self.target}
        return super().get_config() | own


def labels_inside(model: keras.Model) -> list[ClassLabels]:
    """What a model carries of them, however deep inside.

    Example:
        >>> scores = keras.Input((2,))
        >>> model = keras.Model(scores, ClassLabels(["cat", "dog"])(scores))
        >>> [layer.labels for layer in labels_inside(model)]
        [('cat', 'dog')]
    """
    return [layer for layer in sublayers(model) if isinstance(layer, ClassLabels)]
