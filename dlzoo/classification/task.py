"""What a run has to know about its answers; what is left is the same for all of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo.classification.networks import Classifier
from dlzoo.data import ImageDataset, TargetDataset


class Task(ABC):
    """What is learnt about the images of a data set.

    Attributes:
        dataset: The images, divided.
        outputs: How many scores the network's head has.
        curves: Names of the figures to draw over the epochs.
    """

    dataset: ImageDataset | TargetDataset
    outputs: int
    curves: tuple[str, ...]

    @property
    def config(self) -> dict[str, Any]:
        """What the result depends on beside data and settings; plain values."""
        return {}

    def takes_human_error(self, human_error: Any) -> bool:
        """Whether the error of people is given as this task needs it: one number."""
        return not isinstance(human_error, Mapping)

    @abstractmethod
    def targets(self, split: str) -> Any:
        """What the loss compares scores with, indexable by example."""

    def weights(self, split: str) -> np.ndarray | None:
        """The weight of each example in the loss, or None."""
        return None

    @abstractmethod
    def loss(self) -> Any:
        """From scores (logits), for `compile`."""

    @abstractmethod
    def metrics(self) -> list[Any]:
        """New ones, for `compile`."""

    @abstractmethod
    def score(self, logs: Mapping[str, float]) -> tuple[float, ...]:
        """How good an epoch was on dev: higher is better, the first number counts most."""

    @abstractmethod
    def answers(self, scores: np.ndarray) -> Any:
        """What the finished model answers, from scores."""

    @abstractmethod
    def finished(self, classifier: Classifier) -> keras.Model:
        """From raw images to answers, with their names inside."""

    @abstractmethod
    def report(self, answers: Mapping[str, Any], human_error: Any, **facts: Any) -> Any:
        """The report on the answers to each split; `facts` are those of any task."""

    @abstractmethod
    def draw(self, report: Any, answers: Mapping[str, Any], folder: Path) -> None:
        """Write the pictures into `folder`."""
