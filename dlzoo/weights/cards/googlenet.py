"""GoogLeNet: what is published where."""

from dlzoo.weights.card import INCEPTION, Card
from dlzoo.weights.publishers import torchvision_file

CARDS = (
    Card(
        name="googlenet",
        task="classification",
        title="Going Deeper with Convolutions",
        paper="https://arxiv.org/abs/1409.4842",
        year=2014,
        # Without auxiliary heads; the paper's as counted in Caffe's bvlc_googlenet.
        parameters={"torch": 6_624_904, "paper": 6_998_552},
        gmacs=1.498,
        input_size=224,
        minimum_size=32,
        weights=(
            torchvision_file(
                "googlenet-1378be20",
                49.731,
                69.778,
                89.530,
                preprocessing=INCEPTION,
                note="its auxiliary heads are not pretrained",
            ),
        ),
        default_origin="torch",
        preprocessing=INCEPTION,
    ),
)
