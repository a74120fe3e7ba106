"""YOLO v2: every cell of a coarse map answers for the objects whose centre it holds.

Source: Redmon and Farhadi 2016, "YOLO9000: Better, Faster, Stronger",
https://arxiv.org/abs/1612.08242; the layers are those of pjreddie/darknet's `cfg/yolov2.cfg`
and `cfg/yolov2-tiny.cfg`, whose weights load.

Origin: `"darknet"`.

Example:
    >>> model = yolo_v2_tiny(classes=3, input_shape=(64, 96, 3))
    >>> model.output_shape     # 2 x 3 cells of 5 anchors; box, objectness and 3 classes
    (None, 30, 8)
"""

from keras import layers

from dlzoo.layers import Reorg
from dlzoo.models.yolo_heads import convolution, darknet_design, darknet_network

STRIDE = 32
# cfg/yolov2.cfg: width and height in cells, found by k-means on the boxes of COCO.
ANCHORS = (
    (0.57273, 0.677385),
    (1.87446, 2.06253),
    (3.33843, 5.47434),
    (7.88282, 3.52778),
    (9.77052, 9.16828),
)
# Table 6 of the paper: widest channels of a stage, and its convolutions.
DARKNET19 = ((64, 1), (128, 3), (256, 3), (512, 5), (1024, 5))
TINY = (32, 64, 128, 256, 512)


def darknet19(x):
    """The body: `x` to the map at stride 16 that is passed through, and the last one."""
    x = convolution(x, 32, 3, "stem")
    finer = x
    for stage, (filters, depth) in enumerate(DARKNET19, 1):
        finer = x
        x = layers.MaxPooling2D(2, padding="same", name=f"stage{stage}_pool")(x)
        for place in range(1, depth + 1):
            wide = place % 2 == 1
            name = f"stage{stage}_conv{place}"
            x = convolution(x, filters if wide else filters // 2, 3 if wide else 1, name)
    return finer, x


def tiny_darknet(x):
    """The body of the tiny networks: `x` to the maps at strides 16 and 32."""
    x = convolution(x, 16, 3, "stem")
    finer = x
    for stage, filters in enumerate(TINY, 1):
        finer = x
        x = layers.MaxPooling2D(2, padding="same", name=f"stage{stage}_pool")(x)
        x = convolution(x, filters, 3, f"stage{stage}_conv1")
    # Beyond the last row and column there is nothing: they are compared with themselves.
    x = layers.MaxPooling2D(2, strides=1, padding="same", name="stage5_pool2")(x)
    return finer, convolution(x, 1024, 3, "stage5_conv2")


def _whole(image):
    finer, x = darknet19(image)
    for place in (1, 2):
        x = convolution(x, 1024, 3, f"neck_conv{place}")
    across = convolution(finer, 64, 1, "passthrough_conv")
    across = Reorg(2, name="passthrough")(across)
    x = layers.Concatenate(name="passthrough_join")([across, x])
    return {f"stride{STRIDE}": convolution(x, 1024, 3, "neck_conv3")}


def _small(image):
    _, x = tiny_darknet(image)
    return {f"stride{STRIDE}": convolution(x, 512, 3, "neck_conv1")}


def _names():
    """The convolutions in Darknet's order."""
    yield "stem"
    for stage, (_, depth) in enumerate(DARKNET19, 1):
        yield from (f"stage{stage}_conv{place}" for place in range(1, depth + 1))
    yield from ("neck_conv1", "neck_conv2", "passthrough_conv", "neck_conv3")
    yield f"head_stride{STRIDE}"


def tiny_names():
    """Those of `tiny_darknet` in Darknet's order."""
    yield from ("stem", *(f"stage{stage}_conv1" for stage in range(1, 6)), "stage5_conv2")


BODIES = {
    "yolo_v2": (_whole, tuple(_names())),
    "yolo_v2_tiny": (_small, (*tiny_names(), "neck_conv1", f"head_stride{STRIDE}")),
}


def _design(name, anchors):
    body, names = BODIES[name]
    anchors = tuple(tuple(map(float, pair)) for pair in anchors)
    pixels = tuple((STRIDE * width, STRIDE * height) for width, height in anchors)
    options = {"anchors": [list(pair) for pair in anchors]}
    return darknet_design(name, body, names, (pixels,), (STRIDE,), "softmax", options)


@darknet_network("yolo_v2", _design, ANCHORS)
def yolo_v2():
    """YOLO v2 on Darknet-19, 51.0 M parameters.

    Args:
        weights: None; `"coco"` for all, `"imagenet"` for the body; the path of a file of
            Darknet's or dlzoo's. A body's file (`darknet19_448.conv.23`) fills the body, one
            for other classes all but the head.
        classes: Of objects; 0 for the maps that the heads read, a dict by stride.
        input_shape: `(height, width, channels)`, sides multiples of 32 or `None`.
        anchors: `(width, height)` in cells of 32 pixels, as Darknet has them.
        include_preprocessing, origin, name: As in `dlzoo.models.build`.

    Returns:
        A `keras.Model` to candidates `(batch, candidates, 5 + classes)`, raw numbers for
        `dlzoo.losses.YOLOLoss`; `dlzoo.models.yolo_detector` makes a detector of it.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """


@darknet_network("yolo_v2_tiny", _design, ANCHORS)
def yolo_v2_tiny():
    """YOLO v2 tiny, 11.2 M parameters. Arguments and result as in `yolo_v2`."""
