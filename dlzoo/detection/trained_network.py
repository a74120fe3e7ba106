"""What networks of detection have in common in the form in which they are trained."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers


@dataclass(frozen=True)
class TrainedDetector(ABC):
    """A network in the form in which it is trained.

    Attributes:
        name: Of the network.
        whole: Raw pixels of 0 to 255 to what it answers: candidates, or detections.
        core: The part of it that may compute in bfloat16.
        body: The backbone, a part of `core`; all of it where no such part is known.
        pretrained: Whether the body has learnt something that is worth keeping.
        load_report: What was loaded, if dlzoo did it.
    """

    name: str
    whole: keras.Model
    core: keras.Model
    body: keras.Model
    pretrained: bool
    load_report: Any = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.whole.input_shape[1:3]

    @property
    def head_layers(self) -> list[layers.Layer]:
        """All that is behind the backbone."""
        body = {id(layer) for layer in self.body.layers}
        return [layer for layer in self.whole.layers if id(layer) not in body]

    @property
    def on_features(self) -> None:
        """Features are not kept: heads learn more from augmented images."""
        return None

    @property
    def arrange(self) -> Callable[..., tuple] | None:
        """What brings a batch into the network's form; see `Batches`."""
        return None

    @abstractmethod
    def whole_model(
        self, augmentation: layers.Layer | None, dropout: float, seed: int
    ) -> keras.Model:
        """From images to what the loss takes."""

    @abstractmethod
    def loss(self) -> Any:
        """For `compile`; targets are `(batch, most, 5)`."""

    @abstractmethod
    def finished(self, labels: Sequence[str]) -> keras.Model:
        """From raw images to detections, with their names inside."""
