"""The choices of `dlzoo.faces.train`."""

from dataclasses import dataclass
from typing import Any, ClassVar

from dlzoo._checks import check_choice, check_positive_int
from dlzoo.faces.objectives import LOSSES, chosen_loss
from dlzoo.losses.triplet import MININGS
from dlzoo.training.image_augmentation import AUGMENTATIONS
from dlzoo.training.settings import Pace, Settings


@dataclass(frozen=True)
class FaceSettings(Settings):
    """See `dlzoo.faces.train`."""

    AUGMENTATIONS: ClassVar = AUGMENTATIONS
    FEW: ClassVar = 0  # a batch of n images has n (n - 1) / 2 examples
    MANY: ClassVar = 0
    HEAD: ClassVar = Pace(epochs=10, adamw=1e-3, sgd=0.05)
    TUNING: ClassVar = Pace(epochs=30, adamw=1e-4, sgd=5e-3)
    SCRATCH: ClassVar = Pace(epochs=80, adamw=1e-3, sgd=0.05, warmup=5)

    batch_size: int = 64
    dropout: float = 0.0
    patience: int = 20
    loss: str = "triplet"
    mining: str = "semi_hard"
    margin: float | None = None
    scale: float = 64.0
    images_per_person: int = 4

    def __post_init__(self):
        super().__post_init__()
        who = "fine_tune"
        check_choice(who, "loss", self.loss, LOSSES)
        check_choice(who, "mining", self.mining, MININGS)
        check_positive_int(who, "images_per_person", self.images_per_person, minimum=2)
        chosen_loss(self)  # raises if margin or scale is out of its range
        if self.batch_size % self.images_per_person or self.people < 2:
            raise ValueError(
                f"{who}: batch_size must be images_per_person times a whole number of people, "
                f"at least 2; got {self.batch_size} with images_per_person="
                f"{self.images_per_person}."
            )
        if self.class_weights is not None:
            raise ValueError(
                f"{who}: class_weights must be None for faces, because everybody comes as "
                f"often as anybody else already; got {self.class_weights!r}."
            )

    @property
    def people(self) -> int:
        """How many come in a batch."""
        return self.batch_size // self.images_per_person

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they come back from JSON; what the loss does not look at is None."""
        used = LOSSES[self.loss]
        unused = {"margin", "mining", "scale"} - set(used)
        return super().to_dict() | dict.fromkeys(unused)
