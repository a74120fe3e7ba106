"""U-Net: down to what is in the picture, up again to where it is.

Source: Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597, Figure 1.

Origins: `"paper"` (convolutions without padding, so the answer is smaller than the image:
572 to 388 pixels; what is handed across is cropped), `"course"` (deeplearning.ai: padding,
32 channels at the top, transposed 3x3 convolutions and one more convolution at the end) and
`"torch"` (milesial/Pytorch-UNet: padding and batch normalisation; takes any size).

Example:
    >>> model = unet(origin="paper", input_shape=(572, 572, 1))
    >>> model.output_shape, f"{model.count_params():,}"
    ((None, 388, 388, 2), '31,030,658')
    >>> unet(classes=11, input_shape=(None, None, 3), width=16).output_shape
    (None, None, None, 11)
"""

from dataclasses import dataclass

import keras
from keras import layers

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.layers import ConvBN, CornerUpsampling2D, MatchSides
from dlzoo.models.classifier import Conventions, Design, build
from dlzoo.models.loading import register
from dlzoo.models.segmentation_heads import (
    DEPTH_HINT,
    check_multiple,
    feature_map,
    pixel_head,
)
from dlzoo.weights import card

LEVELS = 5  # resolutions
SMALLEST = 188  # side that leaves something with origin "paper": 4 pixels


@dataclass(frozen=True)
class UNetConventions(Conventions):
    """What an origin does beside the drawing.

    Attributes:
        width: Channels at the top, where the caller does not say; twice as many a level.
        padded: Convolutions keep the size.
        norm: Batch normalisation after each.
        up_kernel: Side of the transposed convolutions.
        dropout: Share of features silenced at the two lowest levels of the way down.
        skip_first: What is handed across comes before what comes up.
        extra: One more convolution at the end.
        shown: Input that its authors show.
    """

    width: int = 64
    padded: bool = True
    norm: bool = False
    up_kernel: int = 2
    dropout: float = 0.0
    skip_first: bool = True
    extra: bool = False
    shown: tuple[int, int, int] = (640, 960, 3)


ORIGINS = {
    "torch": UNetConventions(norm=True),
    "paper": UNetConventions(padded=False, dropout=0.5, shown=(572, 572, 1)),
    "course": UNetConventions(
        width=32,
        up_kernel=3,
        dropout=0.3,
        skip_first=False,
        extra=True,
        shown=(96, 128, 3),
    ),
}


def u_network(image, conventions, width, upsampling):
    """Wire the body: `image` to the feature map before the head."""
    _check_sides(tuple(image.shape[1:]), conventions)
    width = width or conventions.width
    x = image
    across = []
    for level in range(1, LEVELS + 1):
        if level > 1:
            across.append(x)
            x = layers.MaxPooling2D(2, name=f"stage{level}_pool")(x)
        lowest = level == LEVELS
        channels = width * 2 ** (level - 1)
        halved = lowest and upsampling == "bilinear"  # what comes up keeps its channels
        x = _two(x, (channels // (2 if halved else 1),) * 2, f"stage{level}", conventions)
        if conventions.dropout and level >= LEVELS - 1:
            x = layers.Dropout(conventions.dropout, name=f"stage{level}_dropout")(x)
    for level in range(LEVELS - 1, 0, -1):
        channels = width * 2 ** (level - 1)
        x = _joined(x, across.pop(), channels, f"up{level}", conventions, upsampling)
        if upsampling == "bilinear":
            widths = (channels, channels // (2 if level > 1 else 1))
        else:
            widths = (channels, channels)
        x = _two(x, widths, f"up{level}", conventions)
    if conventions.extra:
        x = _convolution(x, width, "last", conventions)
    return x


def _check_sides(input_shape, conventions):
    """Fixed sides that can be brought up again."""
    step = 2 ** (LEVELS - 1)
    if not conventions.padded:
        because = "with origin 'paper', because every pooling must meet an even side"
        check_multiple("unet", input_shape, step, because, first=SMALLEST)
    elif not conventions.norm:
        check_multiple("unet", input_shape, step, f"so that {DEPTH_HINT}")


def _two(x, widths, name, conventions):
    """Two convolutions."""
    for number, channels in enumerate(widths, 1):
        x = _convolution(x, channels, f"{name}_conv{number}", conventions)
    return x


def _convolution(x, channels, name, conventions):
    if conventions.norm:
        return ConvBN(channels, 3, name=name)(x)
    padding = "same" if conventions.padded else "valid"
    he = "he_normal"  # section 3: a standard deviation of sqrt(2 / N)
    return layers.Conv2D(
        channels, 3, padding=padding, activation="relu", kernel_initializer=he, name=name
    )(x)


def _joined(x, skip, channels, name, conventions, upsampling):
    """What comes up, at twice its sides, beside what is handed across."""
    if upsampling == "bilinear":
        x = CornerUpsampling2D(name=f"{name}_up")(x)
    else:
        x = layers.Conv2DTranspose(
            channels, conventions.up_kernel, strides=2, padding="same", name=f"{name}_up"
        )(x)
    if conventions.padded:
        x = MatchSides(name=f"{name}_match")((x, skip))
    else:
        skip = MatchSides(name=f"{name}_match")((skip, x))
    pair = [skip, x] if conventions.skip_first else [x, skip]
    return layers.Concatenate(name=f"{name}_join")(pair)


def _convolutions():
    """Names of the double convolutions, in the order of the network."""
    for name in (*(f"stage{n}" for n in range(1, 6)), *(f"up{n}" for n in range(4, 0, -1))):
        yield from ((name, number) for number in (1, 2))


def _torch_names(upsampling):
    """Our layers and those of milesial/Pytorch-UNet."""
    blocks = {"stage1": "inc"}
    blocks |= {f"stage{n + 1}": f"down{n}.maxpool_conv.1" for n in range(1, LEVELS)}
    blocks |= {f"up{LEVELS - n}": f"up{n}.conv" for n in range(1, LEVELS)}
    for ours, number in _convolutions():
        theirs, place = f"{blocks[ours]}.double_conv", 3 * (number - 1)
        yield f"{ours}_conv{number}/conv", f"{theirs}.{place}"
        yield f"{ours}_conv{number}/bn", f"{theirs}.{place + 1}"
    if upsampling == "transposed":
        yield from ((f"up{LEVELS - n}_up", f"up{n}.up") for n in range(1, LEVELS))
    yield "head", "outc.conv"


def _own_layers(origin, upsampling):
    """Our layers with weights under an origin."""
    if ORIGINS[origin].norm:
        return [ours for ours, _ in _torch_names(upsampling)]
    names = [f"{name}_conv{number}" for name, number in _convolutions()]
    names += [f"up{level}_up" for level in range(LEVELS - 1, 0, -1)]
    return [*names, *(["last"] if ORIGINS[origin].extra else []), "head"]


def _design(width=None, upsampling="transposed"):
    origins = ORIGINS if upsampling == "transposed" else {"torch": ORIGINS["torch"]}
    return Design(
        name="unet",
        body=lambda image, conventions: u_network(image, conventions, width, upsampling),
        origins=origins,
        layouts={"milesial": list(_torch_names(upsampling))},
        options={"width": width, "upsampling": upsampling},
        to_vector=feature_map,
        head=pixel_head,
        # The course's layers are the paper's and one more: it is tried first.
        layers={
            origin: _own_layers(origin, upsampling)
            for origin in ("torch", "course", "paper")
            if origin in origins
        },
    )


register("unet", _design)


def unet(
    weights=None,
    classes=2,
    input_shape=None,
    *,
    width=None,
    upsampling="transposed",
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """U-Net, 31.0 M parameters at 64 channels.

    Args:
        classes: Of the pixels; 0 for the feature map before the head.
        input_shape: `(height, width, channels)`, any number of channels; `None` for a side
            of any size. None alone for what the origin's authors show: (572, 572, 1) of
            `"paper"`, (96, 128, 3) of `"course"`, (640, 960, 3) of `"torch"`. Fixed sides
            are multiples of 16 with origin `"course"`, and `188 + 16 n` with `"paper"`;
            `"torch"` takes any from 16 pixels.
        width: Channels at the top, doubled at each level; None for the origin's: 64, or 32
            of `"course"`.
        upsampling: `"transposed"`, or `"bilinear"` (origin `"torch"` only): fewer
            parameters, because it has no weights and half of the channels go up.
        classifier_activation: `"softmax"` over the classes, `"sigmoid"` (for one class), or
            None for logits.

    The other arguments are as in `dlzoo.models.build`. The result gives `(batch, height,
    width, classes)`; with origin `"paper"` each side is 184 pixels smaller than the image's.
    """
    check_choice("unet", "upsampling", upsampling, ("transposed", "bilinear"))
    if width is not None:
        check_positive_int("unet", "width", width, minimum=2)
    if upsampling == "bilinear" and origin not in (None, "torch"):
        raise ValueError(
            f"unet: origin must be 'torch' with upsampling='bilinear', because the others go "
            f"up by transposed convolutions; got {origin!r}."
        )
    if origin is not None:
        check_choice("unet", "origin", origin, tuple(ORIGINS))
    if input_shape is None:
        input_shape = ORIGINS[origin or card("unet").default_origin].shown
    return build(
        _design(width, upsampling),
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        classifier_activation=classifier_activation,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
