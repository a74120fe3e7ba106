"""Two faces, one network, one answer: the same person or not; on any backbone of the zoo.

Sources: Bromley et al. 1993 (the two networks that are one); Taigman et al. 2014, DeepFace,
section 4.1 (the weighted difference); deeplearning.ai, Convolutional Neural Networks, week 4:
`sigmoid(sum over k of w_k |f(a)_k - f(b)_k| + bias)`.

`model.get_layer("body")` is f, a model from images to embeddings with the weights of the
whole: what is enrolled is computed once, and `"distance"` compares.

Origins are the backbone's.

Example:
    >>> model = siamese(backbone="vgg_small", input_shape=(64, 64, 1), dimensions=32)
    >>> model.output_shape, model.get_layer("body").output_shape
    ((None, 1), (None, 32))
"""

from collections.abc import Mapping

import keras
from keras import layers

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.layers import LearnedDistance
from dlzoo.models.backbones import body_names, flat_or_pooled
from dlzoo.models.classifier import POOLING, Design, build, head_dtype
from dlzoo.models.embedding import check_normalize, embedded
from dlzoo.models.loading import design_of, load_weights, register
from dlzoo.models.network import Network
from dlzoo.weights import card, list_models
from dlzoo.weights.porting import Top

WHO = "siamese"
BODY, DISTANCE = "body", "distance"
WHY = "the embedding reads every place of the feature map"


def _body(encoder, dimensions, pooling, normalize):
    """The backbone, its vector, and a fully connected layer to the embedding."""

    def wire(image, conventions):
        x = encoder.body(image, conventions)
        x = flat_or_pooled(WHO, x, pooling, WHY)
        # Without a bias, which the difference of two embeddings takes away again.
        x = layers.Dense(dimensions, use_bias=False, dtype=head_dtype(), name="embedding")(x)
        return embedded(x, normalize)

    return wire


def _design(
    backbone="mobilenet_v2",
    backbone_options=None,
    dimensions=128,
    pooling="avg",
    normalize=False,
):
    encoder = design_of(backbone, **(backbone_options or {}))

    def check_shape(who, input_shape, facts):
        encoder.check_shape(who, input_shape, card(backbone))

    return Design(
        name=WHO,
        body=_body(encoder, dimensions, pooling, normalize),
        origins=encoder.origins,
        options={
            "backbone": backbone,
            "backbone_options": dict(backbone_options or {}),
            "dimensions": dimensions,
            "pooling": pooling,
        },
        top=Top(heads=(DISTANCE,)),  # which the body alone has not
        layers=body_names(encoder, ("embedding", DISTANCE)),
        check_shape=check_shape,
        encoder=encoder,
        inner=BODY,
    )


register(WHO, _design)


def siamese(
    weights=None,
    backbone="mobilenet_v2",
    dimensions=128,
    input_shape=None,
    *,
    backbone_options: Mapping | None = None,
    pooling="avg",
    normalize=False,
    activation="sigmoid",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """A siamese network with a learned distance; 2.4 M parameters on MobileNetV2.

    Args:
        weights: None; a name on the card of the backbone (`"imagenet"`) or a file of its
            weights, while the rest stays random; or dlzoo's own file of the whole network.
        backbone: A classification network of the zoo: `"mobilenet_v2"`, `"vgg_small"` ...
        dimensions: Of the embedding.
        input_shape: `(height, width, channels)` of either image; None for (224, 224, 3).
        backbone_options: Arguments of the backbone's builder that change its layers, e.g.
            `{"alpha": 0.35}`.
        pooling: `"avg"` or `"max"` over height and width; or None: the embedding reads the
            whole feature map, which knows where things are (faces are aligned), and the
            sides are fixed.
        normalize: Make embeddings of unit length.
        activation: Of the answer: `"sigmoid"`, or None for logits.
        include_preprocessing: Take raw RGB of 0 to 255.
        origin: One of the backbone's.
        name: Of the model.

    Returns:
        A functional `keras.Model` from two batches of images, `image_a` and `image_b`, each
        `(batch, height, width, channels)`, to the probability that they show the same person,
        `(batch, 1)`, float32. Its layer `"body"` is the embedding model. With weights it has
        a `load_report`.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """
    check_choice(WHO, "backbone", backbone, set(list_models(task="classification")) - {"mlp"})
    check_positive_int(WHO, "dimensions", dimensions)
    check_choice(WHO, "pooling", pooling, (None, *POOLING))
    check_choice(WHO, "activation", activation, ("sigmoid", None))
    check_normalize(WHO, normalize)
    body = build(
        _design(backbone, backbone_options, dimensions, pooling, normalize),
        weights=weights,
        classes=0,
        input_shape=card(WHO).input_shape if input_shape is None else input_shape,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=BODY,
    )
    pair = [keras.Input(body.input_shape[1:], name=f"image_{side}") for side in "ab"]
    compare = LearnedDistance(activation, dtype=head_dtype(), name=DISTANCE)
    model = Network(pair, compare([body(image) for image in pair]), name=name or WHO)
    if weights is not None:  # once more, now that the distance is there, and its report
        model.load_report = load_weights(model, weights)
    return model
