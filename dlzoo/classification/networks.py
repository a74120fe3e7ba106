"""A classifier in two parts: a body from raw RGB to a vector, and a head.

Whatever network comes in (built by dlzoo or by others, flat or nested, with a head of any
size or none) is brought into this form, on a copy: the caller's model stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from dlzoo.layers import ClassLabels, InvertedDropout
from dlzoo.layers.raw_pixels import preprocessing_layer
from dlzoo.models import Network, create_model
from dlzoo.training import seeded
from dlzoo.training.image_models import flat, free_name, origin
from dlzoo.weights import card

HEAD = "head"
AUTO = "auto"

# Layers after or before the head that have nothing to learn.
_AFTER_HEAD = (
    layers.Activation,
    layers.Softmax,
    layers.Reshape,
    layers.Flatten,
    layers.Rescaling,  # a quantity in its own unit
)
_DROPOUT = (layers.Dropout, InvertedDropout)


@dataclass(frozen=True)
class Classifier:
    """A network in the form in which it is trained.

    Attributes:
        name: Of the network.
        body: `(batch, height, width, 3)`, RGB of 0 to 255, to `(batch, features)`.
        head: From features to scores; its activation is linear while it is trained.
        pretrained: Whether the body has learnt something that is worth keeping.
        load_report: What was loaded, if dlzoo did it.
    """

    name: str
    body: keras.Model
    head: layers.Dense
    pretrained: bool
    load_report: Any = None

    @property
    def core(self) -> keras.Model:
        """The body; the head stays in float32."""
        return self.body

    @property
    def on_features(self) -> "Classifier":
        """Vectors are small: the head is trained on them."""
        return self

    @property
    def head_layers(self) -> list[layers.Layer]:
        """The one layer that is trained in every stage."""
        return [self.head]

    def head_scores(self, features: np.ndarray) -> np.ndarray:
        """From features of all examples to scores, by hand: quicker than a network."""
        scores = features @ keras.ops.convert_to_numpy(self.head.kernel)
        bias = self.head.bias
        return scores if bias is None else scores + keras.ops.convert_to_numpy(bias)

    def head_model(self, dropout: float, seed: int) -> keras.Model:
        """From features to scores (logits)."""
        vector = keras.Input(self.body.output.shape[1:], name="features")
        x = layers.Dropout(dropout, seed=seed)(vector) if dropout else vector
        self.head.activation = keras.activations.linear
        return keras.Model(vector, self.head(x), name="head_on_features")

    def whole_model(
        self, augmentation: layers.Layer | None, dropout: float, seed: int
    ) -> keras.Model:
        """From images through augmentation and body to scores (logits)."""
        image = keras.Input(self.body.input.shape[1:], name="image")
        x = image if augmentation is None else augmentation(image)
        x = self.body(x)
        x = layers.Dropout(dropout, seed=seed)(x) if dropout else x
        self.head.activation = keras.activations.linear
        return keras.Model(image, self.head(x), name="training")

    def finished(self, labels: Sequence[str]) -> keras.Model:
        """From raw images to probabilities, with the labels inside."""
        self.head.activation = keras.activations.softmax
        scores = self.head(self.body.output)
        answers = ClassLabels(labels, name="labels")(scores)
        return Network(self.body.input, answers, name=self.name)


def from_zoo(
    name: str, weights: Any, classes: int, size: tuple[int, int], seed: int
) -> Classifier:
    """A network of the zoo; weights `"auto"` are the first on its card, or none."""
    if isinstance(weights, str) and weights == AUTO:
        weights = next(iter(card(name).weights_names), None)
    with seeded(seed):
        model = create_model(
            name,
            weights,
            classes=classes,
            input_shape=(*size, 3),
            # replaced when the head is trained; a softmax of one score is refused
            classifier_activation="softmax" if classes > 1 else "sigmoid",
            include_preprocessing=True,
        )
        report = getattr(model, "load_report", None)
        body, head = _split(model.input, model.output, name, classes)
    return Classifier(name, body, head, weights is not None, report)


def from_model(
    model: keras.Model,
    classes: int,
    size: tuple[int, int],
    preprocessing: Any,
    seed: int,
    *,
    pretrained: bool = True,
) -> Classifier:
    """Any Keras model that takes one image; a copy is used."""
    with seeded(seed):
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        x = image = keras.Input((*size, 3), name="image")
        layer = preprocessing_layer(model, preprocessing)
        if layer is not None:
            x = layer(x)
        body, head = _split(image, flat(copy, x), model.name, classes)
    report = getattr(model, "load_report", None)
    return Classifier(model.name, body, head, pretrained, report)


def _split(image, output, name, classes):
    """The body up to the vector, and the head: the one that is there, if it fits."""
    if isinstance(output, (list, tuple, dict)):
        raise ValueError(
            f"{name}: the model must have one output, scores or features; it has {len(output)}."
        )
    tensor, head = _cut_head(output)
    if len(tensor.shape) == 4:
        tensor = layers.GlobalAveragePooling2D(name=free_name(image, tensor, "pool"))(tensor)
    if len(tensor.shape) != 2:
        raise ValueError(
            f"{name}: the model must end in scores (batch, classes), a vector or a "
            f"feature map (batch, height, width, channels); it ends in {tensor.shape}."
        )
    body = Network(image, tensor, name=name)
    if head is None or head.units != classes:
        # Zeros: the first loss is log(classes), whatever the features are.
        label = free_name(image, tensor, HEAD)
        head = layers.Dense(classes, kernel_initializer="zeros", dtype="float32", name=label)
        head.build(tensor.shape)
    return body, head


def _cut_head(output):
    """The tensor that the model's head takes and the head, or the output and None."""
    tensor = output
    while True:
        layer, source = origin(tensor)
        if isinstance(layer, (*_AFTER_HEAD, *_DROPOUT, ClassLabels)):
            tensor = source
        elif isinstance(layer, keras.Model) and hasattr(layer, "operations"):
            tensor = flat(layer, source)  # a whole classifier inside another model
        else:
            break
    if isinstance(layer, layers.Dense):
        head = layer
    elif isinstance(layer, layers.Conv2D) and tensor is not output:
        head = None  # keras.applications.MobileNet: a 1x1 convolution, then Reshape
    else:
        return output, None
    while isinstance(origin(source)[0], _DROPOUT):
        source = origin(source)[1]
    return source, head
