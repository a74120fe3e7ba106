"""MobileFaceNet: one million parameters that tell faces apart on a telephone.

Source: Chen, Liu, Gao and Han 2018, https://arxiv.org/abs/1804.07573, Table 1. Its idea: not
every place of the last feature map is worth the same (the corners show hair and background),
so that a depthwise convolution as large as the map takes the place of average pooling.

Origin: `"torch"`, the PyTorch programs after the paper: 112 pixels high and 96 wide, as
SphereFace aligns faces, or the paper's 112 x 112; embedding of 128 numbers, not normalised.

Example:
    >>> model = mobilefacenet(input_shape=(112, 96, 3))
    >>> model.output_shape
    (None, 128)
"""

import keras
from keras import layers

from dlzoo._checks import check_input_shape, check_positive_int
from dlzoo.layers import ConvBN, DepthwiseConvBN, InvertedResidual
from dlzoo.models.classifier import Conventions, Design, build, head_dtype
from dlzoo.models.embedding import check_normalize, embedded
from dlzoo.models.loading import register
from dlzoo.weights.porting import Top

NAME = "mobilefacenet"
# Table 1: expansion, output channels, blocks, stride of the first block; a stage a row.
STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
STEM, TOP = 64, 512  # channels of the first convolutions and of the last but two
LAST_MAP = (7, 6)  # height and width in published files


def face_network(image, conventions, dimensions, normalize):
    """Wire it: `image` to the embedding."""
    common = {
        "padding": conventions.padding,
        "epsilon": conventions.epsilon,
        "momentum": conventions.momentum,
        "activation": "prelu",
    }
    x = ConvBN(STEM, 3, strides=2, name="stem", **common)(image)
    x = DepthwiseConvBN(3, name="stem_depthwise", **common)(x)
    for stage, (expansion, channels, depth, strides) in enumerate(STAGES, 1):
        for block in range(1, depth + 1):
            x = InvertedResidual(
                channels,
                strides if block == 1 else 1,
                expansion=expansion,
                name=f"stage{stage}_block{block}",
                **common,
            )(x)
    x = ConvBN(TOP, 1, name="top", **common)(x)
    common |= {"activation": None, "padding": "valid"}
    x = DepthwiseConvBN(x.shape[1:3], name="global", **common)(x)
    x = ConvBN(dimensions, 1, dtype=head_dtype(), name="embedding", **common)(x)
    x = layers.Flatten(dtype=head_dtype(), name="flatten")(x)
    return embedded(x, normalize)


def _torch_names():
    """Our layers and those of the PyTorch programs."""
    outer = (
        ("stem", "conv1"),
        ("stem_depthwise", "dw_conv1"),
        ("top", "conv2"),
        ("global", "linear7"),
        ("embedding", "linear1"),
    )
    for ours, theirs in outer:
        parts = ("conv", "bn") if theirs.startswith("linear") else ("conv", "bn", "prelu")
        yield from ((f"{ours}/{part}", f"{theirs}.{part}") for part in parts)
    # Convolution, normalisation and rectifier of a block are numbered through.
    places = {"expand": (0, 1, 2), "depthwise": (3, 4, 5), "project": (6, 7)}
    index = 0
    for stage, (_, _, depth, _) in enumerate(STAGES, 1):
        for block in range(1, depth + 1):
            for name, numbers in places.items():
                for part, number in zip(("conv", "bn", "prelu"), numbers, strict=False):
                    ours = f"stage{stage}_block{block}/{name}/{part}"
                    yield ours, f"blocks.{index}.conv.{number}"
            index += 1


def _check_shape(who, input_shape, facts):
    check_input_shape(who, input_shape, minimum=facts.minimum_size)
    if None in input_shape[:2]:
        raise ValueError(
            f"{who}: height and width must be given, because the last convolution weighs "
            f"every place of the feature map; got input_shape={input_shape!r}. Pass "
            f"(112, 96, 3), the size of aligned faces, or (112, 112, 3)."
        )


def _design(dimensions=128, normalize=False):
    return Design(
        name=NAME,
        body=lambda image, conventions: face_network(image, conventions, dimensions, normalize),
        origins={"torch": Conventions()},
        layouts={"torch": list(_torch_names())},
        options={"dimensions": dimensions},
        top=Top(heads=()),
        flattened={"global/conv": LAST_MAP},
        check_shape=_check_shape,
    )


register(NAME, _design)


def mobilefacenet(
    weights=None,
    dimensions=128,
    input_shape=(112, 96, 3),
    *,
    normalize=False,
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """MobileFaceNet, 1.0 M parameters.

    Args:
        weights: None for random ones, or the path of a file: dlzoo's own or a PyTorch
            program's.
        dimensions: Of the embedding.
        input_shape: `(height, width, channels)` in pixels, at least 32; (112, 96, 3) as in
            the published files, or the paper's (112, 112, 3). Images are RGB,
            `(pixels - 127.5) / 128`.
        normalize: Make embeddings of unit length; published files are compared by the
            cosine, which is the same.
        include_preprocessing: Take raw RGB of 0 to 255.
        origin: `"torch"`, the only one.
        name: Of the model.

    Returns:
        A functional `keras.Model`: `(batch, height, width, channels)` to embeddings
        `(batch, dimensions)`, float32. With weights it has a `load_report`.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """
    check_positive_int(NAME, "dimensions", dimensions)
    check_normalize(NAME, normalize)
    return build(
        _design(dimensions, normalize),
        weights=weights,
        classes=0,
        input_shape=input_shape,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
