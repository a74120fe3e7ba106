"""MobileNet, the first: depthwise separable convolutions throughout.

Source: Howard et al. 2017, https://arxiv.org/abs/1704.04861, Table 1.

Origins: `"keras"` (keras.applications: SAME padding in the first convolution, zeros at the
bottom and right only in the strided depthwise ones, which differs from SAME on odd sides;
epsilon 1e-3; channels times `alpha` cut to whole numbers) and `"torch"` (timm's
`mobilenetv1_100` and its kin: symmetric padding, epsilon 1e-5, multiples of 8).

Example:
    >>> model = mobilenet(classes=6, input_shape=(96, 96, 3), alpha=0.5)
    >>> model.output_shape
    (None, 6)
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from dlzoo._checks import check_between
from dlzoo.layers import ConvBN, SeparableBlock
from dlzoo.models.classifier import Conventions, Design, build
from dlzoo.models.heads import dropout_head
from dlzoo.models.loading import register
from dlzoo.models.scaling import scaled, truncated

# Table 1: output channels, blocks, stride of the first block; a stage a resolution.
STAGES = (
    (64, 1, 1),
    (128, 2, 2),
    (256, 2, 2),
    (512, 6, 2),
    (1024, 2, 2),
)
STEM = 32  # channels of the first convolution
DROPOUT = 0.001  # of the authors' program and keras.applications; the paper has none


@dataclass(frozen=True)
class MobileConventions(Conventions):
    """`padding` is that of the first convolution, `block_padding` that of the blocks;
    `width` is `(channels, alpha) -> channels`."""

    block_padding: str = "symmetric"
    width: Callable[[int, float], int] = scaled


KERAS = MobileConventions(
    padding="same", epsilon=1e-3, momentum=0.99, block_padding="end", width=truncated
)
TORCH = MobileConventions()


def separable_network(image, conventions, alpha):
    """Wire the body: `image` to the feature map after the last block."""
    norm = {"epsilon": conventions.epsilon, "momentum": conventions.momentum}
    norm["activation"] = "relu6"
    width = conventions.width
    x = ConvBN(
        width(STEM, alpha), 3, strides=2, padding=conventions.padding, name="stem", **norm
    )(image)
    for stage, (channels, depth, strides) in enumerate(STAGES, 1):
        for block in range(1, depth + 1):
            x = SeparableBlock(
                width(channels, alpha),
                strides if block == 1 else 1,
                padding=conventions.block_padding,
                name=f"stage{stage}_block{block}",
                **norm,
            )(x)
    return x


def _blocks():
    """Our name of each block, its stage and its place within, both from 0."""
    for stage, (_, depth, _) in enumerate(STAGES):
        for block in range(depth):
            yield f"stage{stage + 1}_block{block + 1}", stage, block


def _keras_names():
    yield from (("stem/conv", "conv1"), ("stem/bn", "conv1_bn"))
    for index, (ours, _, _) in enumerate(_blocks(), 1):
        for name, kind in (("depthwise", "dw"), ("pointwise", "pw")):
            theirs = f"conv_{kind}_{index}"
            yield from ((f"{ours}/{name}/conv", theirs), (f"{ours}/{name}/bn", f"{theirs}_bn"))
    yield "head", "conv_preds"  # stored as a 1x1 convolution


def _timm_names():
    yield from (("stem/conv", "conv_stem"), ("stem/bn", "bn1"))
    for ours, stage, block in _blocks():
        theirs = f"blocks.{stage}.{block}"
        for place, (name, kind) in enumerate((("depthwise", "dw"), ("pointwise", "pw")), 1):
            yield from (
                (f"{ours}/{name}/conv", f"{theirs}.conv_{kind}"),
                (f"{ours}/{name}/bn", f"{theirs}.bn{place}"),
            )
    yield "head", "classifier"


def _design(alpha=1.0):
    return Design(
        name="mobilenet",
        body=lambda image, conventions: separable_network(image, conventions, alpha),
        origins={"keras": KERAS, "torch": TORCH},
        layouts={"keras": list(_keras_names()), "timm": list(_timm_names())},
        options={"alpha": alpha},
        head=dropout_head(DROPOUT),
    )


register("mobilenet", _design)


def mobilenet(
    weights=None,
    classes=1000,
    input_shape=(224, 224, 3),
    *,
    alpha=1.0,
    pooling=None,
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """MobileNet, 4.2 M parameters at `alpha=1`.

    Args:
        alpha: Factor on the number of channels of every layer, between 0.1 and 4.

    The other arguments and the result are as in `dlzoo.models.build`.
    """
    check_between("mobilenet", "alpha", alpha, 0.1, 4)
    return build(
        _design(float(alpha)),
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        pooling=pooling,
        classifier_activation=classifier_activation,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
