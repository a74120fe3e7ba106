"""YOLO v3: three scales, each with what the coarser one found out.

Source: Redmon and Farhadi 2018, "YOLOv3: An Incremental Improvement",
https://arxiv.org/abs/1804.02767, section 2; the layers are those of pjreddie/darknet's
`cfg/yolov3.cfg` and `cfg/yolov3-tiny.cfg`, whose weights load.

Origin: `"darknet"`.

Example:
    >>> model = yolo_v3_tiny(classes=3, input_shape=(64, 96, 3))
    >>> model.output_shape     # (2 x 3 + 4 x 6) cells of 3 anchors
    (None, 90, 8)
"""

import keras
from keras import layers

from dlzoo.models.classifier import build
from dlzoo.models.loading import register
from dlzoo.models.yolo_heads import by_scale, convolution, darknet_design
from dlzoo.models.yolo_v2 import tiny_darknet, tiny_names
from dlzoo.weights import card

# cfg/yolov3.cfg and cfg/yolov3-tiny.cfg: width and height in pixels of a 416-pixel image.
ANCHORS = (
    (10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198),
    (373, 326),
)  # fmt: skip
TINY_ANCHORS = ((10, 14), (23, 27), (37, 58), (81, 82), (135, 169), (344, 319))
# Table 1 of the paper: channels of a stage, and its residual blocks.
DARKNET53 = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))
STRIDES = (32, 16, 8)


def darknet53(x):
    """The body: `x` to the last map of each stride."""
    x = convolution(x, 32, 3, "stem")
    ends = {}
    for stage, (filters, depth) in enumerate(DARKNET53, 1):
        x = convolution(x, filters, 3, f"stage{stage}_down", strides=2)
        for block in range(1, depth + 1):
            name = f"stage{stage}_block{block}"
            shortcut = x
            x = convolution(x, filters // 2, 1, f"{name}_reduce")
            x = convolution(x, filters, 3, f"{name}_conv")
            x = layers.Add(name=name)([shortcut, x])
        ends[2**stage] = x
    return ends


def _three_scales(image):
    across = darknet53(image)
    maps = {}
    x = across[STRIDES[0]]
    for stride in STRIDES:
        filters = 32 * stride
        name = f"neck_stride{stride}"
        if stride < STRIDES[0]:
            x = _joined(x, across[stride], filters // 2, name)
        for place in range(1, 6, 2):
            x = convolution(x, filters // 2, 1, f"{name}_conv{place}")
            last = convolution(x, filters, 3, f"{name}_conv{place + 1}")
            x = x if place == 5 else last
        maps[f"stride{stride}"] = last
    return maps


def _joined(x, finer, filters, name):
    """What the coarser scale knows, enlarged, beside the finer map."""
    x = convolution(x, filters, 1, f"{name}_up")
    x = layers.UpSampling2D(2, name=f"{name}_enlarge")(x)
    return layers.Concatenate(name=f"{name}_join")([x, finer])


def _two_scales(image):
    finer, x = tiny_darknet(image)
    x = convolution(x, 256, 1, "neck_stride32_conv1")
    coarse = convolution(x, 512, 3, "neck_stride32_conv2")
    x = _joined(x, finer, 128, "neck_stride16")
    return {"stride32": coarse, "stride16": convolution(x, 256, 3, "neck_stride16_conv1")}


def _names():
    """The convolutions in Darknet's order."""
    yield "stem"
    for stage, (_, depth) in enumerate(DARKNET53, 1):
        yield f"stage{stage}_down"
        for block in range(1, depth + 1):
            yield from (f"stage{stage}_block{block}_{part}" for part in ("reduce", "conv"))
    for stride in STRIDES:
        if stride < STRIDES[0]:
            yield f"neck_stride{stride}_up"
        yield from (f"neck_stride{stride}_conv{place}" for place in range(1, 7))
        yield f"head_stride{stride}"


def _small_names():
    yield from tiny_names()
    yield from ("neck_stride32_conv1", "neck_stride32_conv2", "head_stride32")
    yield from ("neck_stride16_up", "neck_stride16_conv1", "head_stride16")


# Body, its convolutions, the strides of its heads, anchors.
NETWORKS = {
    "yolo_v3": (_three_scales, tuple(_names()), STRIDES, ANCHORS),
    "yolo_v3_tiny": (_two_scales, tuple(_small_names()), STRIDES[:2], TINY_ANCHORS),
}


def _design(name, anchors=None):
    body, names, strides, published = NETWORKS[name]
    pairs = published if anchors is None else anchors
    scales = by_scale(pairs, strides, name)
    options = {"anchors": [[float(side) for side in pair] for pair in pairs]}
    return darknet_design(name, body, names, scales, strides, "sigmoid", options)


for _name in NETWORKS:
    register(_name, lambda _name=_name, **options: _design(_name, **options))


def yolo_v3(
    weights=None,
    classes=80,
    input_shape=(416, 416, 3),
    *,
    anchors=ANCHORS,
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """YOLO v3 on Darknet-53, 61.9 M parameters.

    Args:
        weights: None; `"coco"` for all, `"imagenet"` for the body; the path of a file of
            Darknet's or dlzoo's. A body's file (`darknet53.conv.74`) fills the body, one for
            other classes all but the heads.
        classes: Of objects; 0 for the maps that the heads read, a dict by stride.
        input_shape: `(height, width, channels)`, sides multiples of 32 or `None`.
        anchors: `(width, height)` in pixels, of all scales; the smallest third is that of the
            finest scale.
        include_preprocessing, origin, name: As in `dlzoo.models.build`.

    Returns:
        A `keras.Model` to candidates `(batch, candidates, 5 + classes)`, raw numbers for
        `dlzoo.losses.YOLOLoss`; `dlzoo.models.yolo_detector` makes a detector of it.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """
    return _build(
        "yolo_v3", weights, classes, input_shape, anchors, include_preprocessing, origin, name
    )


def yolo_v3_tiny(
    weights=None,
    classes=80,
    input_shape=(416, 416, 3),
    *,
    anchors=TINY_ANCHORS,
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """YOLO v3 tiny, two scales, 8.9 M parameters. Arguments and result as in `yolo_v3`."""
    return _build(
        "yolo_v3_tiny", weights, classes, input_shape, anchors, include_preprocessing, origin,
        name,
    )  # fmt: skip


def _build(who, weights, classes, input_shape, anchors, include_preprocessing, origin, name):
    return build(
        _design(who, anchors),
        weights=weights,
        classes=classes,
        input_shape=input_shape or card(who).input_shape,
        classifier_activation=None,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
