"""Faster R-CNN in the form in which it is trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from dlzoo.detection.two_stage import training_losses, training_network
from dlzoo.layers.box_labels import BoxLabels
from dlzoo.models import Network
from dlzoo.models.faster_rcnn import HEADS
from dlzoo.training.image_models import encoder_part

SCORES = HEADS[0]
_INSIDE = {"rpn", "proposals", "roi_align", *HEADS}  # layers that training needs


@dataclass(frozen=True)
class TwoStageNetwork:
    """A network in the form in which it is trained.

    Attributes:
        name: Of the network.
        core: Raw pixels of 0 to 255 to detections.
        body: The backbone, a part of `core`; all of it where no such part is known.
        pretrained: Whether the body has learnt something that is worth keeping.
        load_report: What was loaded, if dlzoo did it.
    """

    name: str
    core: keras.Model
    body: keras.Model
    pretrained: bool
    load_report: Any = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.core.input_shape[1:3]

    @property
    def head_layers(self) -> list[layers.Layer]:
        """All that is behind the backbone."""
        body = {id(layer) for layer in self.body.layers}
        return [layer for layer in self.core.layers if id(layer) not in body]

    @property
    def on_features(self) -> None:
        """Features are not kept: heads learn more from augmented images."""
        return None

    def whole_model(
        self, augmentation: layers.Layer | None, dropout: float, seed: int
    ) -> keras.Model:
        """From images and true boxes to what the losses of both stages take."""
        return training_network(self.core, seed=seed)

    def loss(self) -> dict[str, keras.losses.Loss]:
        """Of each stage."""
        return training_losses()

    def arrange(self, images: Any, targets: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A batch as `whole_model` takes it: the true boxes are an input, too."""
        return {"image": images, "truth": targets}, {"rpn": targets, "rois": targets}

    def finished(self, labels: Sequence[str]) -> keras.Model:
        """From raw images to detections, with their names inside."""
        answers = BoxLabels(labels, self.size, name="labels")(self.core.output)
        return Network(self.core.inputs, answers, name=self.name)


def taken_two_stage(model: keras.Model, pretrained: bool, report: Any) -> TwoStageNetwork:
    """The parts of what `dlzoo.models.faster_rcnn` built."""
    # the body ends before the maps of all levels go on
    end = model.get_layer("rpn")._inbound_nodes[0].input_tensors[-1]
    body = encoder_part(model, end) if pretrained else model
    return TwoStageNetwork(model.name, model, body, pretrained, report)


def is_two_stage(model: keras.Model) -> bool:
    """Whether a model is one that `training_network` trains."""
    return {layer.name for layer in model.layers} >= _INSIDE
