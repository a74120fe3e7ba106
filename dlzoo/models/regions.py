"""What detectors of two stages have in common: from a backbone's maps to detections."""

import dataclasses

import keras
from keras import layers

from dlzoo.layers import Proposals, RegionProposalHead, RoIAlign, RoIDetections, RoIPool
from dlzoo.layers.inside import sublayers
from dlzoo.models.backbones import maps_by_stride, own_names
from dlzoo.models.classifier import head_dtype
from dlzoo.models.pyramid import feature_pyramid, torchvision_names
from dlzoo.models.taps import tensors_before
from dlzoo.models.vgg import HIDDEN

WINDOW = 7  # sides of what is read from a box
STRIDES = (4, 8, 16, 32)  # of the levels that boxes are read from
ONE_STRIDE = 16  # of the map, where there is no pyramid
FIRST_STAGE = (("hidden", "conv"), ("objectness", "cls_logits"), ("steps", "bbox_pred"))
HEADS = ("class_scores", "box_steps")
ON_PYRAMID = ("fc6", "fc7")  # torchvision's names
ON_MAP = ("fc1", "fc2")  # those of our VGG, whose weights they take; the papers' fc6 and fc7


def on_pyramid(who, image, conventions, encoder, options):
    """Wire the body: `image` to the proposals and a vector for each of them."""
    found = maps_by_stride(who, encoder.name, encoder.body(image, conventions))
    levels = feature_pyramid([found[stride] for stride in STRIDES], options["channels"])
    boxes = _proposals(image, levels, options)
    x = RoIAlign(WINDOW, STRIDES, name="roi_align")([boxes, *levels[: len(STRIDES)]])
    return {"proposals": boxes, "features": _vectors(x, options["hidden"], ON_PYRAMID)}


def on_one_map(who, image, conventions, encoder, options, boxes=None):
    """The same from the map of stride 16 alone, of `boxes` or of what the network proposes."""
    found = maps_by_stride(who, encoder.name, encoder.body(image, conventions))[ONE_STRIDE]
    if boxes is None:
        boxes = _proposals(image, [found], options)
    x = RoIPool(WINDOW, ONE_STRIDE, name="roi_pool")([boxes, found])
    # half of the units are silent in training, as in VGG, where the layers come from
    x = _vectors(x, options["hidden"], ON_MAP, dropout=0.5)
    return {"proposals": boxes, "features": x}


def _proposals(image, maps, options):
    head = RegionProposalHead(options["sizes"], options["ratios"], name="rpn")
    proposed = Proposals(options["proposals"], options["candidates"], name="proposals")
    return proposed([image, *head([image, *maps])])


def _vectors(x, units, names, dropout=0.0):
    """What was read from each box as a vector, `(batch, n, units)`."""
    x = layers.Reshape((-1, WINDOW**2 * x.shape[-1]), name="flatten")(x)
    for name in names:
        x = layers.Dense(units, activation="relu", name=name)(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return x


def detecting_head(options):
    """The head of a `Design`: classes, boxes and suppression, with the limits of `options`."""

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
        image = tensors_before(features)["image"]
        limits = {key: options[key] for key in ("score_threshold", "iou_threshold", "most")}
        return RoIDetections(**limits, name="detections")([image, boxes, logits, steps])

    return build_head


def torchvision_layouts(encoder):
    """On a pyramid: our layers and torchvision's, as they are called now, and as they were."""
    inside = own_names(encoder, "torchvision")
    for layout, old in (("torchvision", False), ("torchvision-0.12", True)):
        pairs = [(ours, f"backbone.body.{theirs}") for ours, theirs in inside]
        pairs += torchvision_names(len(STRIDES), "backbone.fpn", old)
        for ours, theirs in FIRST_STAGE:
            theirs += ".0.0" if theirs == "conv" and not old else ""
            pairs.append((f"rpn/{ours}", f"rpn.head.{theirs}"))
        pairs += [(name, f"roi_heads.box_head.{name}") for name in ON_PYRAMID]
        last = zip(HEADS, ("cls_score", "bbox_pred"), strict=True)
        pairs += [(ours, f"roi_heads.box_predictor.{theirs}") for ours, theirs in last]
        yield layout, pairs


def own_layers(encoder, proposing=True):
    """Our layers on one map; `proposing` if the network itself does."""
    stages = [ours for ours, _ in own_names(encoder)]
    first = [f"rpn/{ours}" for ours, _ in FIRST_STAGE] if proposing else []
    return [*stages, *first, *ON_MAP, *HEADS]


def taking_hidden(encoder, units):
    """`encoder`, whose file gives the layers `ON_MAP` only where ours have as many units.

    Otherwise these stay random, as its head has no place.
    """
    if units == HIDDEN:
        return encoder
    top = dataclasses.replace(encoder.top, heads=(*encoder.top.heads, *ON_MAP))
    return dataclasses.replace(encoder, top=top)


def freeze_normalization(model):
    """Batch normalisation as it was learnt: an image or two a step are no statistics."""
    for layer in sublayers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return model
