"""One small network of each task, with weights that are not degenerate, for exporting."""

import keras

import dlzoo
from dlzoo.layers.box_labels import BoxLabels
from dlzoo.layers.class_labels import ClassLabels
from dlzoo.layers.pixel_labels import PixelLabels
from dlzoo.models import Network, yolo_detector
from tests.models.zoo import fill

PLAIN = {"backbone": "vgg_small"}  # few layers: quick to trace
LABELS = ("red cell", "white cell", "platelet")


def named(model, layer, name=None):
    """`model` with its labels behind it, as `fine_tune` makes it."""
    return Network(model.inputs[0], layer(model.output), name=name or model.name)


def classifier():
    model = dlzoo.models.mobilenet_v2(
        classes=3, alpha=0.35, input_shape=(64, 64, 3), include_preprocessing=True
    )
    return named(fill(model), ClassLabels(LABELS))


def resnet():
    model = dlzoo.models.resnet18(
        classes=4, input_shape=(64, 64, 3), include_preprocessing=True
    )
    return fill(model, 0.5)


def detector():
    """As `fine_tune` leaves it."""
    model = dlzoo.models.yolo(
        classes=3,
        input_shape=(64, 96, 3),
        strides=(16, 8),
        anchors=[(40, 30), (60, 60), (10, 14), (23, 20)],
        width=16,
        include_preprocessing=True,
        **PLAIN,
    )
    found = yolo_detector(fill(model, 0.7), most=20)
    return named(found, BoxLabels(LABELS, (64, 96)), "yolo")


def tiny_yolo():
    model = dlzoo.models.yolo_v3_tiny(
        classes=3, input_shape=(96, 96, 3), include_preprocessing=True
    )
    return yolo_detector(fill(model, 0.9), most=30)


def two_stages(**more):
    options = {
        "channels": 16,
        "hidden": 24,
        "proposals": 12,
        "candidates": 30,
        "sizes": (8, 16, 32, 64, 128),
        "most": 7,
        "include_preprocessing": True,
    }
    return fill(dlzoo.models.faster_rcnn(None, 3, (64, 96, 3), **PLAIN | options | more), 0.7)


def on_one_map():
    """The paper's Faster R-CNN: boxes are read by `RoIPool`."""
    return two_stages(sizes=(16, 32), pyramid=False)


def segmenter_of_any_size():
    model = dlzoo.models.unet_backbone(
        classes=3,
        input_shape=(None, None, 3),
        decoder=(32, 16, 8, 8, 8),
        include_preprocessing=True,
        **PLAIN,
    )
    return named(fill(model, 0.8), PixelLabels(LABELS))


def embedder():
    model = dlzoo.models.mobilefacenet(
        dimensions=32, input_shape=(48, 48, 3), include_preprocessing=True
    )
    return fill(model, 0.3)


def body_of_pairs():
    pair = dlzoo.models.siamese(
        dimensions=16, input_shape=(48, 48, 3), include_preprocessing=True, **PLAIN
    )
    return fill(pair).get_layer("body")


def painter():
    return fill(dlzoo.models.transformer_net(width=4, blocks=1), 0.8)


NETWORKS = {
    "classification": classifier,
    "detection": detector,
    "segmentation of any size": segmenter_of_any_size,
    "faces": body_of_pairs,
    "style": painter,
}
MORE = {  # with layers of their own
    "resnet18": resnet,
    "yolo_v3_tiny": tiny_yolo,
    "detection in two stages": two_stages,
    "faster_rcnn on one map": on_one_map,
    "mobilefacenet": embedder,
}


def made(name):
    """The network of that name."""
    keras.utils.set_random_seed(0)
    return (NETWORKS | MORE)[name]()
