"""What is to be learnt about an image: a question of a kind, and its possible answers."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

KINDS = ("binary", "multiclass", "multilabel", "regression")


@dataclass(frozen=True)
class Target:
    """One thing to be learnt about every image.

    Values of it are numbers; NaN is a hole: not known for this image.

    | kind | labels | value |
    | --- | --- | --- |
    | `"binary"` | the two answers | 0 or 1: which of them |
    | `"multiclass"` | the classes | number of the class |
    | `"multilabel"` | any of them may hold | a row: 1 where the label holds, else 0 |
    | `"regression"` | none | the number itself, in its own unit |

    Attributes:
        name: Of the column.
        kind: One of `KINDS`.
        labels: Names of the answers.

    Example:
        >>> Target("sky", "multilabel", ("blue", "cloudy")).text(np.array([1.0, 0.0]))
        'blue'
        >>> Target("wet", "binary", ("no", "yes")).text(1.0)
        'yes'
    """

    name: str
    kind: str
    labels: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many numbers a value consists of."""
        return len(self.labels) if self.kind == "multilabel" else 1

    def text(self, value: Any) -> str:
        """A value in words."""
        if np.isnan(value).all():
            return "unknown"
        if self.kind == "regression":
            return f"{float(value):.5g}"
        if self.kind == "multilabel":
            held = [name for name, v in zip(self.labels, value, strict=True) if v == 1]
            return ", ".join(held) or "none"
        return self.labels[int(value)]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"labels": list(self.labels)}
