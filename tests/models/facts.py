"""What is published of the classification zoo on ImageNet: the table of the project's facts."""

from dataclasses import dataclass

import pytest

import dlzoo


@dataclass(frozen=True)
class Published:
    """A line of the table.

    Attributes:
        parameters: Millions at 1000 classes, as printed.
        gmacs: As printed; None where nothing is.
        normalisation: What of `gmacs` is batch normalisation. timm's benchmark tables, where
            most lines come from, count two for each value that is normalised; papers,
            torchvision and dlzoo count convolutions and fully connected layers alone.
    """

    parameters: str
    gmacs: float | None
    normalisation: float = 0.0


FACTS = {
    "alexnet": Published("61.10", 0.71),
    "googlenet": Published("6.62", 1.50),
    "vgg16": Published("138.36", 15.47),
    "vgg19": Published("143.67", 19.63),
    "resnet18": Published("11.69", 1.82, 0.005),
    "resnet34": Published("21.80", 3.67, 0.007),
    "resnet50": Published("25.56", 4.11, 0.022),
    "resnet101": Published("44.55", 7.83, 0.032),
    "resnet152": Published("60.19", 11.56, 0.045),
    # The README of TF-slim prints 4.24 M; keras.applications and timm count 4,231,976.
    "mobilenet": Published("4.23", 0.57),
    "mobilenet_v2": Published("3.50", 0.31, 0.013),
    "efficientnet_b0": Published("5.29", 0.40, 0.013),
    "efficientnet_b1": Published("7.79", 0.71, 0.022),
    "efficientnet_b2": Published("9.11", 1.02, 0.028),
    "efficientnet_b3": Published("12.23", 1.87, 0.048),
    "efficientnet_b4": Published("19.34", 4.49, 0.099),
    "efficientnet_b5": Published("30.39", 10.46, 0.198),
    "efficientnet_b6": Published("43.04", 19.40, 0.335),
    "efficientnet_b7": Published("66.35", 38.33, 0.580),
    "lenet5": Published("0.06", None),
}


def origin_of(name):
    """The origin that the table tells of: torchvision's and timm's networks where there are."""
    card = dlzoo.card(name)
    return "torch" if "torch" in card.origins else card.default_origin


def check_work(model, name, origin):
    """`dlzoo.profile` of `model`, as it was published, agrees with what is published."""
    found = dlzoo.profile(model)
    published = dlzoo.card(name).gmacs_of(origin)
    assert found.multiply_adds / 1e9 == pytest.approx(published, rel=0.02)
    assert found.trainable_parameters == dlzoo.card(name).parameters[origin]
    assert found.parameters == model.count_params()
    assert found.not_counted == ()
    facts = FACTS.get(name)
    if facts and facts.normalisation and origin == origin_of(name):
        rows = [row for row in found.rows(None) if row.kind == "BatchNormalization"]
        normalisation = 2 * sum(row.activation_bytes // 4 for row in rows) / 1e9
        assert normalisation == pytest.approx(facts.normalisation, abs=0.0006)
        # With it, timm's figure to the last digit.
        assert round(found.multiply_adds / 1e9 + normalisation, 2) == facts.gmacs
