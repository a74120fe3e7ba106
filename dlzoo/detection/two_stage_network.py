"""Faster R-CNN in the form in which it is trained."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from dlzoo.detection.trained_network import TrainedDetector
from dlzoo.detection.two_stage import (
    first_inputs,
    roi_layer,
    training_losses,
    training_network,
)
from dlzoo.layers.box_labels import BoxLabels
from dlzoo.models import Network
from dlzoo.models.regions import HEADS
from dlzoo.training.image_models import encoder_part

SCORES = HEADS[0]
_INSIDE = {"rpn", "proposals", *HEADS}  # layers that training needs


class TwoStageNetwork(TrainedDetector):
    """Faster R-CNN: `whole`, which is `core`, too, answers detections."""

    def whole_model(
        self, augmentation: layers.Layer | None, dropout: float, seed: int
    ) -> keras.Model:
        return training_network(self.core, seed=seed)

    def loss(self) -> dict[str, keras.losses.Loss]:
        return training_losses()

    @property
    def arrange(self) -> Callable[..., tuple]:
        """The true boxes are an input, too, and the target of both losses."""
        return _arranged

    def finished(self, labels: Sequence[str]) -> keras.Model:
        answers = BoxLabels(labels, self.size, name="labels")(self.core.output)
        return Network(self.core.inputs, answers, name=self.name)


def _arranged(images, targets):
    return {"image": images, "truth": targets}, {"rpn": targets, "rois": targets}


def taken_two_stage(model: keras.Model, pretrained: bool, report: Any) -> TwoStageNetwork:
    """The parts of what `dlzoo.models.faster_rcnn` built."""
    # the body ends before the maps of all levels go on
    end = first_inputs(model, "rpn")[-1]
    body = encoder_part(model, end) if pretrained else model
    return TwoStageNetwork(model.name, model, model, body, pretrained, report)


def is_two_stage(model: keras.Model) -> bool:
    """Whether a model is one that `training_network` trains on true boxes alone."""
    inside = {layer.name for layer in model.layers} >= _INSIDE
    return inside and roi_layer(model) is not None
