"""U-Net on a network that learnt to tell images apart: its stages are the way down.

Sources: Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597; with a pretrained
encoder: Iglovikov and Shvets 2018, https://arxiv.org/abs/1801.05746. The decoder is that of
segmentation_models_pytorch's `Unet`, whose files load.

Origins are the backbone's.

Example:
    >>> model = unet_backbone(classes=11, input_shape=(64, 96, 3), backbone="mobilenet_v2")
    >>> model.output_shape
    (None, 64, 96, 11)
"""

import math
from collections.abc import Mapping, Sequence

import keras
from keras import layers

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.layers import ConvBN, MatchSides
from dlzoo.models.backbones import STRIDE, maps_by_stride, own_names, with_stages
from dlzoo.models.classifier import Design, build, head_dtype
from dlzoo.models.loading import design_of, register
from dlzoo.models.segmentation_heads import DEPTH_HINT, check_multiple, feature_map
from dlzoo.weights import card

DECODER = (256, 128, 64, 32, 16)  # segmentation_models_pytorch's
UPSAMPLING = ("nearest", "bilinear", "transposed")


def backbone_network(image, conventions, encoder, decoder, upsampling):
    """Wire the body: `image` to the feature map before the head."""
    across = maps_by_stride("unet_backbone", encoder.name, encoder.body(image, conventions))
    x = across.pop(STRIDE)
    for number, channels in enumerate(decoder, 1):
        skip = across.get(STRIDE >> number)
        x = _doubled(x, channels, f"up{number}", upsampling)
        if skip is not None:
            x = MatchSides(name=f"up{number}_match")((x, skip))
            x = layers.Concatenate(name=f"up{number}_join")([x, skip])
        for place in (1, 2):
            x = ConvBN(channels, 3, name=f"up{number}_conv{place}")(x)
    if len(decoder) == _doublings():  # sides that 32 does not divide were rounded up
        x = MatchSides(name="match")((x, image))
    return x


def _doubled(x, channels, name, upsampling):
    if upsampling == "transposed":
        return layers.Conv2DTranspose(channels, 2, strides=2, name=f"{name}_up")(x)
    return layers.UpSampling2D(2, interpolation=upsampling, name=f"{name}_up")(x)


def _doublings():
    return int(math.log2(STRIDE))


def _head(decoder):
    """A 3x3 convolution; what the decoder left of the doubling is done to its scores."""

    def build_head(x, classes, activation, conventions):
        dtype = head_dtype()
        left = STRIDE >> len(decoder)
        last = None if left > 1 else activation
        x = layers.Conv2D(
            classes, 3, padding="same", activation=last, dtype=dtype, name="head"
        )(x)
        if left == 1:
            return x
        x = layers.UpSampling2D(left, interpolation="bilinear", dtype=dtype, name="enlarge")(x)
        return layers.Activation(activation, dtype=dtype, name="scores")(x)

    return build_head


def _decoder_names(decoder, upsampling):
    """Our layers of the decoder and segmentation_models_pytorch's."""
    for number in range(1, len(decoder) + 1):
        theirs = f"decoder.blocks.{number - 1}"
        for place in (1, 2):
            ours = f"up{number}_conv{place}"
            yield f"{ours}/conv", f"{theirs}.conv{place}.0"
            yield f"{ours}/bn", f"{theirs}.conv{place}.1"
        if upsampling == "transposed":  # which their decoder has not
            yield f"up{number}_up", f"{theirs}.up"
    yield "head", "segmentation_head.0"


def _design(backbone="resnet34", backbone_options=None, decoder=DECODER, upsampling="nearest"):
    encoder = design_of(backbone, **(backbone_options or {}))
    decoder = tuple(decoder)
    inside = own_names(encoder, "torchvision")
    after = list(_decoder_names(decoder, upsampling))
    layouts = {}
    if "torchvision" in encoder.layouts:
        layouts["smp"] = [(ours, f"encoder.{theirs}") for ours, theirs in inside] + after
    return Design(
        name="unet_backbone",
        body=lambda image, conventions: backbone_network(
            image, conventions, encoder, decoder, upsampling
        ),
        origins=encoder.origins,
        layouts=layouts,
        options={
            "backbone": backbone,
            "backbone_options": dict(backbone_options or {}),
            "decoder": list(decoder),
            "upsampling": upsampling,
        },
        to_vector=feature_map,
        head=_head(decoder),
        layers=[[ours for ours, _ in inside + after]],
        encoder=encoder,
    )


register("unet_backbone", _design)


def unet_backbone(
    weights=None,
    classes=2,
    input_shape=None,
    *,
    backbone: str = "resnet34",
    backbone_options: Mapping | None = None,
    decoder: Sequence[int] = DECODER,
    upsampling="nearest",
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """U-Net on a backbone; 24.4 M parameters with ResNet-34.

    Args:
        weights: None; a name on the card of the backbone (`"imagenet"`) or a file of its
            weights, for the encoder, while the decoder stays random; or a file for the whole
            network: dlzoo's own or segmentation_models_pytorch's.
        classes: Of the pixels; 0 for the feature map before the head.
        input_shape: `(height, width, channels)`; fixed sides are multiples of 32; `None`
            for a side of any size. None alone for (224, 224, 3).
        backbone: A classification network of the zoo whose stages halve the image five
            times: `"mobilenet_v2"`, `"resnet34"`, `"efficientnet_b0"`, `"vgg16"` ...
        backbone_options: Arguments of its builder that change its layers, e.g.
            `{"alpha": 0.5}`.
        decoder: Channels at each doubling on the way up, five at most. With fewer, the
            scores are enlarged bilinearly by what is left, which saves most of the time of
            the last, largest feature maps.
        upsampling: `"nearest"`, `"bilinear"` or `"transposed"` (2x2 convolutions).
        classifier_activation: `"softmax"` over the classes, `"sigmoid"` (for one class), or
            None for logits.
        origin: One of the backbone's.

    The other arguments are as in `dlzoo.models.build`. The result gives `(batch, height,
    width, classes)`, and a `load_report` where there are weights.
    """
    who = "unet_backbone"
    check_choice(who, "backbone", backbone, with_stages())
    check_choice(who, "upsampling", upsampling, UPSAMPLING)
    if not isinstance(decoder, Sequence) or not 1 <= len(decoder) <= _doublings():
        raise ValueError(
            f"{who}: decoder must be 1 to {_doublings()} numbers of channels, because the "
            f"image is halved {_doublings()} times; got {decoder!r}."
        )
    for channels in decoder:
        check_positive_int(who, "each of decoder", channels)
    if input_shape is None:
        input_shape = card(who).input_shape
    check_multiple(who, input_shape, STRIDE, f"so that {DEPTH_HINT}")
    return build(
        _design(backbone, backbone_options, decoder, upsampling),
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        classifier_activation=classifier_activation,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
