"""AlexNet: what is published where."""

from dlzoo.weights.facts import Card, Preprocessing
from dlzoo.weights.publishers import torchvision_file

CARDS = (
    Card(
        name="alexnet",
        task="classification",
        title="ImageNet Classification with Deep Convolutional Neural Networks",
        paper=(
            "https://papers.nips.cc/paper/2012/hash/"
            "c399862d3b9d6b76c8436e924a68c45b-Abstract.html"
        ),
        year=2012,
        parameters={"torch": 61_100_840, "paper": 60_965_224},
        gmacs=0.714,
        input_size=224,
        minimum_size=64,
        weights=(torchvision_file("alexnet-owt-7be5be79", 233.087, 56.522, 79.066),),
        default_origin="torch",
        # The paper subtracts the mean picture; its mean is the pixel that Caffe subtracts.
        preprocessing=Preprocessing(1.0, (123.68, 116.779, 103.939), (1.0, 1.0, 1.0)),
    ),
)
