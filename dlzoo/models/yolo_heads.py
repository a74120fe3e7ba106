"""What the YOLO networks have in common: the design around a body, and the heads."""

from collections.abc import Sequence

from keras import layers

from dlzoo.layers import ConvBN, ObjectnessPrior, YOLOCandidates, leaky_tenth
from dlzoo.models.classifier import Conventions, Design, check_image_shape, head_dtype
from dlzoo.models.segmentation_heads import check_multiple, feature_map
from dlzoo.weights.porting import Top

# OpenCV and Darknet's program for processors add 1e-6, the latter behind the root; its
# program for GPUs adds 1e-5. Published weights answer the same within rounding.
DARKNET = Conventions(epsilon=1e-6, momentum=0.99)


def convolution(x, filters, size, name, strides=1, conventions=DARKNET):
    """Darknet's brick: convolution, batch normalisation, leaky rectifier."""
    return ConvBN(
        filters,
        size,
        strides,
        activation=leaky_tenth,
        epsilon=conventions.epsilon,
        momentum=conventions.momentum,
        name=name,
    )(x)


def checked_shape(stride):
    """A check that fixed sides are multiples of the largest stride."""

    def check(who, input_shape, facts):
        check_image_shape(who, input_shape, facts)
        check_multiple(who, input_shape, stride, "so that the scales' cells fit together")

    return check


def yolo_head(anchors, strides, scores):
    """A 1x1 convolution a scale, named "head_stride<n>", then the list of candidates."""

    def build_head(maps, classes, activation, conventions):
        outputs = 5 + classes
        answers = [
            layers.Conv2D(
                len(scale) * outputs,
                1,
                bias_initializer=ObjectnessPrior(outputs),
                dtype=head_dtype(),
                name=head_name(stride),
            )(maps[f"stride{stride}"])
            for stride, scale in zip(strides, anchors, strict=True)
        ]
        return YOLOCandidates(classes, anchors, strides, scores, name="candidates")(answers)

    return build_head


def head_name(stride):
    return f"head_stride{stride}"


def by_scale(anchors, strides, who):
    """`(width, height)` pairs dealt out to the scales: the largest to the coarsest.

    Args:
        anchors: Pairs in pixels, of all scales together.
        strides: From coarse to fine.
    """
    pairs = sorted(
        (tuple(map(float, pair)) for pair in anchors), key=lambda pair: pair[0] * pair[1]
    )
    share, left = divmod(len(pairs), len(strides))
    if left or not share:
        raise ValueError(
            f"{who}: anchors must be as many for each of the {len(strides)} scales; got "
            f"{len(pairs)}."
        )
    return tuple(
        tuple(pairs[place * share : (place + 1) * share])
        for place in reversed(range(len(strides)))
    )


def darknet_design(name, body, names, anchors, strides, scores, options):
    """The design of a published network.

    Args:
        name: On the card.
        body: `image -> {"stride<n>": map}`.
        names: Its convolutions in Darknet's order, heads among them.
        anchors, strides, scores: As in `YOLOCandidates`.
        options: As in `Design`.
    """
    heads = tuple(head_name(stride) for stride in strides)
    return Design(
        name=name,
        body=lambda image, conventions: body(image),
        origins={"darknet": DARKNET},
        layouts={"darknet": list(_pairs(names, heads))},
        options=options,
        to_vector=feature_map,
        head=yolo_head(anchors, strides, scores),
        top=Top(heads=heads, step=len(anchors[0])),
        check_shape=checked_shape(max(strides)),
    )


def _pairs(names: Sequence[str], heads: Sequence[str]):
    """Our layers and their places in Darknet's files."""
    for number, name in enumerate(names):
        if name in heads:
            yield name, f"{number}"
        else:
            yield from ((f"{name}/bn", f"{number}/bn"), (f"{name}/conv", f"{number}/conv"))
