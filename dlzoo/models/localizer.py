"""One object an image: is it there, where is it, what is it; on any backbone of the zoo.

Sources: Sermanet et al. 2013, https://arxiv.org/abs/1312.6229, section 4; deeplearning.ai,
Convolutional Neural Networks, week 3: a vector `(p, x, y, width, height, classes...)`, and
landmarks after it where they are asked for. `dlzoo.losses.LocalizationLoss` is its loss,
`dlzoo.detection.object_vectors` makes its targets, `read_objects` reads its answers.

Origins are the backbone's.

Example:
    >>> model = localizer(classes=3, input_shape=(64, 96, 3))
    >>> model.output_shape   # as in the course: p, box, pedestrian, car, motorcycle
    (None, 8)
"""

from collections.abc import Mapping

import keras
from keras import layers

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.layers import ObjectScores
from dlzoo.models.backbones import body_names, flat_or_pooled
from dlzoo.models.classifier import POOLING, Design, build, head_dtype
from dlzoo.models.loading import design_of, register
from dlzoo.weights import card, list_models

WHO = "localizer"
WHY = "the head reads every place of the feature map"
BEFORE_CLASSES = 5  # p, centre x and y, width, height


def _head(landmarks, activated):
    """A fully connected layer, and probabilities where they are asked for."""

    def build_head(x, classes, activation, conventions):
        dtype = head_dtype()
        numbers = BEFORE_CLASSES + classes + 2 * landmarks
        x = layers.Dense(numbers, dtype=dtype, name="head")(x)
        return ObjectScores(landmarks, dtype=dtype, name="scores")(x) if activated else x

    return build_head


def _design(
    backbone="mobilenet_v2", backbone_options=None, landmarks=0, pooling=None, activated=True
):
    encoder = design_of(backbone, **(backbone_options or {}))

    def check_shape(who, input_shape, facts):
        encoder.check_shape(who, input_shape, card(backbone))

    return Design(
        name=WHO,
        body=encoder.body,
        origins=encoder.origins,
        options={
            "backbone": backbone,
            "backbone_options": dict(backbone_options or {}),
            "landmarks": landmarks,
            "pooling": pooling,
        },
        to_vector=lambda x, conventions: flat_or_pooled(WHO, x, pooling, WHY),
        head=_head(landmarks, activated),
        layers=body_names(encoder, ("head",)),
        check_shape=check_shape,
        encoder=encoder,
    )


register(WHO, _design)


def localizer(
    weights=None,
    classes=3,
    input_shape=None,
    *,
    backbone: str = "mobilenet_v2",
    backbone_options: Mapping | None = None,
    landmarks=0,
    pooling=None,
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """A localiser on a backbone; 2.7 M parameters with MobileNetV2 and three classes.

    Args:
        weights: None; a name on the card of the backbone (`"imagenet"`) or a file of its
            weights, while the head stays random; or dlzoo's own file for the whole network.
        classes: Of objects, without one for "nothing"; 0 for the backbone's body.
        input_shape: `(height, width, channels)`; None for (224, 224, 3).
        backbone: A classification network of the zoo: `"mobilenet_v2"`, `"resnet34"` ...
        backbone_options: Arguments of its builder that change its layers, e.g.
            `{"alpha": 0.5}`.
        landmarks: Points to find beside the box, e.g. the corners of the eyes.
        pooling: None: the head reads the whole feature map, and the sides are fixed.
            `"avg"` or `"max"` over height and width: any sides, less exact boxes.
        classifier_activation: `"softmax"`: probabilities, p by the logistic function; None
            for logits of both.
        origin: One of the backbone's.

    The other arguments are as in `dlzoo.models.build`. The result gives `(batch, 5 +
    classes + 2 * landmarks)`: p; the box's centre x and y, width and height, as fractions
    of the image's sides; the classes; x and y of each landmark.

    Raises:
        ValueError: An argument is not allowed.
    """
    check_choice(WHO, "backbone", backbone, set(list_models(task="classification")) - {"mlp"})
    check_positive_int(WHO, "landmarks", landmarks, minimum=0)
    check_choice(WHO, "classifier_activation", classifier_activation, ("softmax", None))
    check_choice(WHO, "pooling", pooling, (None, *POOLING))
    activated = classifier_activation is not None
    return build(
        _design(backbone, backbone_options, landmarks, pooling, activated),
        weights=weights,
        classes=classes,
        input_shape=card(WHO).input_shape if input_shape is None else input_shape,
        pooling=None if classes else pooling,
        classifier_activation=None,  # the head has its own
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
