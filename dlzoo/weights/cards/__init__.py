"""What is published where: a file a family, a `Card` a network."""

from dlzoo.weights.card import Card
from dlzoo.weights.cards import mobilenet, mobilenet_v2, resnet

CARDS: tuple[Card, ...] = (
    *resnet.CARDS,
    *mobilenet.CARDS,
    *mobilenet_v2.CARDS,
)
