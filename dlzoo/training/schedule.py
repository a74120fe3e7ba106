"""How fast a stage learns: optimizer, warm-up, cosine decay."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import keras

from dlzoo._checks import check_between, check_choice, check_positive_int


@dataclass(frozen=True)
class Schedule:
    """Optimizer and learning rate of one stage.

    The rate rises linearly during `warmup_epochs` and then falls to zero along half a
    cosine, reached at the end of `epochs`.

    Attributes:
        epochs: At most this many passes over the data.
        learning_rate: The highest rate.
        optimizer: `"adamw"` or `"sgd"` (momentum 0.9, Nesterov).
        weight_decay: Decoupled; biases and normalisation are left out.
        warmup_epochs: Epochs, or a part of one.
        global_clipnorm: If the gradients of all variables together are longer than this,
            they are shortened to it, which keeps their direction. None: they are not.

    Example:
        >>> optimizer = Schedule(epochs=10, learning_rate=0.1).build(steps_per_epoch=100)
        >>> type(optimizer).__name__
        'AdamW'
    """

    epochs: int
    learning_rate: float
    optimizer: Literal["adamw", "sgd"] = "adamw"
    weight_decay: float = 0.0
    warmup_epochs: float = 1.0
    global_clipnorm: float | None = None

    def __post_init__(self):
        check_positive_int("Schedule", "epochs", self.epochs)
        check_between("Schedule", "learning_rate", self.learning_rate, 0, 100)
        check_choice("Schedule", "optimizer", self.optimizer, ("adamw", "sgd"))
        check_between("Schedule", "weight_decay", self.weight_decay, 0, 1)
        check_between("Schedule", "warmup_epochs", self.warmup_epochs, 0, 10**6)
        if self.global_clipnorm is not None:
            check_between("Schedule", "global_clipnorm", self.global_clipnorm, 1e-12, 1e12)

    def build(self, steps_per_epoch: int) -> keras.optimizers.Optimizer:
        """The optimizer, for epochs of `steps_per_epoch` batches."""
        rate = self._rate(steps_per_epoch)
        clip = self.global_clipnorm
        if self.optimizer == "adamw":
            optimizer = keras.optimizers.AdamW(
                rate, weight_decay=self.weight_decay, global_clipnorm=clip
            )
        else:
            optimizer = keras.optimizers.SGD(
                rate,
                momentum=0.9,
                nesterov=True,
                weight_decay=self.weight_decay or None,
                global_clipnorm=clip,
            )
        if self.weight_decay:
            optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        return optimizer

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def _rate(self, steps_per_epoch):
        steps = self.epochs * steps_per_epoch
        warmup = min(round(self.warmup_epochs * steps_per_epoch), steps // 2)
        if warmup == 0:
            return keras.optimizers.schedules.CosineDecay(self.learning_rate, steps)
        return keras.optimizers.schedules.CosineDecay(
            self.learning_rate / (warmup + 1),  # the first step already moves
            steps - warmup,
            warmup_target=self.learning_rate,
            warmup_steps=warmup,
        )
