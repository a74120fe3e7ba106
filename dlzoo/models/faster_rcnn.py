"""Faster R-CNN: a network proposes boxes, a second one says what is in them.

Sources: Ren et al. 2015, https://arxiv.org/abs/1506.01497; on a feature pyramid: Lin et al.
2017, https://arxiv.org/abs/1612.03144. With `backbone="resnet50"` and `origin="torch"` it is
torchvision's `fasterrcnn_resnet50_fpn`, whose published weights load.

Origins are the backbone's. Under `"torch"` a ResNet's batch normalisation adds no epsilon to
the variance, as in the published weights.

Example:
    >>> model = faster_rcnn(classes=3, input_shape=(96, 64, 3), backbone="mobilenet_v2",
    ...                     proposals=20)
    >>> {name: tensor.shape for name, tensor in model.output.items()}["boxes"]
    (None, 100, 4)
"""

import dataclasses
from collections.abc import Mapping, Sequence

import keras

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.models.backbones import STRIDE, with_stages
from dlzoo.models.classifier import Design, build
from dlzoo.models.loading import design_of, register
from dlzoo.models.regions import (
    HEADS,
    ON_MAP,
    ON_PYRAMID,
    STRIDES,
    WINDOW,
    detecting_head,
    freeze_normalization,
    on_one_map,
    on_pyramid,
    own_layers,
    taking_hidden,
    torchvision_layouts,
)
from dlzoo.models.segmentation_heads import check_multiple, feature_map
from dlzoo.weights import card
from dlzoo.weights.porting import Top

SIZES = (32, 64, 128, 256, 512)  # pixels: the side of the anchors on each level
SIZES_ON_MAP = ((128, 256, 512),)  # the paper's (section 3.3)
RATIOS = (0.5, 1.0, 2.0)  # height by width
UNITS = {True: 1024, False: 4096}  # of the fully connected layers, by whether on a pyramid


def _origins(encoder):
    """The backbone's; torchvision's detector was trained with epsilon 0."""
    origins = dict(encoder.origins)
    if encoder.name.startswith("resnet") and "torch" in origins:
        origins["torch"] = dataclasses.replace(origins["torch"], epsilon=0.0)
    return origins


def _design(backbone="resnet50", backbone_options=None, **options):
    options = _DEFAULTS | options
    encoder = design_of(backbone, **(backbone_options or {}))
    if options["pyramid"]:
        wire, first, origins = on_pyramid, ON_PYRAMID[0], _origins(encoder)
        layouts = dict(torchvision_layouts(encoder))
        names = [ours for ours, _ in layouts["torchvision"]]
    else:  # nothing is published that we read but the backbones
        encoder = taking_hidden(encoder, options["hidden"])
        wire, first, origins, layouts = on_one_map, ON_MAP[0], encoder.origins, {}
        names = own_layers(encoder)
    return Design(
        name="faster_rcnn",
        body=lambda image, conventions: wire(
            "faster_rcnn", image, conventions, encoder, options
        ),
        origins=origins,
        layouts=layouts,
        options={
            "backbone": backbone,
            "backbone_options": dict(backbone_options or {}),
            **options,
        },
        to_vector=feature_map,
        head=detecting_head(options),
        top=Top(heads=HEADS),
        layers=[names],
        flattened={first: (WINDOW, WINDOW)},
        encoder=encoder,
    )


_DEFAULTS = {
    "pyramid": True,
    "sizes": SIZES,
    "ratios": RATIOS,
    "channels": 256,
    "hidden": 1024,
    "proposals": 1000,
    "candidates": 1000,
    "score_threshold": 0.05,
    "iou_threshold": 0.5,
    "most": 100,
}
register("faster_rcnn", _design)


def faster_rcnn(
    weights=None,
    classes=90,
    input_shape=None,
    *,
    backbone: str = "resnet50",
    backbone_options: Mapping | None = None,
    pyramid=True,
    sizes: Sequence | None = None,
    ratios: Sequence[float] = RATIOS,
    channels=256,
    hidden=None,
    proposals=1000,
    candidates=1000,
    score_threshold=0.05,
    iou_threshold=0.5,
    most=100,
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """Faster R-CNN on a feature pyramid; 41.8 M parameters with ResNet-50 and 90 classes.

    Args:
        weights: None; `"coco"` or a file of the whole network: dlzoo's own or torchvision's;
            or a name on the card of the backbone (`"imagenet"`) or a file of its weights,
            while the rest stays random.
        classes: Without the background; 0 for proposals and the vector of each.
        input_shape: `(height, width, channels)`; fixed sides are multiples of 32, as
            torchvision pads them; `None` for a side of any size. None alone for
            (800, 800, 3).
        backbone: A classification network of the zoo whose stages halve the image five
            times: `"resnet50"`, `"mobilenet_v2"` ...
        backbone_options: Arguments of its builder that change its layers, e.g.
            `{"alpha": 0.5}`.
        pyramid: False reads boxes from the map of stride 16 alone by `RoIPool`, as the paper
            does: with `backbone="vgg16"` it is its network, and VGG's fully connected layers
            bring their weights, too.
        sizes: Side of the anchors on each of the five levels, in pixels of the input; a
            number or several for a level. Small objects want small ones. Without a pyramid
            those on the one map, e.g. `(128, 256, 512)`, which None is.
        ratios: Height by width of the anchors.
        channels, hidden: Of the pyramid, and of the two fully connected layers: 1024, or
            4096 without a pyramid.
        proposals, candidates: Boxes that the first stage proposes, and how many of each
            level it looks at. A few hundred are several times as fast on a CPU.
        score_threshold, iou_threshold, most: Detections have a probability above the first;
            of those of a class with a larger IoU the best stays; at most so many an image.
        origin: One of the backbone's; `"torch"` without weights on ResNet-50.

    The other arguments are as in `dlzoo.models.build`. Batch normalisation is frozen. The
    result gives a dict of `boxes (batch, most, 4)` in pixels of the input, `scores (batch,
    most)`, `classes (batch, most)` int32 and `count (batch,)`, the best first; boxes and
    scores are 0 and classes -1 from the count on. To train it, see
    `dlzoo.detection.training_network`.
    """
    who = "faster_rcnn"
    check_choice(who, "backbone", backbone, with_stages())
    check_choice(who, "pyramid", pyramid, (True, False))
    hidden = UNITS[bool(pyramid)] if hidden is None else hidden
    for word, number in (("channels", channels), ("hidden", hidden)):
        check_positive_int(who, word, number)
    if input_shape is None:
        input_shape = card(who).input_shape
    check_multiple(who, input_shape, STRIDE, "so that the levels of the pyramid line up")
    design = _design(
        backbone,
        backbone_options,
        pyramid=bool(pyramid),
        sizes=_sizes(sizes, pyramid),
        ratios=_plain(ratios),
        channels=channels,
        hidden=hidden,
        proposals=proposals,
        candidates=candidates,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        most=most,
    )
    if origin is None and weights is None and backbone == "resnet50" and pyramid:
        origin = "torch"
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


def _sizes(sizes, pyramid):
    """Sides of the anchors, one or several a map."""
    if sizes is None:
        sizes = SIZES if pyramid else SIZES_ON_MAP
    elif not pyramid and not any(isinstance(each, Sequence) for each in sizes):
        sizes = (sizes,)
    levels = 1 + len(STRIDES) if pyramid else 1
    if len(sizes) != levels:
        raise ValueError(
            f"faster_rcnn: sizes must be given for {levels} level{'s' if pyramid else ''}, "
            f"because the network has so many; got {sizes!r}."
        )
    return _plain(sizes)


def _plain(values):
    """Lists of numbers, which a saved model keeps as they are."""
    return [_plain(v) if isinstance(v, Sequence) else v for v in values]
