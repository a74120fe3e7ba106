"""A segmenter in the form in which it is trained: encoder, decoder, scores of pixels.

Whatever network comes in is brought into this form, on a copy: the caller's model stays as
it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from dlzoo.layers import BilinearUpsampling2D, InvertedDropout
from dlzoo.layers.pixel_labels import PixelLabels
from dlzoo.layers.raw_pixels import preprocessing_layer
from dlzoo.models import Network, create_model
from dlzoo.training import seeded
from dlzoo.training.image_models import (
    encoder_part,
    first_weights,
    flat,
    free_name,
    origin,
)

HEAD = "head"

# Layers after the scores that have nothing to learn; those that change their size stay.
_ANSWERS = (layers.Activation, layers.Softmax, PixelLabels)
_SIZES = (layers.UpSampling2D, BilinearUpsampling2D, layers.Resizing, layers.Cropping2D)
_DROPOUT = (layers.Dropout, layers.SpatialDropout2D, InvertedDropout)


@dataclass(frozen=True)
class Segmenter:
    """A network in the form in which it is trained.

    Attributes:
        name: Of the network.
        scores: `(batch, height, width, channels)`, raw pixels of 0 to 255, to logits.
        core: The part of it before the last convolution.
        body: The encoder, a part of `core`; all of it where no such part is known.
        pretrained: Whether the body has learnt something that is worth keeping.
        load_report: What was loaded, if dlzoo did it.
    """

    name: str
    scores: keras.Model
    core: keras.Model
    body: keras.Model
    pretrained: bool
    load_report: Any = None

    @property
    def head_layers(self) -> list[layers.Layer]:
        """The decoder and what makes scores of it."""
        encoder = {id(layer) for layer in self.body.layers}
        return [layer for layer in self.scores.layers if id(layer) not in encoder]

    @property
    def on_features(self) -> None:
        """Features at all resolutions are too large to be kept, and the decoder learns more
        from augmented images."""
        return None

    def whole_model(
        self, augmentation: layers.Layer | None, dropout: float, seed: int
    ) -> keras.Model:
        """From images to scores (logits)."""
        image = keras.Input(self.scores.input.shape[1:], name="image")
        x = image if augmentation is None else augmentation(image)
        return keras.Model(image, self.scores(x), name="training")

    def finished(
        self, labels: Sequence[str], palette: Any, resized: tuple[int, int] | None
    ) -> keras.Model:
        """From raw images to probabilities, with names and colours inside."""
        x = flat(self.scores, self.scores.input)  # in the precision that layers have now
        x = layers.Softmax(dtype="float32", name="probabilities")(x)
        answers = PixelLabels(labels, palette, resized, name="labels")(x)
        return Network(self.scores.input, answers, name=self.name)


def from_zoo(
    name: str, weights: Any, classes: int, seed: int, options: Mapping[str, Any]
) -> Segmenter:
    """A network of the zoo.

    Args:
        name: Of the network.
        weights: `"auto"` are the first on its card or on that of its backbone, or none.
        classes: Number of scores.
        seed: Of what is random.
        options: Of the builder.
    """
    weights = first_weights(name, weights, options)
    settings = {"input_shape": (None, None, 3)} | dict(options)
    with seeded(seed):
        model = create_model(
            name,
            weights,
            classes=classes,
            classifier_activation=None,
            include_preprocessing=True,
            **settings,
        )
    return _taken(model.input, model.output, model, classes, weights is not None, seed)


def from_model(
    model: keras.Model, classes: int, preprocessing: Any, seed: int, *, pretrained: bool = True
) -> Segmenter:
    """Any Keras model from one image to a map of scores or features; a copy is used."""
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] not in (1, 3):
        raise ValueError(
            f"{model.name}: the model must take images (batch, height, width, 1 or 3); its "
            f"input shape is {shape}."
        )
    with seeded(seed):
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        x = image = keras.Input(shape[1:], name="image")
        layer = preprocessing_layer(model, preprocessing)
        if layer is not None:
            x = layer(x)
        return _taken(image, flat(copy, x), model, classes, pretrained, seed)


def _taken(image, output, model, classes, pretrained, seed):
    """The parts of a graph from `image` to `output`, which ends in so many scores."""
    name = model.name
    features, head, after = _parted(output)
    if len(features.shape) != 4:
        raise ValueError(
            f"{name}: the model must end in a map (batch, height, width, channels) for "
            f"segmentation; it ends in {features.shape}."
        )
    if head is None or head.filters != classes:
        size = 1 if head is None else head.kernel_size
        label = free_name(image, features, HEAD)
        with seeded(seed):
            head = layers.Conv2D(classes, size, padding="same", dtype="float32", name=label)
    head.activation = keras.activations.linear
    x = head(features)
    for layer in after:
        x = layer(x)
    core = Network(image, features, name=f"{name}_core")
    body = encoder_part(core) if pretrained else core
    report = getattr(model, "load_report", None)
    return Segmenter(name, Network(image, x, name=name), core, body, pretrained, report)


def _parted(output):
    """Features, the convolution that makes scores of them (or None), what enlarges these."""
    after: list[layers.Layer] = []
    tensor = output
    layer, source = origin(tensor)
    while isinstance(layer, (*_ANSWERS, *_SIZES)):
        if isinstance(layer, _SIZES):
            after.insert(0, layer)
        tensor = source
        layer, source = origin(tensor)
    answers = layer.name == HEAD or tensor is not output or _ends_in_scores(layer)
    if not (isinstance(layer, layers.Conv2D) and answers):
        return output, None, []
    while isinstance(origin(source)[0], _DROPOUT):
        source = origin(source)[1]
    return source, layer, after


def _ends_in_scores(layer):
    """Whether a last convolution looks as if it made scores, not features."""
    if not isinstance(layer, layers.Conv2D):
        return False
    return set(layer.kernel_size) == {1} or layer.activation is keras.activations.softmax
