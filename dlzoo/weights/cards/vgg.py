"""VGG: what is published where."""

from dlzoo.weights.facts import CAFFE, Card, Weights
from dlzoo.weights.publishers import keras_file, timm_file, torchvision_file

_NO_HEAD = "without the head, 56 or 76 MiB: for classes=0"


def _vgg(depth: int, gmacs: float, parameters: int, *weights: Weights) -> Card:
    return Card(
        name=f"vgg{depth}",
        task="classification",
        title="Very Deep Convolutional Networks for Large-Scale Image Recognition",
        paper="https://arxiv.org/abs/1409.1556",
        year=2014,
        parameters={"keras": parameters, "torch": parameters},
        gmacs=gmacs,
        input_size=224,
        minimum_size=32,
        weights=weights,
        default_origin="keras",
    )


def _keras_vgg(depth: int, md5: str, md5_no_head: str, top1: float, top5: float):
    """Both files: with the head, and without. Oxford's own weights, converted."""
    stem = f"vgg{depth}/vgg{depth}_weights_tf_dim_ordering_tf_kernels"
    licence = "CC-BY-4.0"
    yield keras_file(f"{stem}.h5", md5, top1, top5, CAFFE, licence, batch_norm=False)
    yield keras_file(
        f"{stem}_notop.h5",
        md5_no_head,
        None,
        None,
        CAFFE,
        licence,
        name="imagenet_notop",
        note=_NO_HEAD,
        batch_norm=False,
    )


CARDS = (
    _vgg(
        16,
        15.47,
        138_357_544,
        *_keras_vgg(
            16,
            "64373286793e3c8b2b4e3219cbf3544b",
            "6d6bbae143d832006294945121d1f1fc",
            71.3,
            90.1,
        ),
        torchvision_file("vgg16-397923af", 527.796, 71.592, 90.382, batch_norm=False),
        torchvision_file("vgg16_bn-6c64b313", 527.866, 73.360, 91.516, batch_norm=True),
        timm_file("vgg16.tv_in1k", 71.594, 90.398, batch_norm=False),
        timm_file("vgg16_bn.tv_in1k", 73.354, 91.490, batch_norm=True),
    ),
    _vgg(
        19,
        19.632,
        143_667_240,
        *_keras_vgg(
            19,
            "cbe5617147190e668d6c5d5026f83318",
            "253f8cb515780f3b799900260a226db6",
            71.3,
            90.0,
        ),
        torchvision_file("vgg19-dcbb9e9d", 548.051, 72.376, 90.876, batch_norm=False),
        torchvision_file("vgg19_bn-c79401a0", 548.143, 74.218, 91.842, batch_norm=True),
        timm_file("vgg19.tv_in1k", 72.400, 90.878, batch_norm=False),
        timm_file("vgg19_bn.tv_in1k", 74.230, 91.848, batch_norm=True),
    ),
)
