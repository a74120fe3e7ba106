"""GoogLeNet: what is published where."""

from dlzoo.weights.facts import INCEPTION, Card
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
        # Table 1 adds up to 1.502, with 34 M for the first convolution; its 7 * 7 * 3 * 64
        # weights on 112 * 112 pixels are 118 M.
        origin_gmacs={"paper": 1.586},
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
