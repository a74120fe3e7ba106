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
from keras import layers

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.layers import Proposals, RegionProposalHead, RoIAlign, RoIDetections
from dlzoo.layers.inside import sublayers
from dlzoo.models.backbones import STRIDE, maps_by_stride, own_names, with_stages
from dlzoo.models.classifier import Design, build, head_dtype
from dlzoo.models.loading import design_of, register
from dlzoo.models.pyramid import feature_pyramid, torchvision_names
from dlzoo.models.segmentation_heads import check_multiple, feature_map
from dlzoo.models.taps import tensors_before
from dlzoo.weights import card
from dlzoo.weights.porting import Top

SIZES = (32, 64, 128, 256, 512)  # pixels: the side of the anchors on each level
RATIOS = (0.5, 1.0, 2.0)  # height by width
STRIDES = (4, 8, 16, 32)  # of the levels that boxes are read from
WINDOW = 7  # sides of what is read from a box
HEADS = ("class_scores", "box_steps")
FIRST_STAGE = (("hidden", "conv"), ("objectness", "cls_logits"), ("steps", "bbox_pred"))


def two_stages(image, conventions, encoder, options):
    """Wire the body: `image` to the proposals and a vector for each of them."""
    found = maps_by_stride("faster_rcnn", encoder.name, encoder.body(image, conventions))
    levels = feature_pyramid([found[stride] for stride in STRIDES], options["channels"])
    head = RegionProposalHead(options["sizes"], options["ratios"], name="rpn")
    predicted = head([image, *levels])
    proposals = Proposals(options["proposals"], options["candidates"], name="proposals")
    boxes = proposals([image, *predicted])
    x = RoIAlign(WINDOW, STRIDES, name="roi_align")([boxes, *levels[: len(STRIDES)]])
    x = layers.Reshape((-1, WINDOW**2 * options["channels"]), name="flatten")(x)
    for name in ("fc6", "fc7"):
        x = layers.Dense(options["hidden"], activation="relu", name=name)(x)
    return {"proposals": boxes, "features": x}


def _head(options):
    def build_head(x, classes, activation, conventions):
        inside = {"dtype": head_dtype()}
        boxes, features = x["proposals"], x["features"]
        # Girshick 2015, section 2.3: Gaussians of standard deviation 0.01 and 0.001
        logits, steps = (
            layers.Dense(
                numbers * (1 + classes),
                kernel_initializer=keras.initializers.RandomNormal(stddev=spread),
                name=name,
                **inside,
            )(features)
            for name, numbers, spread in zip(HEADS, (1, 4), (0.01, 0.001), strict=True)
        )
        image = tensors_before(boxes)["image"]
        limits = {key: options[key] for key in ("score_threshold", "iou_threshold", "most")}
        return RoIDetections(**limits, name="detections")([image, boxes, logits, steps])

    return build_head


def _layouts(encoder):
    """Our layers and torchvision's, as they are called now, and as they were."""
    inside = own_names(encoder, "torchvision")
    for layout, old in (("torchvision", False), ("torchvision-0.12", True)):
        pairs = [(ours, f"backbone.body.{theirs}") for ours, theirs in inside]
        pairs += torchvision_names(len(STRIDES), "backbone.fpn", old)
        for ours, theirs in FIRST_STAGE:
            theirs += ".0.0" if theirs == "conv" and not old else ""
            pairs.append((f"rpn/{ours}", f"rpn.head.{theirs}"))
        pairs += [(name, f"roi_heads.box_head.{name}") for name in ("fc6", "fc7")]
        last = zip(HEADS, ("cls_score", "bbox_pred"), strict=True)
        pairs += [(ours, f"roi_heads.box_predictor.{theirs}") for ours, theirs in last]
        yield layout, pairs


def _origins(encoder):
    """The backbone's; torchvision's detector was trained with epsilon 0."""
    origins = dict(encoder.origins)
    if encoder.name.startswith("resnet") and "torch" in origins:
        origins["torch"] = dataclasses.replace(origins["torch"], epsilon=0.0)
    return origins


def _design(backbone="resnet50", backbone_options=None, **options):
    encoder = design_of(backbone, **(backbone_options or {}))
    layouts = dict(_layouts(encoder))
    options = _DEFAULTS | options
    return Design(
        name="faster_rcnn",
        body=lambda image, conventions: two_stages(image, conventions, encoder, options),
        origins=_origins(encoder),
        layouts=layouts,
        options={
            "backbone": backbone,
            "backbone_options": dict(backbone_options or {}),
            **options,
        },
        to_vector=feature_map,
        head=_head(options),
        top=Top(heads=HEADS),
        layers=[[ours for ours, _ in layouts["torchvision"]]],
        flattened={"fc6": (WINDOW, WINDOW)},
        encoder=encoder,
    )


_DEFAULTS = {
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
    sizes: Sequence = SIZES,
    ratios: Sequence[float] = RATIOS,
    channels=256,
    hidden=1024,
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
        sizes: Side of the anchors on each of the five levels, in pixels of the input; a
            number or several for a level. Small objects want small ones.
        ratios: Height by width of the anchors.
        channels, hidden: Of the pyramid, and of the two fully connected layers.
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
    for word, number in (("channels", channels), ("hidden", hidden)):
        check_positive_int(who, word, number)
    if len(sizes) != 1 + len(STRIDES):
        raise ValueError(
            f"{who}: sizes must be given for {1 + len(STRIDES)} levels, because the pyramid "
            f"has so many; got {sizes!r}."
        )
    if input_shape is None:
        input_shape = card(who).input_shape
    check_multiple(who, input_shape, STRIDE, "so that the levels of the pyramid line up")
    design = _design(
        backbone,
        backbone_options,
        sizes=_plain(sizes),
        ratios=_plain(ratios),
        channels=channels,
        hidden=hidden,
        proposals=proposals,
        candidates=candidates,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        most=most,
    )
    if origin is None and weights is None and backbone == "resnet50":
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


def _plain(values):
    """Lists of numbers, which a saved model keeps as they are."""
    return [_plain(v) if isinstance(v, Sequence) else v for v in values]


def freeze_normalization(model):
    """Batch normalisation as it was learnt: an image or two a step are no statistics."""
    for layer in sublayers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return model
