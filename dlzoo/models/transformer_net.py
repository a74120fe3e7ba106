"""The network that learns to paint in one style and then needs a single pass a picture.

Source: Johnson, Alahi and Fei-Fei 2016, https://arxiv.org/abs/1603.08155, supplementary
material, Table 1, with the instance normalisation of Ulyanov et al. 2016
(https://arxiv.org/abs/1607.08022).

Origin: `"torch"`, the program `fast_neural_style` of pytorch/examples, whose files load. It
leaves the paper where most do: instance instead of batch normalisation; every border is
mirrored, instead of 40 pixels of the picture once and then no padding; enlarging and
convolving instead of transposed convolutions (no checkerboard); no tanh at the end. One thing
is ours: sides that 4 does not divide come out as they went in, where that program adds pixels.

Example:
    >>> model = transformer_net(width=8)
    >>> picture = model(keras.ops.ones((1, 45, 50, 3)))  # raw RGB, as is what comes out
    >>> tuple(picture.shape)
    (1, 45, 50, 3)
"""

import keras
from keras import layers

from dlzoo._checks import check_choice, check_input_shape, check_positive_int
from dlzoo.layers import CropLike, ReflectionConv2D
from dlzoo.models import loading
from dlzoo.models.classifier import Conventions, Design, head_dtype
from dlzoo.models.network import BuiltAs, Network
from dlzoo.weights import card
from dlzoo.weights.porting import Top

NAME, ORIGIN = "transformer_net", "torch"
CONVENTIONS = Conventions(use_bias=True)
GREY = 127.5  # where the output starts: training need not find the middle of 0..255 first


def painting_network(image, width, blocks):
    """Wire it: `image` to a picture of the same size."""
    x = ReflectionConv2D(width, 9, name="stem")(image)
    x = ReflectionConv2D(2 * width, 3, strides=2, name="down1")(x)
    x = ReflectionConv2D(4 * width, 3, strides=2, name="down2")(x)
    for block in range(1, blocks + 1):
        y = ReflectionConv2D(4 * width, 3, name=f"res{block}_conv1")(x)
        y = ReflectionConv2D(4 * width, 3, activation=None, name=f"res{block}_conv2")(y)
        x = layers.Add(name=f"res{block}_add")([x, y])  # no activation after it: section 3
    x = ReflectionConv2D(2 * width, 3, upsample=2, name="up1")(x)
    x = ReflectionConv2D(width, 3, upsample=2, name="up2")(x)
    return to_picture(x, 9, image)


def to_picture(x, kernel_size, image, upsample=1):
    """The last convolution of a network that paints, cut to the size of `image`.

    It is float32 also in mixed precision: bfloat16 has a step of one grey level.
    """
    x = ReflectionConv2D(
        3,
        kernel_size,
        upsample=upsample,
        normalise=False,
        activation=None,
        bias_initializer=keras.initializers.Constant(GREY),
        dtype=head_dtype(),
        name="rgb",
    )(x)
    return CropLike(dtype=head_dtype(), name="picture")([x, image])


def _torch_names(blocks):
    """Our layers and those of pytorch/examples."""
    convolutions = [("stem", "conv1", "in1"), ("down1", "conv2", "in2")]
    convolutions += [("down2", "conv3", "in3")]
    for block in range(1, blocks + 1):
        for number in (1, 2):
            theirs = f"res{block}.conv{number}", f"res{block}.in{number}"
            convolutions.append((f"res{block}_conv{number}", *theirs))
    convolutions += [("up1", "deconv1", "in4"), ("up2", "deconv2", "in5")]
    for ours, conv, norm in convolutions:
        yield from ((f"{ours}/conv", f"{conv}.conv2d"), (f"{ours}/norm", norm))
    yield "rgb/conv", "deconv3.conv2d"


def _design(width=32, blocks=5):
    return Design(
        name=NAME,
        body=lambda image, conventions: painting_network(image, width, blocks),
        origins={ORIGIN: CONVENTIONS},
        layouts={"torchvision": list(_torch_names(blocks))},
        options={"width": width, "blocks": blocks},
        top=Top(heads=()),
        # Files of before PyTorch 1.0 hold averages that nobody uses.
        not_ours=("in?", "res?.in?"),
    )


loading.register(NAME, _design)


def transformer_net(
    weights=None,
    input_shape=(None, None, 3),
    *,
    width=32,
    blocks=5,
    origin=None,
    name=None,
) -> keras.Model:
    """Fast style transfer, one style a network; 1.68 M parameters at `width=32`.

    Args:
        weights: None for random ones, or the path of a file: dlzoo's own, or the state of
            pytorch/examples' `TransformerNet`.
        input_shape: `(height, width, 3)` in pixels, at least 5; None for a side of any size.
        width: Channels of the first convolution; 16 paints nearly 4 times as fast.
        blocks: Number of residual blocks.
        origin: `"torch"`, the only one.
        name: Of the model.

    Returns:
        A functional `keras.Model` from raw RGB of 0 to 255, `(batch, height, width, 3)`, to
        pictures of the same shape and scale. They may leave 0 to 255 a little: round and
        clip them. With weights it has a `load_report`.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """
    check_picture_shape(NAME, input_shape)
    check_positive_int(NAME, "width", width)
    check_positive_int(NAME, "blocks", blocks, minimum=0)
    if origin is not None:
        check_choice(NAME, "origin", origin, (ORIGIN,))
    design = _design(width, blocks)
    source = None if weights is None else loading.open_source(design, weights, origin)
    image = keras.Input(input_shape, name="image")
    x = BuiltAs(NAME, ORIGIN, design.options, dtype="float32")(image)
    model = Network(image, design.body(x, CONVENTIONS), name=name or NAME)
    if source is not None:
        model.load_report = loading.assign(model, source)
    return model


def check_picture_shape(who, input_shape):
    """`(height, width, 3)`, sides `None` or what the card's smallest one is."""
    smallest = card(who).minimum_size
    because = "there would be nothing to mirror at the border"
    check_input_shape(who, input_shape, minimum=smallest, because=because)
    if input_shape[2] != 3:
        raise ValueError(
            f"{who}: channels must be 3, because pictures are RGB; got {input_shape[2]} in "
            f"input_shape={input_shape!r}."
        )
