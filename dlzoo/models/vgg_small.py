"""A slim VGG that travels with the package: style transfer and losses without a download.

Our own, after Simonyan and Zisserman 2014 (https://arxiv.org/abs/1409.1556): five stages of
3x3 convolutions as in their Table 1, but narrow, and a single fully connected layer on their
average. Between the stages it averages, too, where they take the maximum: Gatys et al. 2015
(https://arxiv.org/abs/1508.06576) put that into VGG-19 because pictures come out better.

Trained on Tiny ImageNet by `applications/transfer_style/train_features.py`, with batch
normalisation, which is folded into kernels and biases afterwards; what ships is plain
convolutions, whose channels style transfer reads as it does VGG-19's.

Example:
    >>> body = vgg_small(classes=0, input_shape=(None, None, 3))
    >>> body.output_shape
    (None, None, None, 256)
"""

import keras
from keras import layers

from dlzoo._checks import check_choice
from dlzoo.models.classifier import Conventions, Design, build
from dlzoo.models.loading import register
from dlzoo.models.vgg import convolutions, plain_network

DEPTHS = (2, 2, 2, 3, 2)  # convolutions in each stage
WIDTHS = (32, 64, 128, 192, 256)


def _design(batch_norm=False):
    names = [f"stage{stage}_conv{number}" for stage, number in convolutions(DEPTHS)]
    parts = ("/conv", "/bn") if batch_norm else ("",)
    return Design(
        name="vgg_small",
        body=lambda image, conventions: plain_network(
            image, conventions, DEPTHS, WIDTHS, batch_norm, layers.AveragePooling2D
        ),
        origins={"dlzoo": Conventions()},
        options={"batch_norm": batch_norm},
        layers=[[*(name + part for name in names for part in parts), "head"]],
    )


register("vgg_small", _design)


def vgg_small(
    weights=None,
    classes=200,
    input_shape=(64, 64, 3),
    *,
    batch_norm=False,
    pooling=None,
    classifier_activation="softmax",
    include_preprocessing=False,
    origin=None,
    name=None,
) -> keras.Model:
    """A slim VGG of 12 layers, 2.26 M parameters; its weights come with the package.

    Args:
        weights: `"tiny_imagenet"` needs no network; the others as in `dlzoo.models.build`.
        batch_norm: Normalise after each convolution, for training from scratch.

    The other arguments and the result are as in `dlzoo.models.build`.
    """
    check_choice("vgg_small", "batch_norm", batch_norm, (True, False))
    return build(
        _design(bool(batch_norm)),
        weights=weights,
        classes=classes,
        input_shape=input_shape,
        pooling=pooling,
        classifier_activation=classifier_activation,
        include_preprocessing=include_preprocessing,
        origin=origin,
        name=name,
    )
