"""What is published where: a file a family, a `Card` a network."""

from dlzoo.weights.cards import (
    alexnet,
    efficientnet,
    faces,
    fast_rcnn,
    faster_rcnn,
    googlenet,
    lenet5,
    localizer,
    mlp,
    mobilenet,
    mobilenet_v2,
    mtcnn,
    resnet,
    style,
    unet,
    vgg,
    vgg_small,
    yolo,
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
    *vgg_small.CARDS,
    *efficientnet.CARDS,
    *localizer.CARDS,
    *style.CARDS,
    *unet.CARDS,
    *yolo.CARDS,
    *fast_rcnn.CARDS,
    *faster_rcnn.CARDS,
    *mtcnn.CARDS,
    *faces.CARDS,
)
