"""Fast R-CNN: one pass over the image, then what is in each of the boxes proposed for it.

Source: Girshick 2015, https://arxiv.org/abs/1504.08083, section 2: VGG-16 up to its last
convolution, RoI pooling in the place of the last max pooling, VGG's own two fully connected
layers, and two more for the class and the box. Where something might be comes from outside,
e.g. from `dlzoo.detection.selective_search`.

Origins are the backbone's.

Example:
    >>> model = fast_rcnn(classes=3, input_shape=(96, 64, 3), backbone="vgg_small", hidden=32)
    >>> {name: tensor.shape for name, tensor in model.input.items()}
    {'image': (None, 96, 64, 3), 'proposals': (None, None, 4)}
    >>> model.output["boxes"].shape
    (None, 100, 4)
"""

from collections.abc import Mapping

import keras

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.models.backbones import STRIDE, with_stages
from dlzoo.models.classifier import Design, build
from dlzoo.models.loading import design_of, register
from dlzoo.models.network import Network
from dlzoo.models.regions import (
    HEADS,
    ON_MAP,
    WINDOW,
    detecting_head,
    freeze_normalization,
    on_one_map,
    own_layers,
    taking_hidden,
)
from dlzoo.models.segmentation_heads import check_multiple, feature_map
from dlzoo.models.taps import tensors_before
from dlzoo.models.vgg import HIDDEN
from dlzoo.weights import card
from dlzoo.weights.porting import Top

PROPOSALS = "proposals"


def on_proposals(image, conventions, encoder, options):
    """Wire the body: `image` and the second input to a vector for each proposal."""
    boxes = keras.Input((options[PROPOSALS], 4), name=PROPOSALS, dtype="float32")
    return on_one_map("fast_rcnn", image, conventions, encoder, options, boxes)


def _network(image, outputs, name):
    """The model of both inputs."""
    end = outputs["features" if "features" in outputs else "boxes"]
    boxes = tensors_before(end)[PROPOSALS]
    return Network({"image": image, PROPOSALS: boxes}, outputs, name=name)


def _design(backbone="vgg16", backbone_options=None, **options):
    options = _DEFAULTS | options
    encoder = design_of(backbone, **(backbone_options or {}))
    encoder = taking_hidden(encoder, options["hidden"])
    return Design(
        name="fast_rcnn",
        body=lambda image, conventions: on_proposals(image, conventions, encoder, options),
        origins=encoder.origins,
        options={
            "backbone": backbone,
            "backbone_options": dict(backbone_options or {}),
            **options,
        },
        to_vector=feature_map,
        head=detecting_head(options),
        top=Top(heads=HEADS),
        layers=[own_layers(encoder, proposing=False)],
        flattened={ON_MAP[0]: (WINDOW, WINDOW)},
        network=_network,
        encoder=encoder,
    )


_DEFAULTS = {
    "hidden": HIDDEN,
    PROPOSALS: None,
    "score_threshold": 0.05,
    "iou_threshold": 0.3,
    "most": 100,
}
register("fast_rcnn", _design)


def fast_rcnn(
    weights=None,
    classes=20,
    input_shape=None,
    *,
    backbone: str = "vgg16",
    backbone_options: Mapping | None = None,
    hidden=HIDDEN,
    proposals=None,
    score_threshold=0.05,
    iou_threshold=0.3,
    most=100,
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """Fast R-CNN on VGG-16; 134.7 M parameters with 20 classes.

    Args:
        weights: None; a file of the whole network, dlzoo's own; or a name on the card of the
            backbone (`"imagenet"`) or a file of its weights, while the last two layers stay
            random. Of VGG with its head, the two fully connected layers are loaded, too.
        classes: Without the background; 0 for the vector of each proposal.
        input_shape: `(height, width, channels)`; fixed sides are multiples of 32; `None` for
            a side of any size. None alone for (608, 608, 3); the paper brings the shorter
            side to 600.
        backbone: A classification network of the zoo whose stages halve the image five
            times; boxes are read from its last map of stride 16.
        backbone_options: Arguments of its builder that change its layers, e.g.
            `{"batch_norm": True}`.
        hidden: Units of the two fully connected layers; fewer than VGG's 4096 start random.
        proposals: Boxes an image, or None for as many as come.
        score_threshold, iou_threshold, most: Detections have a probability above the first;
            of those of a class with a larger IoU the best stays; at most so many an image.
        origin: One of the backbone's.

    The other arguments are as in `dlzoo.models.build`. Batch normalisation is frozen. The
    model takes a dict of `image (batch, height, width, channels)` and `proposals (batch, n,
    4)`, corners in pixels of the image; rows of zeros are none. It gives a dict of `boxes
    (batch, most, 4)` in pixels, `scores (batch, most)`, `classes (batch, most)` int32 and
    `count (batch,)`, the best first; boxes and scores are 0 and classes -1 from the count on.
    To train it, see `dlzoo.detection.train_fast_rcnn`; `dlzoo.detection.detect` asks it about
    images.
    """
    who = "fast_rcnn"
    check_choice(who, "backbone", backbone, with_stages())
    check_positive_int(who, "hidden", hidden)
    if proposals is not None:
        check_positive_int(who, PROPOSALS, proposals)
    if input_shape is None:
        input_shape = card(who).input_shape
    check_multiple(who, input_shape, STRIDE, "so that the maps of the backbone line up")
    design = _design(
        backbone,
        backbone_options,
        hidden=hidden,
        proposals=proposals,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        most=most,
    )
    model = build(
        design,
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        classifier_activation=None,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
    return freeze_normalization(model)
