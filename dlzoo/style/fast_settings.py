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
        check_positive_int(self.who, "size", self.size, minimum=32)
        check_positive_int(self.who, "seed", self.seed, minimum=0)
        for name in ("content_weight", "style_weight", "variation_weight"):
            check_between(self.who, name, getattr(self, name), 0, 1e9)
        check_between(self.who, "learning_rate", self.learning_rate, 1e-9, 1)

    @property
    def epochs(self) -> int:
        """Parts after each of which a checkpoint and samples are written."""
        return max(1, round(self.steps / self.checkpoint_steps))

    @property
    def steps_per_epoch(self) -> int:
        """Steps of each, so that all together are `steps`, rounded up."""
        return -(-self.steps // self.epochs)

    @property
    def weights(self) -> dict[str, float]:
        """Of the terms of the loss."""
        return {
            "content": self.content_weight,
            "style": self.style_weight,
            "variation": self.variation_weight,
        }

    def schedule(self) -> Schedule:
        """Adam, along half a cosine to zero."""
        return Schedule(self.epochs, self.learning_rate, warmup_epochs=0)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
