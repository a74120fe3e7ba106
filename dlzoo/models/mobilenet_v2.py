"""MobileNetV2: inverted residuals with linear bottlenecks, for telephones.

Source: Sandler et al. 2018, https://arxiv.org/abs/1801.04381, Table 2.

Origins: `"keras"` (keras.applications: TensorFlow's SAME padding, epsilon 1e-3) and
`"torch"` (torchvision and timm: symmetric padding, epsilon 1e-5).

Example:
    >>> model = mobilenet_v2(classes=6, input_shape=(96, 96, 3), alpha=0.5)
    >>> model.output_shape
    (None, 6)
"""

import keras

from dlzoo._checks import check_between
from dlzoo.layers import ConvBN, InvertedResidual
from dlzoo.models.classifier import Conventions, Design, build
from dlzoo.models.loading import register
from dlzoo.models.scaling import scaled

# Table 2: expansion, output channels, blocks, stride of the first block; a stage a row.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
STEM, TOP = 32, 1280  # channels of the first and the last convolution

KERAS = Conventions(padding="same", epsilon=1e-3, momentum=0.999)
TORCH = Conventions()


def inverted_residual_network(image, conventions, alpha):
    """Wire the body: `image` to the feature map after the last convolution."""
    common = {
        "padding": conventions.padding,
        "epsilon": conventions.epsilon,
        "momentum": conventions.momentum,
        "activation": "relu6",
    }
    x = ConvBN(scaled(STEM, alpha), 3, strides=2, name="stem", **common)(image)
    for stage, (expansion, channels, depth, strides) in enumerate(STAGES, 1):
        for block in range(1, depth + 1):
            x = InvertedResidual(
                scaled(channels, alpha),
                strides if block == 1 else 1,
                expansion=expansion,
                name=f"stage{stage}_block{block}",
                **common,
            )(x)
    # Narrower networks keep all features at the top (section 4, last paragraph).
    return ConvBN(scaled(TOP, max(1.0, alpha)), 1, name="top", **common)(x)


def _blocks():
    """Stage, block within it, block within the network, and the convolutions inside."""
    index = 0
    for stage, (expansion, _, depth, _) in enumerate(STAGES, 1):
        names = ("expand", "depthwise", "project")[0 if expansion > 1 else 1 :]
        for block in range(1, depth + 1):
            yield stage, block, index, names
            index += 1


def _keras_names():
    yield from (("stem/conv", "Conv1"), ("stem/bn", "bn_Conv1"))
    for stage, block, index, names in _blocks():
        theirs = f"block_{index}" if index else "expanded_conv"
        for name in names:
            ours = f"stage{stage}_block{block}/{name}"
            yield from (
                (f"{ours}/conv", f"{theirs}_{name}"),
                (f"{ours}/bn", f"{theirs}_{name}_BN"),
            )
    yield from (("top/conv", "Conv_1"), ("top/bn", "Conv_1_bn"), ("head", "predictions"))


def _torchvision_names():
    yield from (("stem/conv", "features.0.0"), ("stem/bn", "features.0.1"))
    for stage, block, index, names in _blocks():
        theirs = f"features.{index + 1}.conv"
        for place, name in enumerate(names):
            ours = f"stage{stage}_block{block}/{name}"
            # The linear projection has no activation, hence no group of its own.
            conv, bn = (place, place + 1) if name == "project" else (f"{place}.0", f"{place}.1")
            yield from ((f"{ours}/conv", f"{theirs}.{conv}"), (f"{ours}/bn", f"{theirs}.{bn}"))
    yield from (("top/conv", "features.18.0"), ("top/bn", "features.18.1"))
    yield "head", "classifier.1"


def _timm_names():
    yield from (("stem/conv", "conv_stem"), ("stem/bn", "bn1"))
    for stage, block, _, names in _blocks():
        theirs = f"blocks.{stage - 1}.{block - 1}"
        kinds = (
            ("conv_pw", "conv_dw", "conv_pwl") if len(names) == 3 else ("conv_dw", "conv_pw")
        )
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True), 1):
            ours = f"stage{stage}_block{block}/{name}"
            yield from (
                (f"{ours}/conv", f"{theirs}.{kind}"),
                (f"{ours}/bn", f"{theirs}.bn{place}"),
            )
    yield from (("top/conv", "conv_head"), ("top/bn", "bn2"), ("head", "classifier"))


def _design(alpha=1.0):
    return Design(
        name="mobilenet_v2",
        body=lambda image, conventions: inverted_residual_network(image, conventions, alpha),
        origins={"keras": KERAS, "torch": TORCH},
        layouts={
            "keras": list(_keras_names()),
            "torchvision": list(_torchvision_names()),
            "timm": list(_timm_names()),
        },
        options={"alpha": alpha},
    )


register("mobilenet_v2", _design)


def mobilenet_v2(
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
    """MobileNetV2, 3.5 M parameters at `alpha=1`.

    Args:
        alpha: Factor on the number of channels of every layer, between 0.1 and 4.

    The other arguments and the result are as in `dlzoo.models.build`.
    """
    check_between("mobilenet_v2", "alpha", alpha, 0.1, 4)
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
