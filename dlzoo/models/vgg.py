"""VGG: nothing but 3x3 convolutions, 2x2 poolings and three fully connected layers.

Source: Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556, Table 1, columns D
and E. With `batch_norm=True`, batch normalisation after each convolution (torchvision's
`vgg16_bn`; the paper is older than the idea).

Origins: `"keras"` (keras.applications: BGR images; the head reads the feature map pixel by
pixel, so it is for images of one size) and `"torch"` (torchvision: the map is pooled to 7x7
first, so the head takes any size; dropout in training). timm's files are torchvision's;
on images larger than 224 timm slides the head over the map, we pool as torchvision does.

Example:
    >>> body = vgg16(classes=0, input_shape=(None, None, 3))
    >>> body.output_shape
    (None, None, None, 512)
"""

from dataclasses import dataclass

import keras
from keras import layers

from dlzoo._checks import check_choice
from dlzoo.layers import AdaptiveAveragePooling2D, ConvBN
from dlzoo.layers.conv_bn import HE_NORMAL
from dlzoo.models.classifier import Conventions, Design, build, head_dtype
from dlzoo.models.loading import register
from dlzoo.weights.porting import Top

# Table 1: convolutions in each stage. The widths are the same in every variant.
DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)
HIDDEN = 4096  # units of the fully connected layers
GRID = 7  # side of the feature map of an image of 224 pixels


@dataclass(frozen=True)
class HeadConventions(Conventions):
    """What the head does: pool the map to `grid` cells a side or not, and drop units."""

    grid: int | None = None
    dropout: float = 0.0


KERAS = HeadConventions()  # without the paper's dropout
TORCH = HeadConventions(grid=GRID, dropout=0.5)
TORCH_BATCH_NORM = HeadConventions(use_bias=True, grid=GRID, dropout=0.5)


def plain_network(image, conventions, depths, widths, batch_norm, pooling=layers.MaxPooling2D):
    """Wire the body: `image` to the feature map after the last pooling.

    A stage is what works at one resolution: it begins with the pooling before it.
    """
    x = image
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True), 1):
        if stage > 1:
            x = pooling(2, name=f"stage{stage}_pool")(x)
        for number in range(1, depth + 1):
            name = f"stage{stage}_conv{number}"
            if batch_norm:
                x = ConvBN(width, 3, use_bias=conventions.use_bias, name=name)(x)
            else:
                x = _convolution(width, name)(x)
    return pooling(2, name="top_pool")(x)


def _convolution(width, name):
    return layers.Conv2D(
        width, 3, padding="same", activation="relu", kernel_initializer=HE_NORMAL, name=name
    )


def flat(x, conventions, variant):
    """The feature map as a vector for the head."""
    if conventions.grid:
        x = AdaptiveAveragePooling2D(conventions.grid, name="pool")(x)
    elif None in x.shape[1:3]:
        raise ValueError(
            f"{variant}: height and width must be given for a head of origin 'keras', because "
            f"it reads every pixel of the feature map; got one of {tuple(x.shape)}. Pass "
            "input_shape=(height, width, 3), origin='torch', or classes=0."
        )
    return layers.Flatten(name="flatten")(x)


def head(x, classes, activation, conventions):
    """Three fully connected layers; the last is "head"."""
    for name in ("fc1", "fc2"):
        x = layers.Dense(HIDDEN, "relu", kernel_initializer="he_normal", name=name)(x)
        if conventions.dropout:
            x = layers.Dropout(conventions.dropout, name=f"{name}_dropout")(x)
    return layers.Dense(classes, activation=activation, dtype=head_dtype(), name="head")(x)


def convolutions(depths):
    """Stage and number of each convolution."""
    for stage, depth in enumerate(depths, 1):
        yield from ((stage, number) for number in range(1, depth + 1))


def _keras_names(variant):
    for stage, number in convolutions(DEPTHS[variant]):
        yield f"stage{stage}_conv{number}", f"block{stage}_conv{number}"
    yield from (("fc1", "fc1"), ("fc2", "fc2"), ("head", "predictions"))


def _torch_names(variant, batch_norm, top):
    """Our layers and torchvision's, which counts poolings and activations, too."""
    place = -1
    before = 1
    for stage, number in convolutions(DEPTHS[variant]):
        ours, pooled = f"stage{stage}_conv{number}", stage - before
        before = stage
        place += 1 + pooled
        if batch_norm:
            yield from (
                (f"{ours}/conv", f"features.{place}"),
                (f"{ours}/bn", f"features.{place + 1}"),
            )
        else:
            yield ours, f"features.{place}"
        place += 2 if batch_norm else 1  # the activation is the last
    yield from zip(("fc1", "fc2", "head"), top, strict=True)


def _design(variant, batch_norm=False):
    origins = {"torch": TORCH_BATCH_NORM if batch_norm else TORCH}
    torchvision = ("classifier.0", "classifier.3", "classifier.6")
    timm = ("pre_logits.fc1", "pre_logits.fc2", "head.fc")
    layouts = {
        "torchvision": list(_torch_names(variant, batch_norm, torchvision)),
        "timm": list(_torch_names(variant, batch_norm, timm)),
    }
    if not batch_norm:
        origins["keras"] = KERAS
        layouts["keras"] = list(_keras_names(variant))
    return Design(
        name=variant,
        body=lambda image, conventions: plain_network(
            image, conventions, DEPTHS[variant], WIDTHS, batch_norm
        ),
        origins=origins,
        layouts=layouts,
        options={"batch_norm": batch_norm},
        to_vector=lambda x, conventions: flat(x, conventions, variant),
        head=head,
        top=Top(hidden=("fc1", "fc2")),
        flattened={"fc1": (GRID, GRID)},
    )


register("vgg16", lambda batch_norm=False: _design("vgg16", batch_norm))
register("vgg19", lambda batch_norm=False: _design("vgg19", batch_norm))


def vgg16(
    weights=None,
    classes=1000,
    input_shape=(224, 224, 3),
    *,
    batch_norm=False,
    pooling=None,
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """VGG-16, 138.4 M parameters, of which 123.6 M are in the head.

    Args:
        batch_norm: Normalise after each convolution; with origin `"torch"` only.

    The other arguments and the result are as in `dlzoo.models.build`.
    """
    return build(
        _checked("vgg16", batch_norm, origin),
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        pooling=pooling,
        classifier_activation=classifier_activation,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )


def vgg19(
    weights=None,
    classes=1000,
    input_shape=(224, 224, 3),
    *,
    batch_norm=False,
    pooling=None,
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """VGG-19, 143.7 M parameters; its layers are what style transfer looks at.

    Args:
        batch_norm: Normalise after each convolution; with origin `"torch"` only.

    The other arguments and the result are as in `dlzoo.models.build`.
    """
    return build(
        _checked("vgg19", batch_norm, origin),
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        pooling=pooling,
        classifier_activation=classifier_activation,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )


def _checked(variant, batch_norm, origin):
    check_choice(variant, "batch_norm", batch_norm, (True, False))
    if batch_norm and origin == "keras":
        raise ValueError(
            f"{variant}: origin must be 'torch' with batch_norm=True, because "
            f"keras.applications has no such network; got {origin!r}."
        )
    return _design(variant, bool(batch_norm))
