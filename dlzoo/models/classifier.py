"""From a body to a classifier: what every classification network has around its own idea.

A family's file describes each network by a `Design`; `classifier` turns the function that
wires its body into the public builder, and `build` does the work.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import layers

from dlzoo._checks import check_choice, check_input_shape, check_positive_int
from dlzoo.layers.raw_pixels import scaling_layer
from dlzoo.models import loading
from dlzoo.models.network import BuiltAs, Network
from dlzoo.weights import Card, card
from dlzoo.weights.porting import Top

POOLING = {
    "avg": layers.GlobalAveragePooling2D,
    "max": layers.GlobalMaxPooling2D,
}


def check_image_shape(who, input_shape, facts):
    """`(height, width, channels)`, sides `None` or what the card's smallest one is."""
    check_input_shape(who, input_shape, minimum=facts.minimum_size)


@dataclass(frozen=True)
class Conventions:
    """What an origin does its own way, where the paper leaves a choice or was not followed.

    Attributes as in `dlzoo.layers.ConvBN`; `stride_on` as in the residual blocks.
    """

    padding: str = "symmetric"
    epsilon: float = 1e-5
    momentum: float = 0.9
    use_bias: bool = False
    stride_on: str = "conv"


def average_pool(x, conventions):
    """The usual way from a feature map to the vector that the head sees."""
    return layers.GlobalAveragePooling2D(name="pool")(x)


def head(x, classes, activation, conventions):
    """A fully connected layer named "head"."""
    return layers.Dense(classes, activation=activation, dtype=head_dtype(), name="head")(x)


def head_dtype():
    """Scores are float32 also in mixed precision."""
    compute = keras.config.dtype_policy().compute_dtype
    return "float32" if compute in ("float16", "bfloat16") else None


@dataclass(frozen=True)
class Design:
    """One network, as its family's file describes it.

    Attributes:
        name: Its name in the catalogue of cards.
        body: Wires it: `(image tensor, conventions) -> feature map`.
        origins: Origin to conventions.
        layouts: Layout of a file of weights to the pairs (our layer, their layer).
        options: Arguments that change the layers and choose among the published weights,
            e.g. `alpha`.
        to_vector: `(feature map, conventions) -> vector`, between body and head.
        head: `(vector, classes, activation, conventions) -> scores`.
        top: The layers of `to_vector` and `head` that have weights.
        layers: Our layers with weights, a list a form, where origins differ in them;
            else they are those of the first layout. By origin where its layers tell it.
        flattened: Our fully connected layers that read a feature map: to its sides.
        not_ours: Patterns of layers in published files that are no part of the network.
        layout_origins: Layout to the origins of files in it, where it is not the usual.
        check_shape: `(name, input_shape, card)`: raises where it does not fit.
        network: The class of the model, or `(image, outputs, name) -> model`.
        encoder: A network that this one is built on, whose weights it takes, too, and whose
            images it expects.
        inner: The name of its body inside the whole, where that is a model around a model.
    """

    name: str
    body: Callable[[Any, Conventions], Any]
    origins: Mapping[str, Conventions]
    layouts: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    to_vector: Callable[[Any, Conventions], Any] = average_pool
    head: Callable[[Any, int, Any, Conventions], Any] = head
    top: Top = field(default_factory=Top)
    layers: Sequence[Sequence[str]] | Mapping[str, Sequence[str]] = ()
    flattened: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    not_ours: tuple[str, ...] = ()
    layout_origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    check_shape: Callable[[str, Any, Card], None] = check_image_shape
    network: Callable[..., Network] = Network
    encoder: "Design | None" = None
    inner: str = ""

    @property
    def default_origin(self) -> str:
        """The card's, or the first where an option rules that one out."""
        default = card((self.encoder or self).name).default_origin
        return default if default in self.origins else next(iter(self.origins))


def build(
    design,
    *,
    weights=None,
    classes=1000,
    input_shape=(224, 224, 3),
    pooling=None,
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
):
    """Build a classification network.

    Args:
        design: The network.
        weights: None for random ones; a name on the card (`dlzoo.card`), fetched once;
            the path of a file; or `"hf://organisation/name"`.
        classes: Number of classes, or 0 for the body without a head. With weights whose
            head has another size, the body is loaded and the head stays random.
        input_shape: `(height, width, channels)`; `None` for a side of any size.
        pooling: With `classes=0`: `"avg"` or `"max"` over height and width, or None for
            the feature map.
        classifier_activation: Of the head; None for logits.
        include_preprocessing: Put the weights' own preprocessing inside, as the first
            layer: raw RGB of 0 to 255 in.
        origin: Whose conventions to follow, one of the card's `origins`, e.g. `"keras"` or
            `"torch"`. None means what the weights say, or the card's default without.
        name: Of the model.

    Returns:
        A functional `keras.Model`: `(batch, height, width, channels)` to `(batch,
        classes)`; with `classes=0` to the feature map or `(batch, features)`. With weights
        it has a `load_report`.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the
            weights cannot be had or do not fit.
    """
    facts = card(design.name)
    _check(design, facts, classes, input_shape, pooling, origin, classifier_activation)
    source = None
    preprocessing = None
    if weights is not None:
        source = loading.open_source(design, weights, origin)
        origin, preprocessing = source.origin, source.preprocessing
    origin = origin or design.default_origin
    conventions = design.origins[origin]

    x = image = keras.Input(input_shape, name="image")
    if include_preprocessing:
        seen = card((design.encoder or design).name)
        x = scaling_layer(preprocessing or seen.preprocessing_for(origin))(x)
    x = BuiltAs(design.name, origin, design.options)(x)
    x = design.body(x, conventions)
    if pooling:
        x = POOLING[pooling](name="pool")(x)
    if classes:
        x = design.to_vector(x, conventions)
        x = design.head(x, classes, classifier_activation, conventions)
    model = design.network(image, x, name=name or design.name)
    if source is not None:
        model.load_report = loading.assign(model, source)
    return model


def classifier(design):
    """Decorator: from a documented name to the builder of `design`; arguments as `build`."""
    loading.register(design.name, lambda: design)
    published_shape = card(design.name).input_shape
    published_classes = card(design.name).classes

    def decorate(documented):
        def builder(
            weights=None,
            classes=published_classes,
            input_shape=published_shape,
            *,
            pooling=None,
            classifier_activation="softmax",
            include_preprocessing=False,
            origin=None,
            name=None,
        ) -> keras.Model:
            return build(
                design,
                weights=weights,
                classes=classes,
                input_shape=input_shape,
                pooling=pooling,
                classifier_activation=classifier_activation,
                include_preprocessing=include_preprocessing,
                origin=origin,
                name=name,
            )

        return documented_as(builder, documented)

    return decorate


def documented_as(builder, documented):
    """`builder` under the name and with the words of `documented`."""
    # Without its annotations, which would replace those of the builder.
    names = ("__module__", "__name__", "__qualname__", "__doc__")
    functools.update_wrapper(builder, documented, assigned=names)
    # With this, `help` would show the signature of `documented`.
    del builder.__dict__["__wrapped__"]
    return builder


def _check(design, facts, classes, input_shape, pooling, origin, activation):
    who = design.name
    design.check_shape(who, input_shape, facts)
    check_positive_int(who, "classes", classes, minimum=0)
    if classes == 1 and activation == "softmax":
        raise ValueError(
            f"{who}: classes must be at least 2 with softmax, because a single score "
            f"always becomes 1; got 1. Pass classes=2, or classifier_activation='sigmoid'."
        )
    if origin is not None:
        check_choice(who, "origin", origin, tuple(design.origins))
    if pooling is not None:
        check_choice(who, "pooling", pooling, tuple(POOLING))
        if classes:
            raise ValueError(
                f"{who}: pooling is for classes=0, because a head brings its own average "
                f"pooling; got pooling={pooling!r} with classes={classes}."
            )
