"""Networks that paint: sizes; no weights are published at a lasting address."""

from dlzoo.weights.facts import Card, Preprocessing

RAW = Preprocessing(1.0, (0.0,), (1.0,), size=256, crop_fraction=1.0)

CARDS = (
    Card(
        name="transformer_net",
        task="style",
        title="Perceptual Losses for Real-Time Style Transfer and Super-Resolution",
        paper="https://arxiv.org/abs/1603.08155",
        year=2016,
        # Of fast_neural_style in pytorch/examples.
        parameters={"torch": 1_679_235},
        gmacs=10.079,
        input_size=256,
        minimum_size=5,
        weights=(),
        default_origin="torch",
        classes=None,
        preprocessing=RAW,
    ),
    Card(
        name="adain",
        task="style",
        title="Arbitrary Style Transfer in Real-Time with Adaptive Instance Normalization",
        paper="https://arxiv.org/abs/1703.06868",
        year=2017,
        # The decoder; the encoder is VGG-19 up to relu4_1 and frozen.
        parameters={"paper": 3_505_219},
        gmacs=47.450,  # the encoder twice, for a content and a style of 256 pixels
        input_size=256,
        minimum_size=1,
        weights=(),
        default_origin="paper",
        classes=None,
        preprocessing=RAW,
    ),
)
