"""Fast R-CNN: nothing is published for it in a form that we read but the backbones' weights."""

from dlzoo.weights.facts import Card

# counted: VGG-16 without its head, 134,260,544, and 21 x 5 numbers from 4096, for Pascal VOC
_PARAMETERS = 134_690_729

CARDS = (
    Card(
        name="fast_rcnn",
        task="detection",
        title="Fast R-CNN",
        paper="https://arxiv.org/abs/1504.08083",
        year=2015,
        parameters={"keras": _PARAMETERS, "torch": _PARAMETERS},
        gmacs=353.0,  # counted, with 2000 proposals, of which 240 in the layers that see each
        input_size=608,
        minimum_size=32,
        weights=(),  # the encoder's are on the card of the backbone
        default_origin="keras",
        classes=20,
    ),
)
