"""Networks of detection in the form in which they are trained; that of YOLO.

Whatever network comes in is brought into this form, on a copy: the caller's model stays as
it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers

from dlzoo.detection.trained_network import TrainedDetector
from dlzoo.detection.two_stage_network import (
    SCORES,
    is_two_stage,
    taken_two_stage,
)
from dlzoo.layers import YOLOCandidates
from dlzoo.layers.box_labels import BoxLabels
from dlzoo.layers.inside import sublayers
from dlzoo.layers.raw_pixels import preprocessing_layer
from dlzoo.models import Network, create_model, yolo_detector, yolo_loss
from dlzoo.models.taps import tensors_before
from dlzoo.training import seeded
from dlzoo.training.image_models import encoder_part, first_weights, flat, origin

LOWEST = 0.01  # score of what a finished detector answers
_HEAD = "head_"  # how names of layers begin that make candidates


class YoloNetwork(TrainedDetector):
    """YOLO: `whole` answers candidates, which are not decoded."""

    def whole_model(
        self, augmentation: layers.Layer | None, dropout: float, seed: int
    ) -> keras.Model:
        image = keras.Input(self.whole.input.shape[1:], name="image")
        x = image if augmentation is None else augmentation(image)
        return keras.Model(image, self.whole(x), name="training")

    def loss(self) -> keras.losses.Loss:
        return yolo_loss(self.whole)

    def finished(self, labels: Sequence[str]) -> keras.Model:
        image = self.whole.input
        # layers anew, in the precision that they have now
        network = Network(image, flat(self.whole, image), name=self.name)
        # AP wants the unsure ones, too; `predict` has a threshold of its own
        detector = yolo_detector(network, score_threshold=LOWEST)
        answers = BoxLabels(labels, self.size, name="labels")(detector.output)
        return Network(image, answers, name=self.name)


def from_zoo(
    name: str,
    weights: Any,
    classes: int,
    size: tuple[int, int],
    seed: int,
    options: Mapping[str, Any],
) -> TrainedDetector:
    """A network of the zoo.

    Args:
        name: Of the network.
        weights: `"auto"` are the first on its card or on that of its backbone, or none.
        classes: Of the objects.
        size: Height and width of the images.
        seed: Of what is random.
        options: Of the builder.
    """
    weights = first_weights(name, weights, options)
    with seeded(seed):
        model = create_model(
            name,
            weights,
            classes=classes,
            input_shape=(*size, 3),
            include_preprocessing=True,
            **options,
        )
    _classes(model)  # raises where it is another kind of detector
    return _taken(model, weights is not None, getattr(model, "load_report", None))


def from_model(
    model: keras.Model, classes: int, preprocessing: Any, seed: int, *, pretrained: bool = True
) -> TrainedDetector:
    """A network of dlzoo's builders, for the same number of classes; a copy is used."""
    own = _classes(model)
    if own != classes:
        raise ValueError(
            f"fine_tune: model must be for {classes} classes, as the data are; "
            f"{model.name!r} is for {own}. Build it with classes={classes}, or give its name "
            f"and weights=."
        )
    report = getattr(model, "load_report", None)
    with seeded(seed):
        whole = keras.models.clone_model(model)
        whole.set_weights(model.get_weights())
        layer = preprocessing_layer(model, preprocessing)
        if layer is not None and is_two_stage(model):
            raise ValueError(
                f"fine_tune: preprocessing must be inside of {model.name!r} already, because "
                f"its stages are found by their layers. Build it with "
                f"include_preprocessing=True."
            )
        if layer is not None:
            image = keras.Input(model.input_shape[1:], name="image")
            whole = Network(image, flat(whole, layer(image)), name=model.name)
    return _taken(whole, pretrained, report)


def _classes(model):
    """Of how many kinds the objects are that a network finds."""
    found = [layer for layer in sublayers(model) if isinstance(layer, YOLOCandidates)]
    if found and len(model.outputs) == 1:
        return found[0].classes
    if is_two_stage(model):
        return model.get_layer(SCORES).units - 1  # and the background
    raise ValueError(
        f"fine_tune: model must be a network that answers candidates, e.g. "
        f"dlzoo.models.yolo_v3(), or a dlzoo.models.faster_rcnn(); got {model.name!r}. A "
        f"fast_rcnn is trained by dlzoo.detection.train_fast_rcnn."
    )


def _taken(model, pretrained, report):
    """The parts of a network."""
    if is_two_stage(model):
        return taken_two_stage(model, pretrained, report)
    inside = tensors_before(model.output)
    maps = [origin(tensor)[1] for name, tensor in inside.items() if name.startswith(_HEAD)]
    core = Network(model.input, maps, name=f"{model.name}_core")
    body = encoder_part(core, model.output) if pretrained else core
    return YoloNetwork(model.name, model, core, body, pretrained, report)
