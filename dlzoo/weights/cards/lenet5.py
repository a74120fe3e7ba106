"""LeNet-5: nothing is published but the paper."""

from dlzoo.weights.facts import Card, Preprocessing

CARDS = (
    Card(
        name="lenet5",
        task="classification",
        title="Gradient-Based Learning Applied to Document Recognition",
        paper="http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf",
        year=1998,
        # The modern form as courses count it, and the number in section II.B.
        parameters={"course": 61_706, "paper": 60_000},
        gmacs=0.000417,
        # Section II.B counts connections: C1 122,304, C3 151,600, C5 48,120, F6 10,164, output
        # 840. Without the biases among them (4,704, 1,600, 120 and 84) these are 326,520.
        origin_gmacs={"paper": 0.000326520},
        input_size=32,
        minimum_size=32,
        weights=(),
        default_origin="course",
        channels=1,
        classes=10,
        # Section II.B: -0.1 for the ground and 1.175 for the ink, which is bright here.
        preprocessing=Preprocessing(0.005, (0.1,), (1.0,), "grey", 32, 1.0),
    ),
)
