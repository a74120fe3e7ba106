"""The choices of `fine_tune` for detection."""

from dataclasses import dataclass
from typing import ClassVar

from dlzoo.training.settings import Pace, Settings

AUGMENTATIONS = (
    "flip",
    "flip_vertical",
    "scale",
    "crop",
    "brightness",
    "contrast",
    "saturation",
    "mosaic",
)
USUAL = ("flip", "scale", "crop", "brightness", "contrast", "saturation", "mosaic")


@dataclass(frozen=True)
class BoxSettings(Settings):
    """See `dlzoo.detection.fine_tune`."""

    AUGMENTATIONS: ClassVar = AUGMENTATIONS
    USUAL: ClassVar = USUAL
    FEW: ClassVar = 0  # a picture has many examples
    MANY: ClassVar = 0
    HEAD: ClassVar = Pace(epochs=5, adamw=2e-3, sgd=0.02)
    TUNING: ClassVar = Pace(epochs=60, adamw=5e-4, sgd=0.01)
    SCRATCH: ClassVar = Pace(epochs=100, adamw=1e-3, sgd=0.01, warmup=3)

    batch_size: int = 8
    dropout: float = 0.0
    patience: int = 20
