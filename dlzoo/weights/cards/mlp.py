"""Fully connected networks: nothing is published but papers."""

from dlzoo.weights.facts import Card, Preprocessing

CARDS = (
    Card(
        name="mlp",
        task="classification",
        title="Learning Representations by Back-Propagating Errors",
        paper="https://doi.org/10.1038/323533a0",
        year=1986,
        # 28x28-300-10, LeCun et al. 1998, section III.C.3.
        parameters={"course": 238_510},
        gmacs=0.000238,
        input_size=28,
        minimum_size=1,
        weights=(),
        default_origin="course",
        channels=1,
        classes=10,
        preprocessing=Preprocessing(1 / 255, (0.0,), (1.0,), "rgb", 28, 1.0),
    ),
)
