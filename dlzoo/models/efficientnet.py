"""EfficientNet: one number, phi, makes a network wider, deeper and its images larger.

Source: Tan and Le 2019, https://arxiv.org/abs/1905.11946, Table 1 and section 3.3.

Origins: `"keras"` (keras.applications) and `"tf"` (the authors' own files as timm's
`tf_efficientnet_*`): SAME padding, epsilon 1e-3; `"torch"` (torchvision, and timm's
`efficientnet_b0` to `b4`): symmetric padding, epsilon 1e-5, and 1e-3 from B5 on, as
torchvision has it; `"timm"` (timm's `efficientnet_b5` to `b7`): as `"torch"`, but epsilon
1e-5 there too.

keras.applications puts preprocessing inside its networks; here it is on the card, and
`include_preprocessing=True` puts it inside. With sides of `None` keras.applications takes
all sizes for even ones (its `correct_pad`); ours pads odd ones as it does when it knows them.

Example:
    >>> model = efficientnet_b0(classes=6, input_shape=(96, 96, 3))
    >>> model.output_shape
    (None, 6)
"""

from typing import NamedTuple

from dlzoo.layers import ConvBN, MBConv
from dlzoo.models.classifier import Conventions, Design, classifier
from dlzoo.models.heads import dropout_head
from dlzoo.models.scaling import repeated, scaled

# Table 1, stages 2 to 8: expansion, kernel, output channels, blocks, stride of the first.
STAGES = (
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 5, 40, 2, 2),
    (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
)
STEM, TOP = 32, 1280  # channels of the first and the last convolution
LEFT_OUT = 0.2  # section 5.2: share of branches that stochastic depth drops at the end


class Scaling(NamedTuple):
    """What a phi means: factors on channels and blocks, side in pixels, dropout."""

    width: float
    depth: float
    resolution: int
    dropout: float


# By phi, as in the authors' program: 1.1**phi, 1.2**phi and 224 * 1.15**phi (equation 3
# and section 4, step 1) after rounding by hand; dropout from section 5.2.
SCALING = (
    Scaling(1.0, 1.0, 224, 0.2),
    Scaling(1.0, 1.1, 240, 0.2),
    Scaling(1.1, 1.2, 260, 0.3),
    Scaling(1.2, 1.4, 300, 0.3),
    Scaling(1.4, 1.8, 380, 0.4),
    Scaling(1.6, 2.2, 456, 0.4),
    Scaling(1.8, 2.6, 528, 0.5),
    Scaling(2.0, 3.1, 600, 0.5),
)

TENSORFLOW = Conventions(padding="same", epsilon=1e-3, momentum=0.99)
TORCH = Conventions()
TORCH_LARGE = Conventions(epsilon=1e-3, momentum=0.99)
LARGE = 5  # from this phi on torchvision's constants are those of TensorFlow


class Block(NamedTuple):
    """One MBConv: its name, where it is (from 1), and what Table 1 says of it."""

    name: str
    stage: int
    place: int
    expansion: int
    kernel_size: int
    channels: int
    strides: int


def blocks(phi):
    """The blocks of a network in their order."""
    width, depth, *_ = SCALING[phi]
    return [
        Block(
            f"stage{stage}_block{place}",
            stage,
            place,
            expansion,
            kernel,
            scaled(channels, width),
            strides if place == 1 else 1,
        )
        for stage, (expansion, kernel, channels, count, strides) in enumerate(STAGES, 1)
        for place in range(1, repeated(count, depth) + 1)
    ]


def efficient_network(image, conventions, phi):
    """Wire the body: `image` to the feature map after the last convolution."""
    width = SCALING[phi].width
    common = {
        "padding": conventions.padding,
        "epsilon": conventions.epsilon,
        "momentum": conventions.momentum,
        "activation": "swish",
    }
    x = ConvBN(scaled(STEM, width), 3, strides=2, name="stem", **common)(image)
    rows = blocks(phi)
    for index, block in enumerate(rows):
        x = MBConv(
            block.channels,
            block.strides,
            expansion=block.expansion,
            kernel_size=block.kernel_size,
            keep_prob=1 - LEFT_OUT * index / len(rows),
            name=block.name,
            **common,
        )(x)
    return ConvBN(scaled(TOP, width), 1, name="top", **common)(x)


def _keras_names(phi):
    yield from (("stem/conv", "stem_conv"), ("stem/bn", "stem_bn"))
    for block in blocks(phi):
        theirs = f"block{block.stage}{chr(ord('a') + block.place - 1)}"
        if block.expansion > 1:
            yield f"{block.name}/expand/conv", f"{theirs}_expand_conv"
            yield f"{block.name}/expand/bn", f"{theirs}_expand_bn"
        yield f"{block.name}/depthwise/conv", f"{theirs}_dwconv"
        yield f"{block.name}/depthwise/bn", f"{theirs}_bn"
        yield f"{block.name}/excite/reduce", f"{theirs}_se_reduce"
        yield f"{block.name}/excite/expand", f"{theirs}_se_expand"
        yield f"{block.name}/project/conv", f"{theirs}_project_conv"
        yield f"{block.name}/project/bn", f"{theirs}_project_bn"
    yield from (("top/conv", "top_conv"), ("top/bn", "top_bn"), ("head", "predictions"))


def _torchvision_names(phi):
    yield from (("stem/conv", "features.0.0"), ("stem/bn", "features.0.1"))
    for block in blocks(phi):
        names = ("expand", "depthwise", "excite", "project")[block.expansion == 1 :]
        for place, name in enumerate(names):
            ours = f"{block.name}/{name}"
            theirs = f"features.{block.stage}.{block.place - 1}.block.{place}"
            two = ("reduce", "expand") if name == "excite" else ("conv", "bn")
            parts = ("fc1", "fc2") if name == "excite" else ("0", "1")
            for our, their in zip(two, parts, strict=True):
                yield f"{ours}/{our}", f"{theirs}.{their}"
    yield from (("top/conv", "features.8.0"), ("top/bn", "features.8.1"))
    yield "head", "classifier.1"


def _timm_names(phi):
    yield from (("stem/conv", "conv_stem"), ("stem/bn", "bn1"))
    for block in blocks(phi):
        theirs = f"blocks.{block.stage - 1}.{block.place - 1}"
        kinds = {"expand": "conv_pw", "depthwise": "conv_dw", "project": "conv_pwl"}
        if block.expansion == 1:
            kinds = {"depthwise": "conv_dw", "project": "conv_pw"}
        for place, (name, kind) in enumerate(kinds.items(), 1):
            yield f"{block.name}/{name}/conv", f"{theirs}.{kind}"
            yield f"{block.name}/{name}/bn", f"{theirs}.bn{place}"
        for name in ("reduce", "expand"):
            yield f"{block.name}/excite/{name}", f"{theirs}.se.conv_{name}"
    yield from (("top/conv", "conv_head"), ("top/bn", "bn2"), ("head", "classifier"))


def _design(phi):
    origins = {"keras": TENSORFLOW, "torch": TORCH, "tf": TENSORFLOW}
    if phi >= LARGE:
        origins |= {"torch": TORCH_LARGE, "timm": TORCH}
    return Design(
        name=f"efficientnet_b{phi}",
        body=lambda image, conventions: efficient_network(image, conventions, phi),
        origins=origins,
        layouts={
            "keras": list(_keras_names(phi)),
            "torchvision": list(_torchvision_names(phi)),
            "timm": list(_timm_names(phi)),
        },
        head=dropout_head(SCALING[phi].dropout),
        layout_origins={"timm": ("timm" if phi >= LARGE else "torch", "tf")},
        # keras.applications' mean and variance of the images; ours are on the card.
        not_ours=("normalization*",),
    )


@classifier(_design(0))
def efficientnet_b0():
    """EfficientNet-B0, 5.3 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design(1))
def efficientnet_b1():
    """EfficientNet-B1, 7.8 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design(2))
def efficientnet_b2():
    """EfficientNet-B2, 9.1 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design(3))
def efficientnet_b3():
    """EfficientNet-B3, 12.2 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design(4))
def efficientnet_b4():
    """EfficientNet-B4, 19.3 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design(5))
def efficientnet_b5():
    """EfficientNet-B5, 30.4 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design(6))
def efficientnet_b6():
    """EfficientNet-B6, 43.0 M parameters. Arguments and result as in `dlzoo.models.build`."""


@classifier(_design(7))
def efficientnet_b7():
    """EfficientNet-B7, 66.3 M parameters. Arguments and result as in `dlzoo.models.build`."""
