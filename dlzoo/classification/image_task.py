"""What all tasks about whole images have in common."""

from abc import abstractmethod
from typing import Any

from dlzoo.classification.settings import ClassSettings
from dlzoo.data import ImageDataset, TargetDataset
from dlzoo.training.image_augmentation import augmentation
from dlzoo.training.task import Task


class ImageTask(Task):
    """Answers about whole images, which augmentation leaves as they are.

    Attributes:
        outputs: How many scores the network's head has.
        human_error: Of people on such images, for the diagnosis, or None.
    """

    name = "classification"
    outputs: int

    def __init__(
        self, dataset: ImageDataset | TargetDataset, settings: ClassSettings, human_error: Any
    ):
        self.dataset = dataset
        self.settings = settings
        self.human_error = human_error

    @property
    def config(self):
        return {"human_error": self.human_error}

    @property
    @abstractmethod
    def takes_human_error(self) -> bool:
        """Whether the error of people is given as this task needs it."""

    def augmentation(self, seed):
        return augmentation(self.settings.augment, seed)
