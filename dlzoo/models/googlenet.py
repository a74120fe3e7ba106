"""GoogLeNet (Inception v1): modules of four branches, and heads in the middle.

Source: Szegedy et al. 2014, https://arxiv.org/abs/1409.4842, Table 1.

Origins: `"torch"` (torchvision: batch normalisation, 3x3 where the paper has 5x5, 2x2 in the
last pooling; images as `RGB / 127.5 - 1`, which is what its `transform_input` makes of images
that were normalised its usual way) and `"paper"` (5x5, biases, local response normalisation;
no weights are published in a format that dlzoo reads).

With `auxiliary=True` two more heads, after modules 4a and 4d, learn the same answer, each
with weight 0.3 in the loss; `compile` and `fit` need nothing special. The network still
answers with one output, and gradients reach its first layers by a shorter way. Those of the
published file are not pretrained.

Example:
    >>> model = googlenet(classes=5, input_shape=(64, 64, 3), auxiliary=True)
    >>> model.output_shape, model.get_layer("aux1").output.shape
    ((None, 5), (None, 5))
"""

from dataclasses import dataclass

import keras
from keras import layers

from dlzoo._checks import check_choice
from dlzoo.layers import (
    AuxiliaryHead,
    AuxiliaryOutputs,
    ConvBN,
    InceptionModule,
    LocalResponseNormalization,
)
from dlzoo.layers.conv_bn import HE_NORMAL
from dlzoo.models.classifier import Conventions, Design, build
from dlzoo.models.classifier import head as main_head
from dlzoo.models.loading import register
from dlzoo.models.network import AuxiliaryNetwork, Network
from dlzoo.weights.porting import Top

# Table 1: channels of the branches of each module; see `InceptionModule`.
MODULES = {
    "stage3_a": (64, 96, 128, 16, 32, 32),
    "stage3_b": (128, 128, 192, 32, 96, 64),
    "stage4_a": (192, 96, 208, 16, 48, 64),
    "stage4_b": (160, 112, 224, 24, 64, 64),
    "stage4_c": (128, 128, 256, 24, 64, 64),
    "stage4_d": (112, 144, 288, 32, 64, 64),
    "stage4_e": (256, 160, 320, 32, 128, 128),
    "stage5_a": (256, 160, 320, 32, 128, 128),
    "stage5_b": (384, 192, 384, 48, 128, 128),
}
HEADS = {"aux1": "stage4_a", "aux2": "stage4_d"}  # and the module that each one reads
BRANCHES = ("conv1", "reduce3", "conv3", "reduce5", "conv5", "project")


@dataclass(frozen=True)
class Variant(Conventions):
    """What the paper and torchvision do differently.

    Attributes:
        batch_norm: Batch normalisation instead of biases and local response normalisation.
        kernel_size: Of the third branch of a module.
        last_pool: Side of the window of the last pooling.
        grid: See `AuxiliaryHead`.
        dropout: Before the head.
    """

    batch_norm: bool = False
    kernel_size: int = 5
    last_pool: int = 3
    grid: int | None = None
    dropout: float = 0.4

    @property
    def norm(self):
        return {
            "batch_norm": self.batch_norm,
            "epsilon": self.epsilon,
            "momentum": self.momentum,
        }


PAPER = Variant(use_bias=True)
TORCH = Variant(epsilon=1e-3, batch_norm=True, kernel_size=3, last_pool=2, grid=4, dropout=0.2)


class Wiring:
    """Wires one network: the body, then the heads, which look inside the body."""

    def __init__(self, auxiliary):
        self.auxiliary = auxiliary
        self.inside = {}

    def body(self, image, variant):
        """`image` to the feature map after module 5b."""
        x = _convolution(image, 64, 7, variant, "stage1_conv", strides=2)
        x = _pool(x, 3, "stage2")
        x = x if variant.batch_norm else LocalResponseNormalization(name="stage2_norm1")(x)
        x = _convolution(x, 64, 1, variant, "stage2_reduce")
        x = _convolution(x, 192, 3, variant, "stage2_conv")
        x = x if variant.batch_norm else LocalResponseNormalization(name="stage2_norm2")(x)
        for name, filters in MODULES.items():
            if name.endswith("_a"):
                x = _pool(x, variant.last_pool if name == "stage5_a" else 3, name[:6])
            x = InceptionModule(
                filters, kernel_size=variant.kernel_size, name=name, **variant.norm
            )(x)
            self.inside[name] = x
        return x

    def head(self, x, classes, activation, variant):
        """Dropout and scores, joined by the auxiliary heads if there are any."""
        x = layers.Dropout(variant.dropout, name="dropout")(x)
        scores = main_head(x, classes, activation, variant)
        if not self.auxiliary:
            return scores
        others = [
            AuxiliaryHead(classes, activation, grid=variant.grid, name=name, **variant.norm)(
                self.inside[module]
            )
            for name, module in HEADS.items()
        ]
        return AuxiliaryOutputs(name="auxiliary")([scores, *others])


def _convolution(x, filters, kernel_size, variant, name, strides=1):
    if variant.batch_norm:
        norm = {"epsilon": variant.epsilon, "momentum": variant.momentum}
        return ConvBN(filters, kernel_size, strides, name=name, **norm)(x)
    if strides > 1:  # as much on all four sides
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
    return layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding="valid" if strides > 1 else "same",
        activation="relu",
        kernel_initializer=HE_NORMAL,
        name=name,
    )(x)


def _pool(x, size, name):
    """Halve the sides, rounded up as in Caffe and PyTorch's `ceil_mode`.

    The last window may hang over the edge by a pixel. The zero there is never the largest:
    what comes in went through a rectifier.
    """
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)
    return layers.MaxPooling2D(size, strides=2, name=f"{name}_pool")(x)


def _torch_names(auxiliary):
    """Our layers and torchvision's."""
    bricks = {"stage1_conv": "conv1", "stage2_reduce": "conv2", "stage2_conv": "conv3"}
    theirs = ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")
    for module in MODULES:
        number = module.removeprefix("stage").replace("_", "")
        for ours, branch in zip(BRANCHES, theirs, strict=True):
            bricks[f"{module}/{ours}"] = f"inception{number}.{branch}"
    if auxiliary:
        bricks |= {f"{name}/conv": f"{name}.conv" for name in HEADS}
    for ours, their in bricks.items():
        yield from ((f"{ours}/conv", f"{their}.conv"), (f"{ours}/bn", f"{their}.bn"))
    for name in HEADS if auxiliary else ():
        yield from ((f"{name}/hidden", f"{name}.fc1"), (f"{name}/head", f"{name}.fc2"))
    yield "head", "fc"


def _paper_layers(auxiliary):
    """Our layers without batch normalisation."""
    for ours, _ in _torch_names(auxiliary):
        if not ours.endswith("/bn"):
            yield ours.removesuffix("/conv")


def _design(auxiliary=False):
    wiring = Wiring(auxiliary)
    pairs = list(_torch_names(auxiliary))
    parts = ("conv", "conv/conv", "conv/bn", "hidden")
    return Design(
        name="googlenet",
        body=wiring.body,
        origins={"torch": TORCH, "paper": PAPER},
        layouts={"torchvision": pairs},
        options={"auxiliary": auxiliary},
        head=wiring.head,
        top=Top(
            heads=("head", *(f"{name}/head" for name in HEADS)),
            hidden=tuple(f"{name}/{part}" for name in HEADS for part in parts),
        ),
        layers={
            "torch": [ours for ours, _ in pairs],
            "paper": list(_paper_layers(auxiliary)),
        },
        flattened={f"{name}/hidden": (4, 4) for name in HEADS},
        not_ours=("aux[12]*",),
        network=AuxiliaryNetwork if auxiliary else Network,
    )


register("googlenet", _design)


def googlenet(
    weights=None,
    classes=1000,
    input_shape=(224, 224, 3),
    *,
    auxiliary=False,
    pooling=None,
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """GoogLeNet, 6.6 M parameters (origin `"paper"`: 7.0 M).

    Args:
        auxiliary: Train with the two auxiliary heads. Where a head is made by hand or the
            network is part of another model, `dlzoo.features(model, ["aux1", "aux2"])`
            gives what they answer.

    The other arguments and the result are as in `dlzoo.models.build`.

    Raises:
        ValueError: `auxiliary=True` without classes, or with origin `"paper"` and images
            that are too small for its heads (under 65 pixels).
    """
    check_choice("googlenet", "auxiliary", auxiliary, (True, False))
    if auxiliary and classes == 0:
        raise ValueError(
            "googlenet: auxiliary must be False with classes=0, because auxiliary heads "
            "answer classes; got True."
        )
    return build(
        _design(bool(auxiliary)),
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        pooling=pooling,
        classifier_activation=classifier_activation,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
