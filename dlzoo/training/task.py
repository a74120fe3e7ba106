"""What a run has to know about its task; what is left is the same for all of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

import keras
import numpy as np

from dlzoo.data import decode
from dlzoo.training.batches import Batches
from dlzoo.training.inference import forward

FORWARD_BATCH = 64  # images at once where nothing is learnt


class HeadOnFeatures(Protocol):
    """A head that can be trained on what the body answered once."""

    def head_model(self, dropout: float, seed: int) -> keras.Model:
        """From features of the body to scores."""

    def head_scores(self, features: np.ndarray) -> np.ndarray:
        """The same without dropout, for features of all examples."""


class TrainedNetwork(Protocol):
    """A network in the form in which it is trained: a body, and a head that always trains.

    Attributes:
        name: Of the network.
        body: Raw RGB of 0 to 255 to features; what may have learnt something before.
        head_layers: The layers behind the body.
        core: All that may compute in bfloat16.
        on_features: The head by itself; None if features are too large to be kept.
        pretrained: Whether the body has learnt something that is worth keeping.
        load_report: What was loaded, if dlzoo did it.
    """

    @property
    def name(self) -> str: ...
    @property
    def body(self) -> keras.Model: ...
    @property
    def head_layers(self) -> list[keras.layers.Layer]: ...
    @property
    def core(self) -> keras.Model: ...
    @property
    def on_features(self) -> HeadOnFeatures | None: ...
    @property
    def pretrained(self) -> bool: ...
    @property
    def load_report(self) -> Any: ...

    def whole_model(
        self, augmentation: keras.layers.Layer | None, dropout: float, seed: int
    ) -> keras.Model:
        """From images to scores."""


class Task(ABC):
    """What is learnt about the images of a data set, and how.

    Attributes:
        name: Of the task, as in `dlzoo.list_models(task=...)`.
        dataset: The images, divided: `splits`, `notes`, `fingerprint`.
        curves: Names of the figures to draw over the epochs.
        loss_on_dev: Whether the loss is computed on dev, too; else `measure` alone counts.
    """

    name: ClassVar[str]
    forward_batch: ClassVar[int] = FORWARD_BATCH
    loss_on_dev: ClassVar[bool] = True
    dataset: Any
    curves: tuple[str, ...]

    @property
    def config(self) -> dict[str, Any]:
        """What the result depends on beside data and settings; plain values."""
        return {}

    def images(self, split: str, size: tuple[int, int]) -> Any:
        """The inputs of a split, `uint8`, indexable by example."""
        return decode(self.dataset.splits[split], size)

    @abstractmethod
    def targets(self, split: str) -> Any:
        """What the loss compares scores with, indexable by example."""

    def weights(self, split: str) -> np.ndarray | None:
        """The weight of each example in the loss, or None."""
        return None

    def augmentation(self, seed: int) -> keras.layers.Layer | None:
        """What changes images in front of the network, where the target stays as it is."""
        return None

    def change(self) -> Callable[..., tuple] | None:
        """What changes images together with their targets; see `Batches`."""
        return None

    def arrange(self) -> Callable[..., tuple] | None:
        """What brings batches, also those of dev, into the network's form; see `Batches`."""
        return None

    def batches(self, inputs: Any, batch_size: int, **options: Any) -> Batches:
        """How the training examples are dealt out; `options` are those of `Batches`."""
        return Batches(inputs, self.targets("train"), batch_size, **options)

    def callbacks(self) -> list[keras.callbacks.Callback]:
        """Who else looks on while a stage trains; new ones for each stage."""
        return []

    @abstractmethod
    def loss(self) -> Any:
        """From scores (logits), for `compile`."""

    @abstractmethod
    def metrics(self) -> list[Any]:
        """New ones, for `compile`."""

    def measure(self, network: Any, images: Any) -> Callable[[], Mapping[str, float]] | None:
        """What is measured on dev after every epoch where Keras's metrics cannot do it.

        Args:
            network: What is trained.
            images: Those of dev.

        Returns:
            A function that gives name to number, or None.
        """
        return None

    @abstractmethod
    def score(self, logs: Mapping[str, float]) -> tuple[float, ...]:
        """How good an epoch was on dev: higher is better, the first number counts most."""

    @abstractmethod
    def answers(self, scores: np.ndarray) -> Any:
        """What the finished model answers, from scores."""

    def test(self, model: keras.Model, images: Any, split: str) -> Any:
        """What the finished model answers to a split."""
        return forward(model, images, self.forward_batch, what=f"Testing on {split}")

    @abstractmethod
    def finished(self, network: Any) -> keras.Model:
        """From raw images to answers, with their names inside."""

    @abstractmethod
    def report(self, answers: Mapping[str, Any], **facts: Any) -> Any:
        """The report on the answers to each split; `facts` are those of any task."""

    @abstractmethod
    def report_from(self, values: Mapping[str, Any]) -> Any:
        """The report back from its `to_dict()`."""

    @abstractmethod
    def draw(self, report: Any, answers: Mapping[str, Any], folder: Path) -> None:
        """Write the pictures into `folder`."""
