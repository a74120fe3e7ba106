"""What came of training a network that paints."""

from dataclasses import asdict, dataclass
from typing import Any

from dlzoo._text import columns

TERMS = ("loss", "content", "style", "variation")


@dataclass(frozen=True)
class FastReport:
    """How the training went.

    Attributes:
        network: `"transformer_net"` or `"adain"`.
        photographs: How many were used.
        left_out: What was wrong with the others.
        losses: A row a checkpoint: step, loss, and its terms before weighting, each relative
            to a picture without any features.
        seconds: Time of the training steps.
        settings: What was asked for.
    """

    network: str
    photographs: int
    left_out: tuple[str, ...]
    losses: tuple[dict[str, float], ...]
    seconds: float
    settings: dict[str, Any]

    @property
    def final(self) -> dict[str, float]:
        """The last row of `losses`."""
        return self.losses[-1]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> "FastReport":
        """The report whose `to_dict` gave `facts`."""
        both = {name: tuple(facts[name]) for name in ("left_out", "losses")}
        return cls(**facts | both)

    def __str__(self) -> str:
        first, last = self.losses[0], self.final
        rows = [("", f"step {first['step']}", f"step {last['step']}")]
        rows += [(name, f"{first[name]:.4f}", f"{last[name]:.4f}") for name in TERMS]
        lines = [
            f"{self.network}, {self.photographs} photographs, {self.seconds / 60:.1f} minutes",
            columns(rows, right=(1, 2)),
        ]
        if self.left_out:
            lines.append(f"left out as unusable: {len(self.left_out)}")
            lines += [f"  {problem}" for problem in self.left_out[:5]]
        return "\n".join(lines)
