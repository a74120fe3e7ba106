"""The network that travels with the package: trained by ourselves."""

from dlzoo.weights.facts import IMAGENET, Card

CARDS = (
    Card(
        name="vgg_small",
        task="classification",
        title="Very Deep Convolutional Networks for Large-Scale Image Recognition",
        paper="https://arxiv.org/abs/1409.1556",
        year=2014,
        parameters={"dlzoo": 2_256_424},
        gmacs=0.2277,
        input_size=64,
        minimum_size=32,
        weights=(),
        default_origin="dlzoo",
        classes=200,
        preprocessing=IMAGENET.at(size=64, crop_fraction=1.0),
    ),
)
