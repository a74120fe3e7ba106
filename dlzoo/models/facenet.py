"""FaceNet on Inception-ResNet v1: faces to points on a sphere, a person's close together.

Sources: Schroff, Kalenichenko and Philbin 2015, https://arxiv.org/abs/1503.03832 (the idea and
the triplet loss); Szegedy, Ioffe, Vanhoucke and Alemi 2016,
https://arxiv.org/abs/1602.07261, Figures 10 to 14 (the network).

Origin: `"torch"`, facenet-pytorch, whose files are those of David Sandberg's facenet. It
leaves the paper in three things: the 3x3 convolution that ends the stem strides instead of a
pooling, the last of the six blocks at the end adds all that it found (scale 1) without a
rectifier, and batch normalisation has epsilon 1e-3.

Example:
    >>> model = facenet(dimensions=128, input_shape=(96, 96, 3))
    >>> model.output_shape
    (None, 128)
"""

import keras
from keras import layers

from dlzoo._checks import check_positive_int
from dlzoo.layers import (
    BatchNormalization,
    ConvBN,
    InceptionReduction,
    InceptionResidual,
    InvertedDropout,
)
from dlzoo.models.classifier import Conventions, Design, build, head_dtype
from dlzoo.models.embedding import check_normalize, embedded
from dlzoo.models.loading import register

NAME = "facenet"
TORCH = Conventions(epsilon=1e-3)
# The bricks of the stem, Figure 14: filters, kernel size, strides, padding.
STEM = {
    "stage1_conv1": (32, 3, 2, "valid"),
    "stage1_conv2": (32, 3, 1, "valid"),
    "stage1_conv3": (64, 3, 1, "symmetric"),
    "stage2_conv1": (80, 1, 1, "valid"),
    "stage2_conv2": (192, 3, 1, "valid"),
    "stage3_conv": (256, 3, 2, "valid"),
}
# Figures 10, 11 and 13: the branches, filters and kernel size of each brick.
A = (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (32, 3), (32, 3)))
B = (((128, 1),), ((128, 1), (128, (1, 7)), (128, (7, 1))))
C = (((192, 1),), ((192, 1), (192, (1, 3)), (192, (3, 1))))
# Figure 7 with k, l, m, n of Table 1, and Figure 12.
REDUCE_A = (((384, 3, 2),), ((192, 1), (192, 3), (256, 3, 2)))
REDUCE_B = (
    ((256, 1), (384, 3, 2)),
    ((256, 1), (256, 3, 2)),
    ((256, 1), (256, 3), (256, 3, 2)),
)
# Stage: what halves the sides, then the branches, number and scale of its blocks.
STAGES = {3: (None, A, 5, 0.17), 4: (REDUCE_A, B, 10, 0.10), 5: (REDUCE_B, C, 5, 0.20)}
DROPOUT = 0.6  # share of features silenced in training


def inception_resnet(image, conventions, dimensions):
    """Wire it: `image` to the embedding, which has any length."""
    norm = {"epsilon": conventions.epsilon, "momentum": conventions.momentum}
    x = image
    for name, (filters, kernel_size, strides, padding) in STEM.items():
        if name == "stage2_conv1":
            x = layers.MaxPooling2D(3, strides=2, name="stage2_pool")(x)
        x = ConvBN(filters, kernel_size, strides, padding=padding, name=name, **norm)(x)
    for stage, (reduction, chains, depth, scale) in STAGES.items():
        if reduction:
            x = InceptionReduction(reduction, name=f"stage{stage}_reduce", **norm)(x)
        for block in range(1, depth + 1):
            x = InceptionResidual(chains, scale, name=f"stage{stage}_block{block}", **norm)(x)
    x = InceptionResidual(C, 1.0, activation=None, name="stage5_block6", **norm)(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = InvertedDropout(1 - DROPOUT, name="dropout")(x)
    norm["dtype"] = head_dtype()
    x = layers.Dense(dimensions, use_bias=False, dtype=head_dtype(), name="embedding")(x)
    return BatchNormalization(name="embedding_bn", **norm)(x)


def _torch_names():
    """Our layers and those of facenet-pytorch."""
    theirs = ("1a", "2a", "2b", "3b", "4a", "4b")
    bricks = {ours: f"conv2d_{their}" for ours, their in zip(STEM, theirs, strict=True)}
    for stage, mixed in ((4, "mixed_6a"), (5, "mixed_7a")):
        bricks |= _chain_names(f"stage{stage}_reduce", mixed, STAGES[stage][0])
    blocks = {"stage5_block6": "block8"}
    for number, (stage, (_, _, depth, _)) in enumerate(STAGES.items(), 1):
        for block in range(depth):
            blocks[f"stage{stage}_block{block + 1}"] = f"repeat_{number}.{block}"
    for ours, their in blocks.items():
        bricks |= _chain_names(ours, their, STAGES[int(ours[5])][1])
        yield f"{ours}/project", f"{their}.conv2d"
    for ours, their in bricks.items():
        yield from ((f"{ours}/conv", f"{their}.conv"), (f"{ours}/bn", f"{their}.bn"))
    yield from (("embedding", "last_linear"), ("embedding_bn", "last_bn"), ("head", "logits"))


def _chain_names(ours, theirs, chains):
    """The bricks of a block; a chain of one brick has no number."""
    return {
        f"{ours}/branch{row}_{place}": f"{theirs}.branch{row}"
        + (f".{place}" if len(chain) > 1 else "")
        for row, chain in enumerate(chains)
        for place in range(len(chain))
    }


def _design(dimensions=512, normalize=True):
    def body(image, conventions):
        return embedded(inception_resnet(image, conventions, dimensions), normalize)

    return Design(
        name=NAME,
        body=body,
        origins={"torch": TORCH},
        layouts={"torch": list(_torch_names())},
        options={"dimensions": dimensions},
        to_vector=lambda x, conventions: x,
    )


register(NAME, _design)


def facenet(
    weights=None,
    dimensions=512,
    input_shape=(160, 160, 3),
    *,
    classes=0,
    normalize=True,
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """FaceNet on Inception-ResNet v1, 23.5 M parameters with 512 dimensions.

    Args:
        weights: None for random ones; `"vggface2"` or `"casia-webface"`, fetched once; or the
            path of a file: dlzoo's own or facenet-pytorch's.
        dimensions: Of the embedding: 512 as in the published files, or the paper's 128.
        input_shape: `(height, width, channels)` in pixels, at least 75; `None` for a side of
            any size. Images are RGB, `(pixels - 127.5) / 128`.
        classes: 0 for the embedding; else logits of so many people, as the published files
            were trained; they read the embedding as it is, not of unit length.
        normalize: Make embeddings of unit length; without effect on classes.
        include_preprocessing: Take raw RGB of 0 to 255.
        origin: `"torch"`, the only one.
        name: Of the model.

    Returns:
        A functional `keras.Model`: `(batch, height, width, channels)` to embeddings
        `(batch, dimensions)` or logits `(batch, classes)`, float32. With weights it has a
        `load_report`.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.WeightsError` where the weights
            cannot be had or do not fit.
    """
    check_positive_int(NAME, "dimensions", dimensions)
    check_normalize(NAME, normalize)
    return build(
        _design(dimensions, normalize and not classes),
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        classifier_activation=None,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
