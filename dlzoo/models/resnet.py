"""Residual networks: ResNet-18, 34, 50, 101 and 152.

Source: He et al. 2015, https://arxiv.org/abs/1512.03385, Table 1.

Origins: `"keras"` (keras.applications: biases before batch normalisation, stride on the
first 1x1 of a bottleneck as in the paper; only 50, 101 and 152 exist there) and `"torch"`
(torchvision and timm: no biases, stride on the 3x3).

Example:
    >>> model = resnet50(classes=10, input_shape=(64, 64, 3), origin="torch")
    >>> model.output_shape
    (None, 10)
    >>> resnet18(classes=0, input_shape=(None, None, 3)).output_shape
    (None, None, None, 512)
"""

from keras import layers

from dlzoo.layers import ConvBN, residual_block
from dlzoo.models.classifier import Conventions, Design, classifier

# Table 1: blocks in each stage. The widths are the same in every variant.
DEPTHS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet101": (3, 4, 23, 3),
    "resnet152": (3, 8, 36, 3),
}
WIDTHS = (64, 128, 256, 512)
PLAIN = ("resnet18", "resnet34")  # two 3x3 convolutions; the others are bottlenecks

KERAS = Conventions(epsilon=1.001e-5, momentum=0.99, use_bias=True, stride_on="reduce")
TORCH = Conventions()


def residual_network(image, conventions, variant):
    """Wire the body of a variant: `image` to the feature map after the last stage."""
    norm = {"epsilon": conventions.epsilon, "momentum": conventions.momentum}
    norm["use_bias"] = conventions.use_bias
    x = ConvBN(64, 7, strides=2, padding=conventions.padding, name="stem", **norm)(image)
    x = layers.ZeroPadding2D(1, name="stem_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)
    for stage, (width, depth) in enumerate(zip(WIDTHS, DEPTHS[variant], strict=True), 1):
        for block in range(1, depth + 1):
            x = residual_block(
                x,
                width,
                strides=2 if stage > 1 and block == 1 else 1,
                bottleneck=variant not in PLAIN,
                stride_on=conventions.stride_on,
                name=f"stage{stage}_block{block}",
                **norm,
            )
    return x


def _convolutions(variant):
    """Name, stage, block and place (0 is the shortcut) of each convolution in the blocks."""
    plain = variant in PLAIN
    branch = ("conv1", "conv2") if plain else ("reduce", "conv", "expand")
    for stage, depth in enumerate(DEPTHS[variant], 1):
        for block in range(1, depth + 1):
            projects = block == 1 and not (plain and stage == 1)
            for place, name in enumerate(("project", *branch)):
                if place > 0 or projects:
                    yield f"stage{stage}_block{block}/{name}", stage, block, place


def _keras_names(variant):
    """Our layers and keras.applications'."""
    yield from (("stem/conv", "conv1_conv"), ("stem/bn", "conv1_bn"))
    for ours, stage, block, place in _convolutions(variant):
        theirs = f"conv{stage + 1}_block{block}_{place}"
        yield from ((f"{ours}/conv", f"{theirs}_conv"), (f"{ours}/bn", f"{theirs}_bn"))
    yield "head", "predictions"


def _torch_names(variant):
    """Our layers and torchvision's; timm names them the same."""
    yield from (("stem/conv", "conv1"), ("stem/bn", "bn1"))
    for ours, stage, block, place in _convolutions(variant):
        theirs = f"layer{stage}.{block - 1}"
        conv, bn = (f"conv{place}", f"bn{place}") if place else ("downsample.0", "downsample.1")
        yield from ((f"{ours}/conv", f"{theirs}.{conv}"), (f"{ours}/bn", f"{theirs}.{bn}"))
    yield "head", "fc"


def _design(variant):
    origins = {"torch": TORCH}
    layouts = {"torchvision": list(_torch_names(variant))}
    if variant not in PLAIN:
        origins["keras"] = KERAS
        layouts["keras"] = list(_keras_names(variant))
    return Design(
        name=variant,
        body=lambda image, conventions: residual_network(image, conventions, variant),
        origins=origins,
        layouts=layouts,
    )


@classifier(_design("resnet18"))
def resnet18():
    """ResNet-18, 11.7 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design("resnet34"))
def resnet34():
    """ResNet-34, 21.8 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design("resnet50"))
def resnet50():
    """ResNet-50, 25.6 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design("resnet101"))
def resnet101():
    """ResNet-101, 44.5 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design("resnet152"))
def resnet152():
    """ResNet-152, 60.2 M parameters. Arguments and result as in `dlzoo.models.build`."""
