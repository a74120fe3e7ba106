"""Networks for faces: what is published where."""

from dlzoo.weights.facts import Card, Preprocessing

# Aligned faces come in the size of the network: nothing is cropped.
_HALF = Preprocessing(1.0, (127.5,), (128.0,), size=112, crop_fraction=1.0)

CARDS = (
    Card(
        name="mobilefacenet",
        task="faces",
        title="MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification",
        paper="https://arxiv.org/abs/1804.07573",
        year=2018,
        # Counted for the paper's 112 x 112; it prints 0.99 M and 221 M multiply-adds.
        parameters={"torch": 1_003_136},
        gmacs=0.221,
        input_size=112,
        minimum_size=32,
        weights=(),
        default_origin="torch",
        classes=None,
        preprocessing=_HALF,
    ),
)
