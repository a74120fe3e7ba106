"""The network that travels with the package: trained by ourselves."""

from dlzoo.weights.facts import IMAGENET, Card, Weights

_PREPROCESSING = IMAGENET.at(size=64, crop_fraction=1.0)

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
        weights=(
            Weights(
                name="tiny_imagenet",
                origin="dlzoo",
                url="package:vgg_small_tiny_imagenet.safetensors",
                filename="vgg_small_tiny_imagenet.safetensors",
                hash="sha256:5881ba3122e222d5",
                megabytes=4.306,
                top1=49.1,
                top5=75.6,
                licence="Apache-2.0",
                preprocessing=_PREPROCESSING,
                labels="tiny_imagenet",
                options={"batch_norm": False},
                note="trained on Tiny ImageNet, 200 classes, 100,000 photographs, 15 epochs by "
                "applications/transfer_style/train_features.py; accuracy on its val set",
            ),
        ),
        default_origin="dlzoo",
        classes=200,
        preprocessing=_PREPROCESSING,
    ),
)
