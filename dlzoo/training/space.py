"""What a search may try: the range of each hyperparameter, and its scale.

    {
        "learning_rate": space.log(1e-4, 1e-1),   # all powers of ten alike
        "momentum": space.near_one(0.9, 0.999),   # 1 - momentum on a log scale
        "dropout": space.linear(0.0, 0.5),
        "width": space.integers(16, 256, log=True),
        "activation": ["relu", "tanh"],           # one of these
    }

The course's reasons for the scales: a learning rate matters by its ratio; from 0.9 to
0.9005 an average over 10 values stays one over 10, from 0.999 to 0.9995 it doubles to 2,000.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CHOICES = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter; made by the functions of this module.

    Attributes:
        kind: `"linear"`, `"log"`, `"near_one"`, `"integers"`, `"log integers"`, `"choice"`.
        low, high: The range, both ends included.
        choices: What there is to choose from.
    """

    kind: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[Any, ...] = ()

    def distribution(self, optuna: Any) -> Any:
        """What Optuna draws from; `value` makes a value of what was drawn."""
        make = optuna.distributions
        if self.kind == "choice":
            return make.CategoricalDistribution(self.choices)
        if self.kind in ("integers", "log integers"):
            low, high = int(self.low), int(self.high)
            return make.IntDistribution(low, high, log=self.kind == "log integers")
        if self.kind == "near_one":
            return make.FloatDistribution(1 - self.high, 1 - self.low, log=True)
        return make.FloatDistribution(self.low, self.high, log=self.kind == "log")

    def value(self, drawn: Any) -> Any:
        return 1 - drawn if self.kind == "near_one" else drawn

    def __str__(self) -> str:
        if self.kind == "choice":
            return f"one of {list(self.choices)}"
        return f"{self.kind} {self.low:g} to {self.high:g}"


def linear(low: float, high: float) -> Parameter:
    """A real number, all values equally likely."""
    return _range("linear", low, high)


def log(low: float, high: float) -> Parameter:
    """A positive number, all orders of magnitude equally likely."""
    if low <= 0:
        raise ValueError(f"log: low must be above 0, where logarithms begin; got {low!r}.")
    return _range("log", low, high)


def near_one(low: float, high: float) -> Parameter:
    """A number below 1 whose distance from 1 is drawn on a log scale (momentum, beta)."""
    if not 0 <= low <= high < 1:
        raise ValueError(
            f"near_one: low and high must be at least 0 and below 1; got {low!r}, {high!r}."
        )
    return _range("near_one", low, high)


def integers(low: int, high: int, *, log: bool = False) -> Parameter:
    """A whole number, all values (or all orders of magnitude) equally likely."""
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, int):
            raise ValueError(f"integers: low and high must be whole numbers; got {end!r}.")
    if log and low < 1:
        raise ValueError(f"integers: low must be at least 1 on a log scale; got {low}.")
    return _range("log integers" if log else "integers", low, high)


def check_space(space: Mapping[str, Any]) -> dict[str, Parameter]:
    """Name -> `Parameter`; lists become choices.

    Raises:
        ValueError: The space is empty, or a value is neither a range nor a list.
    """
    if not space:
        raise ValueError("search: space must have at least one hyperparameter; got none.")
    checked = {}
    for name, entry in space.items():
        if isinstance(entry, (list, tuple)):
            if not entry or not all(isinstance(choice, _CHOICES) for choice in entry):
                raise ValueError(
                    f"search: the choices of {name!r} must be numbers, texts, booleans or "
                    f"None, which can be stored; got {entry!r}. Give names, and let build "
                    f"look up what they mean."
                )
            entry = Parameter("choice", choices=tuple(entry))
        if not isinstance(entry, Parameter):
            raise ValueError(
                f"search: {name!r} must be a list of choices, or a range such as "
                f"space.log(1e-4, 1e-1); got {entry!r}."
            )
        checked[name] = entry
    return checked


def _range(kind, low, high):
    if not -float("inf") < low <= high < float("inf"):
        raise ValueError(
            f"{kind}: low must be at most high, both finite; got {low!r}, {high!r}."
        )
    return Parameter(kind, low, high)
