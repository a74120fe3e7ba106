"""AlexNet: the network that won ImageNet in 2012.

Sources: Krizhevsky, Sutskever and Hinton 2012,
https://papers.nips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html, and
Krizhevsky 2014, https://arxiv.org/abs/1404.5997.

Origins: `"torch"` (torchvision: the one tower of 2014, without normalisation; the feature
map is pooled to 6x6, so the head takes any size) and `"paper"` (2012: two groups of filters
in convolutions 2, 4 and 5, one a graphics card; local response normalisation; the head reads
the feature map, so it is for images of one size). No weights of the latter are published.

The paper's first convolution answers 55x55 to 224x224 pixels: `ceil((224 - 11) / 4) + 1`, as
the author's program counted. The last window hangs 3 pixels over the edge, and so it does
here. Frameworks that round down need 227 pixels for the same; 227 works here, too, and then
nothing hangs over.

Example:
    >>> model = alexnet(classes=0, origin="paper", input_shape=(227, 227, 3))
    >>> model.get_layer("stage1_conv").output.shape, model.output_shape
    ((None, 55, 55, 96), (None, 6, 6, 256))
"""

from dataclasses import dataclass

from keras import initializers, layers

from dlzoo.layers import AdaptiveAveragePooling2D, GroupedConv2D, LocalResponseNormalization
from dlzoo.models.classifier import Conventions, Design, classifier, head_dtype
from dlzoo.weights.porting import Top

HIDDEN = 4096  # units of the fully connected layers
GRID = 6  # side of the feature map of the published image


@dataclass(frozen=True)
class Variant(Conventions):
    """What the two AlexNets do differently.

    Attributes:
        widths: Channels of the five convolutions.
        stem_pad: Zeros before and after each side, for the first convolution.
        groups: Of convolutions 2, 4 and 5.
        normalise: Local response normalisation after convolutions 1 and 2.
        grid: Cells a side that the head's map is pooled to, or None.
        drop_before: Dropout before a fully connected layer; the paper drops what comes out.
        scale: Standard deviation of the first kernels; None for He's.
    """

    widths: tuple[int, ...] = ()
    stem_pad: tuple[int, int] = (0, 0)
    groups: int = 1
    normalise: bool = False
    grid: int | None = None
    drop_before: bool = False
    scale: float | None = None


# Section 3.5; the standard deviation is in section 5.
PAPER = Variant(
    widths=(96, 256, 384, 384, 256), stem_pad=(0, 3), groups=2, normalise=True, scale=0.01
)
TORCH = Variant(widths=(64, 192, 384, 256, 256), stem_pad=(2, 2), grid=GRID, drop_before=True)


def convolutional_network(image, variant):
    """Wire the body: `image` to the feature map after the third pooling.

    A stage is a convolution, with the pooling before it.
    """
    x = layers.ZeroPadding2D((variant.stem_pad, variant.stem_pad), name="stem_pad")(image)
    for stage, (width, side) in enumerate(
        zip(variant.widths, (11, 5, 3, 3, 3), strict=True), 1
    ):
        if stage in (2, 3):  # windows of 3 in steps of 2 overlap (section 3.4)
            x = layers.MaxPooling2D(3, strides=2, name=f"stage{stage}_pool")(x)
        split = stage in (2, 4, 5)
        x = GroupedConv2D(
            width,
            side,
            strides=4 if stage == 1 else 1,
            padding="valid" if stage == 1 else "same",
            groups=variant.groups if split else 1,
            activation="relu",
            name=f"stage{stage}_conv",
            **_first_values(variant, bias=split),
        )(x)
        if variant.normalise and stage in (1, 2):
            x = LocalResponseNormalization(name=f"stage{stage}_norm")(x)
    return layers.MaxPooling2D(3, strides=2, name="top_pool")(x)


def flat(x, variant):
    """The feature map as a vector for the head."""
    if variant.grid:
        x = AdaptiveAveragePooling2D(variant.grid, name="pool")(x)
    elif None in x.shape[1:3]:
        raise ValueError(
            "alexnet: height and width must be given for a head of origin 'paper', because "
            f"it reads every pixel of the feature map; got one of {tuple(x.shape)}. Pass "
            "input_shape=(height, width, 3), origin='torch', or classes=0."
        )
    return layers.Flatten(name="flatten")(x)


def head(x, classes, activation, variant):
    """Three fully connected layers; the last is "head"."""
    values = _first_values(variant, bias=True)
    for name in ("fc1", "fc2"):
        if variant.drop_before:
            x = layers.Dropout(0.5, name=f"{name}_dropout")(x)
        x = layers.Dense(HIDDEN, activation="relu", name=name, **values)(x)
        if not variant.drop_before:
            x = layers.Dropout(0.5, name=f"{name}_dropout")(x)
    last = _first_values(variant, bias=False)
    return layers.Dense(
        classes, activation=activation, dtype=head_dtype(), name="head", **last
    )(x)


def _first_values(variant, *, bias):
    """Initial values (section 5): where `bias`, ones let rectifiers begin with signal."""
    if variant.scale is None:
        return {"kernel_initializer": "he_normal"}
    values = {"kernel_initializer": initializers.RandomNormal(stddev=variant.scale)}
    return values | {"bias_initializer": "ones" if bias else "zeros"}


NAMES = ("stage1_conv", "stage2_conv", "stage3_conv", "stage4_conv", "stage5_conv",
         "fc1", "fc2", "head")  # fmt: skip
TORCH_NAMES = ("features.0", "features.3", "features.6", "features.8", "features.10",
               "classifier.1", "classifier.4", "classifier.6")  # fmt: skip

ALEXNET = Design(
    name="alexnet",
    body=convolutional_network,
    origins={"torch": TORCH, "paper": PAPER},
    layouts={"torchvision": list(zip(NAMES, TORCH_NAMES, strict=True))},
    to_vector=flat,
    head=head,
    top=Top(hidden=("fc1", "fc2")),
    flattened={"fc1": (GRID, GRID)},
)


@classifier(ALEXNET)
def alexnet():
    """AlexNet, 61.1 M parameters (origin `"paper"`: 61.0 M).

    Arguments and result as in `dlzoo.models.build`.
    """
