"""The choices of `fine_tune` for segmentation."""

from dataclasses import dataclass
from typing import Any, ClassVar

from dlzoo._checks import check_pair
from dlzoo.segmentation.objectives import check_loss, describe_loss
from dlzoo.training.settings import Pace, Settings

AUGMENTATIONS = (
    "flip",
    "flip_vertical",
    "rotate",
    "scale",
    "elastic",
    "brightness",
    "contrast",
)
USUAL = ("flip", "scale", "brightness", "contrast")


@dataclass(frozen=True)
class MaskSettings(Settings):
    """See `dlzoo.segmentation.fine_tune`."""

    AUGMENTATIONS: ClassVar = AUGMENTATIONS
    USUAL: ClassVar = USUAL
    FEW: ClassVar = 0  # a picture has thousands of examples
    MANY: ClassVar = 0
    HEAD: ClassVar = Pace(epochs=10, adamw=3e-3, sgd=0.05)
    TUNING: ClassVar = Pace(epochs=40, adamw=1e-3, sgd=0.02)
    SCRATCH: ClassVar = Pace(epochs=60, adamw=1e-3, sgd=0.05, warmup=3)

    batch_size: int = 8
    dropout: float = 0.0
    patience: int = 20
    crop: tuple[int, int] | None = None
    loss: Any = "cross_entropy+dice"
    border_weights: bool = False

    def __post_init__(self):
        super().__post_init__()
        check_loss(self.loss)
        if self.crop is not None:
            check_pair("fine_tune", "crop", self.crop)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they come back from JSON."""
        return super().to_dict() | {"loss": describe_loss(self.loss)}
