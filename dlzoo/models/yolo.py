"""YOLO on a network that learnt to tell images apart: its stages are what the scales read.

Heads, anchors and scores are those of version 3 (Redmon and Farhadi 2018,
https://arxiv.org/abs/1804.02767, section 2), and so is the way from coarse to fine: what a
scale found out is enlarged and put beside the finer map. Between them are depthwise separable
convolutions (Howard et al. 2017, https://arxiv.org/abs/1704.04861) instead of full ones, so
that three scales cost a small backbone less than it costs itself.

Origins are the backbone's.

Example:
    >>> model = yolo(classes=3, input_shape=(64, 96, 3), strides=(16, 8),
    ...     anchors=[(60, 60), (30, 30), (20, 20), (10, 10)])
    >>> model.output_shape     # (4 x 6 + 8 x 12) cells of 2 anchors
    (None, 240, 8)
"""

import itertools
from collections.abc import Mapping, Sequence

import keras
from keras import layers

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.layers import ConvBN, SeparableBlock
from dlzoo.models.backbones import STRIDE, maps_by_stride, own_names, with_stages
from dlzoo.models.classifier import Design, build
from dlzoo.models.loading import design_of, register
from dlzoo.models.segmentation_heads import feature_map
from dlzoo.models.yolo_heads import by_scale, checked_shape, head_name, yolo_head
from dlzoo.models.yolo_v3 import ANCHORS, STRIDES
from dlzoo.weights import card
from dlzoo.weights.porting import Top

WIDTH = 128
BLOCKS = 2  # separable ones a scale


def scales(image, conventions, encoder, strides, width):
    """Wire the body: `image` to the map of each scale, `{"stride<n>": map}`."""
    across = maps_by_stride("yolo", encoder.name, encoder.body(image, conventions))
    maps, x, coarser = {}, None, None
    for stride in strides:
        name = f"neck_stride{stride}"
        finer = across[stride]
        if x is not None:
            x = ConvBN(width // 2, 1, name=f"{name}_up")(x)
            x = layers.UpSampling2D(coarser // stride, name=f"{name}_enlarge")(x)
            finer = layers.Concatenate(name=f"{name}_join")([x, finer])
        x = ConvBN(width, 1, name=f"{name}_reduce")(finer)
        for place in range(1, BLOCKS + 1):
            x = SeparableBlock(width, activation="relu", name=f"{name}_block{place}")(x)
        maps[f"stride{stride}"], coarser = x, stride
    return maps


def _neck_names(strides):
    """Our layers with weights behind the backbone."""
    for number, stride in enumerate(strides):
        name = f"neck_stride{stride}"
        parts = [f"{name}_up"] if number else []
        parts += [f"{name}_reduce"]
        for place in range(1, BLOCKS + 1):
            parts += [f"{name}_block{place}/{part}" for part in ("depthwise", "pointwise")]
        yield from (f"{part}/{leaf}" for part in parts for leaf in ("conv", "bn"))
        yield head_name(stride)


def _design(
    backbone="mobilenet_v2",
    backbone_options=None,
    anchors=ANCHORS,
    strides=STRIDES,
    width=WIDTH,
):
    encoder = design_of(backbone, **(backbone_options or {}))
    strides = tuple(strides)
    dealt = by_scale(anchors, strides, "yolo")
    own = [ours for ours, _ in own_names(encoder)]
    return Design(
        name="yolo",
        body=lambda image, conventions: scales(image, conventions, encoder, strides, width),
        origins=encoder.origins,
        options={
            "backbone": backbone,
            "backbone_options": dict(backbone_options or {}),
            "anchors": [[float(side) for side in pair] for pair in anchors],
            "strides": list(strides),
            "width": width,
        },
        to_vector=feature_map,
        head=yolo_head(dealt, strides, "sigmoid"),
        top=Top(heads=tuple(head_name(stride) for stride in strides)),
        layers=[[*own, *_neck_names(strides)]],
        check_shape=checked_shape(STRIDE),
        encoder=encoder,
    )


register("yolo", _design)


def yolo(
    weights=None,
    classes=80,
    input_shape=None,
    *,
    backbone: str = "mobilenet_v2",
    backbone_options: Mapping | None = None,
    anchors: Sequence = ANCHORS,
    strides: Sequence[int] = STRIDES,
    width=WIDTH,
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """YOLO on a backbone; 2.1 M parameters with MobileNetV2.

    Args:
        weights: None; a name on the card of the backbone (`"imagenet"`) or a file of its
            weights, for the backbone, while the rest stays random; or a file of dlzoo's own for
            all.
        classes: Of objects; 0 for the maps that the heads read, a dict by stride.
        input_shape: `(height, width, channels)`, sides multiples of 32 or `None`; None alone
            for (416, 416, 3).
        backbone: A classification network of the zoo whose stages halve the image five times:
            `"mobilenet_v2"`, `"resnet34"`, `"efficientnet_b0"`, `"vgg16"` ...
        backbone_options: Arguments of its builder that change its layers, e.g.
            `{"alpha": 0.5}`.
        anchors: `(width, height)` in pixels of the input, of all scales, as many for each; the
            largest are the coarsest scale's. `dlzoo.detection.anchors` finds them for your
            boxes.
        strides: Of the scales, from coarse to fine, among 32, 16, 8, 4. Small objects need
            a fine one: an object should be larger than a cell.
        width: Channels of each scale.
        include_preprocessing, name: As in `dlzoo.models.build`.
        origin: One of the backbone's.

    Returns:
        A `keras.Model` to candidates `(batch, candidates, 5 + classes)`, raw numbers for
        `dlzoo.losses.YOLOLoss`; `dlzoo.models.yolo_detector` makes a detector of it. With
        weights it has a `load_report`.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """
    check_choice("yolo", "backbone", backbone, with_stages())
    check_positive_int("yolo", "width", width, minimum=2)
    falling = all(a > b for a, b in itertools.pairwise(strides))
    if not strides or not falling or not set(strides) <= {32, 16, 8, 4}:
        raise ValueError(
            f"yolo: strides must be some of 32, 16, 8, 4, from coarse to fine; got {strides!r}."
        )
    return build(
        _design(backbone, backbone_options, anchors, strides, width),
        weights=weights,
        classes=classes,
        input_shape=input_shape or card("yolo").input_shape,
        classifier_activation=None,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
