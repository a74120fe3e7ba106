"""The localiser: nothing is published for it but the backbones' weights."""

from dlzoo.weights.facts import Card

_PARAMETERS = 2_725_640  # counted: MobileNetV2's body, and 8 numbers from 7 x 7 x 1280

CARDS = (
    Card(
        name="localizer",
        task="detection",
        title="OverFeat: Integrated Recognition, Localization and Detection",
        paper="https://arxiv.org/abs/1312.6229",
        year=2013,
        parameters={"keras": _PARAMETERS, "torch": _PARAMETERS},
        gmacs=0.300,
        input_size=224,
        minimum_size=32,
        weights=(),  # the encoder's are on the card of the backbone
        default_origin="keras",
        classes=3,
    ),
)
