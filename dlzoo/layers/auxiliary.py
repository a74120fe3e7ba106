"""Auxiliary classifiers: heads in the middle of a network that help it to train.

Source: Szegedy et al. 2014, https://arxiv.org/abs/1409.4842, section 5.
"""

from types import SimpleNamespace

import keras
from keras import layers

from dlzoo._checks import check_between
from dlzoo.layers.adaptive_average_pooling import AdaptiveAveragePooling2D
from dlzoo.layers.inception import convolution

WINDOW, STEP = 5, 3  # of the paper's average pooling: 14x14 to 4x4


@keras.saving.register_keras_serializable("dlzoo")
class AuxiliaryHead(layers.Layer):
    """Average pooling, 1x1 convolution, fully connected layer, dropout, scores.

    Args:
        classes: Number of scores.
        activation: Of the scores; None for logits.
        grid: Cells a side that the input is pooled to (torchvision: 4); None for the
            paper's windows of 5x5 in steps of 3, for images of one size.
        batch_norm, epsilon, momentum: As in `InceptionModule`.
        filters, hidden: Channels of the convolution, units of the hidden layer.
        dropout: Fraction of the hidden units that is dropped in training.

    Input:  `(batch, height, width, channels)`.
    Output: `(batch, classes)`, float32 also under mixed precision.

    Raises:
        ValueError: Without `grid`, a side of the input is unknown or smaller than 5.

    Example:
        >>> AuxiliaryHead(10).compute_output_shape((1, 14, 14, 512))
        (1, 10)
    """

    def __init__(
        self,
        classes,
        activation=None,
        *,
        grid=None,
        batch_norm=False,
        epsilon=1e-3,
        momentum=0.9,
        filters=128,
        hidden=1024,
        dropout=0.7,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.settings = {
            "classes": classes,
            "activation": activation,
            "grid": grid,
            "batch_norm": batch_norm,
            "epsilon": epsilon,
            "momentum": momentum,
            "filters": filters,
            "hidden": hidden,
            "dropout": dropout,
        }
        self.classes = classes
        self.grid = grid
        self.batch_norm = batch_norm
        kind = {"dtype": self.dtype_policy}
        self.pool = (
            AdaptiveAveragePooling2D(grid, name="pool", **kind)
            if grid
            else layers.AveragePooling2D(WINDOW, strides=STEP, name="pool", **kind)
        )
        norm = {"batch_norm": batch_norm, "epsilon": epsilon, "momentum": momentum}
        self.conv = convolution(filters, 1, name="conv", **norm, **kind)
        self.flatten = layers.Flatten(name="flatten", **kind)
        self.hidden = layers.Dense(hidden, activation="relu", name="hidden", **kind)
        self.drop = layers.Dropout(dropout, name="dropout", **kind)
        half = self.compute_dtype in ("float16", "bfloat16")
        self.head = layers.Dense(
            classes,
            activation=activation,
            name="head",
            dtype="float32" if half else self.dtype_policy,
        )

    def build(self, input_shape):
        if not self.grid and any(side is None or side < WINDOW for side in input_shape[1:3]):
            raise ValueError(
                f"{self.name}: height and width must be known and at least {WINDOW}, because "
                f"the paper's head pools windows of {WINDOW}x{WINDOW} and reads all that is "
                f"left; got {tuple(input_shape)}. Pass larger images, or grid=4."
            )
        shape = self.pool.compute_output_shape(input_shape)
        for layer in (self.conv, self.flatten, self.hidden, self.drop, self.head):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, x, training=None):
        x = self.pool(x)
        x = self.conv(x, training=training) if self.batch_norm else self.conv(x)
        x = self.hidden(self.flatten(x))
        return self.head(self.drop(x, training=training))

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.classes

    def get_config(self):
        return super().get_config() | self.settings


@keras.saving.register_keras_serializable("dlzoo")
class AuxiliaryOutputs(layers.Layer):
    """Passes the first of its inputs on, and keeps the others for the loss of a step.

    So a network has one output, and its auxiliary heads are part of it all the same: saved,
    counted, trained. `dlzoo.models.AuxiliaryNetwork` adds their losses.

    Args:
        weight: Of the loss of each auxiliary output; the paper's is 0.3.

    Input:  A list: scores `(batch, classes)`, then auxiliary scores of the same shape.
    Output: The first of them.

    Example:
        >>> scores, other = keras.ops.ones((1, 2)), keras.ops.zeros((1, 2))
        >>> bool(keras.ops.all(AuxiliaryOutputs()([scores, other]) == scores))
        True
    """

    def __init__(self, weight=0.3, **kwargs):
        super().__init__(**kwargs)
        check_between(type(self).__name__, "weight", weight, 0, 1e6)
        self.weight = weight
        self._kept = SimpleNamespace(outputs=())  # Keras would track a list

    def build(self, input_shape):
        pass

    def call(self, inputs, training=None):
        first, *others = inputs
        self._kept.outputs = tuple(others) if training else ()
        return first

    def take(self):
        """The auxiliary outputs of the training step that runs now; once."""
        outputs, self._kept.outputs = self._kept.outputs, ()
        return outputs

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return super().get_config() | {"weight": self.weight}
