"""What is published where: a file a family, a `Card` a network."""

from dlzoo.weights.cards import (
    alexnet,
    efficientnet,
    googlenet,
    lenet5,
    mlp,
    mobilenet,
    mobilenet_v2,
    resnet,
    unet,
    vgg,
)
from dlzoo.weights.facts import Card

CARDS: tuple[Card, ...] = (
    *alexnet.CARDS,
    *googlenet.CARDS,
    *lenet5.CARDS,
    *mlp.CARDS,
    *resnet.CARDS,
    *mobilenet.CARDS,
    *mobilenet_v2.CARDS,
    *vgg.CARDS,
    *efficientnet.CARDS,
    *unet.CARDS,
)
