"""The choices of `fine_tune` for classification."""

from dataclasses import dataclass
from typing import ClassVar

from dlzoo.training.image_augmentation import AUGMENTATIONS
from dlzoo.training.settings import Settings


@dataclass(frozen=True)
class ClassSettings(Settings):
    """See `dlzoo.training.settings`."""

    AUGMENTATIONS: ClassVar = tuple(AUGMENTATIONS)
