"""How a network that paints is trained: the choices, checked."""

from dataclasses import asdict, dataclass
from typing import Any

from dlzoo._checks import check_between, check_positive_int
from dlzoo.training import Schedule


@dataclass(frozen=True)
class FastSettings:
    """The choices of `train_style` and `train_adain` that shape the training; see there."""

    who: str
    steps: int
    copy_steps: int
    size: int
    batch_size: int
    content_weight: float
    style_weight: float
    variation_weight: float
    learning_rate: float
    checkpoint_steps: int
    seed: int
    mixed_bfloat16: bool

    def __post_init__(self):
        for name in ("steps", "batch_size", "checkpoint_steps"):
            check_positive_int(self.who, name, getattr(self, name))
        check_positive_int(self.who, "copy_steps", self.copy_steps, minimum=0)
        check_positive_int(self.who, "size", self.size, minimum=32)
        check_positive_int(self.who, "seed", self.seed, minimum=0)
        for name in ("content_weight", "style_weight", "variation_weight"):
            check_between(self.who, name, getattr(self, name), 0, 1e9)
        check_between(self.who, "learning_rate", self.learning_rate, 1e-9, 1)

    def parts(self, steps: int) -> tuple[int, int]:
        """Epochs, after each of which a checkpoint is written, and steps of each.

        All together are `steps`, rounded up.
        """
        epochs = max(1, round(steps / self.checkpoint_steps))
        return epochs, -(-steps // epochs)

    @property
    def weights(self) -> dict[str, float]:
        """Of the terms of the loss."""
        return {
            "content": self.content_weight,
            "style": self.style_weight,
            "variation": self.variation_weight,
        }

    def schedule(self, steps: int) -> Schedule:
        """Adam, along half a cosine to zero."""
        return Schedule(self.parts(steps)[0], self.learning_rate, warmup_epochs=0)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
