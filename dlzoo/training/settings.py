"""How to fine-tune: the choices of `fine_tune` that all tasks have, checked, and the plan."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from dlzoo._checks import check_between, check_choice, check_positive_int
from dlzoo.training.augmenting import describe
from dlzoo.training.schedule import Schedule

_WHO = "fine_tune"

_UNFREEZE = ("auto", "head", "last", "all")


@dataclass(frozen=True)
class Pace:
    """What a stage does unless it was told otherwise: epochs, highest rates, warm-up."""

    epochs: int
    adamw: float
    sgd: float
    warmup: float = 1.0


@dataclass(frozen=True)
class Settings:
    """The choices of `fine_tune` that shape the training; see there.

    A task says which augmentations it knows, and its pace if it is another.
    """

    AUGMENTATIONS: ClassVar[Collection[str]] = ()
    USUAL: ClassVar[Collection[str] | None] = None  # of these, for `augment=True`; None: all
    # What `unfreeze="auto"` does: more training images can teach more layers.
    FEW: ClassVar[int] = 200
    MANY: ClassVar[int] = 2000
    HEAD: ClassVar[Pace] = Pace(epochs=30, adamw=3e-3, sgd=0.05)
    TUNING: ClassVar[Pace] = Pace(epochs=20, adamw=1e-4, sgd=2e-3)
    SCRATCH: ClassVar[Pace] = Pace(epochs=60, adamw=2e-3, sgd=0.05, warmup=3)

    unfreeze: str | int = "auto"
    epochs: int | tuple[int, int] | None = None
    learning_rate: float | tuple[float, float] | None = None
    batch_size: int = 32
    optimizer: Literal["adamw", "sgd"] = "adamw"
    weight_decay: float = 1e-4
    dropout: float = 0.2
    label_smoothing: float = 0.0
    class_weights: str | Mapping[str, float] | None = None
    augment: Any = True
    patience: int = 10
    freeze_batch_norm: bool = True
    mixed_bfloat16: bool = False
    seed: int = 0

    def __post_init__(self):
        if isinstance(self.unfreeze, str):
            check_choice(_WHO, "unfreeze (or a number)", self.unfreeze, _UNFREEZE)
        else:
            check_positive_int(_WHO, "unfreeze", self.unfreeze, minimum=0)
        for epochs in _both(self.epochs):
            if epochs is not None:
                check_positive_int(_WHO, "epochs", epochs)
        for rate in _both(self.learning_rate):
            if rate is not None:
                check_between(_WHO, "learning_rate", rate, 0, 100)
        check_choice(_WHO, "optimizer", self.optimizer, ("adamw", "sgd"))
        check_positive_int(_WHO, "batch_size", self.batch_size)
        check_positive_int(_WHO, "patience", self.patience)
        check_positive_int(_WHO, "seed", self.seed, minimum=0)
        check_between(_WHO, "weight_decay", self.weight_decay, 0, 1)
        check_between(_WHO, "dropout", self.dropout, 0, 0.99)
        check_between(_WHO, "label_smoothing", self.label_smoothing, 0, 0.99)
        describe(self.augment, self.AUGMENTATIONS, self.USUAL)  # raises if it is not understood

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they come back from JSON."""
        values = asdict(self) | {
            "augment": describe(self.augment, self.AUGMENTATIONS, self.USUAL)
        }
        if isinstance(self.class_weights, Mapping):
            values["class_weights"] = dict(self.class_weights)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    def head_schedule(self) -> Schedule:
        """For the new head on frozen features."""
        return self._schedule(0, self.HEAD)

    def tuning_schedule(self) -> Schedule:
        """For layers that have learnt something, at a lower rate."""
        return self._schedule(1, self.TUNING)

    def scratch_schedule(self) -> Schedule:
        """For a network that has learnt nothing yet."""
        return self._schedule(1, self.SCRATCH)

    def tuned_stages(self, examples: int, stages: int) -> int:
        """How many of the body's `stages` train after the head, given `examples`."""
        choice = self.unfreeze
        if choice == "auto":
            choice = (
                "head" if examples < self.FEW else "last" if examples < self.MANY else "all"
            )
        if isinstance(choice, str):
            choice = {"head": 0, "last": (stages + 1) // 2, "all": stages}[choice]
        if choice > stages:
            raise ValueError(
                f"fine_tune: unfreeze must be at most the number of stages of this "
                f"network, {stages}; got {choice}."
            )
        return choice

    def _schedule(self, part, pace):
        default = pace.adamw if self.optimizer == "adamw" else pace.sgd
        rate = _both(self.learning_rate)[part]
        return Schedule(
            epochs=_both(self.epochs)[part] or pace.epochs,
            learning_rate=default if rate is None else rate,
            optimizer=self.optimizer,
            weight_decay=self.weight_decay,
            warmup_epochs=pace.warmup,
        )


def _both(value):
    """One value for head and body, or a pair."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(
                f"fine_tune: epochs and learning_rate must be one number or a pair (head, "
                f"later stages); got {value!r}."
            )
        return tuple(value)
    return value, value
