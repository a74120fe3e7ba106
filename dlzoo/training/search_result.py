"""What a search found."""

from dataclasses import asdict, dataclass
from typing import Any

from dlzoo._text import columns
from dlzoo.training.space import Parameter

_SHOWN = 10


@dataclass(frozen=True)
class SearchTrial:
    """One set of hyperparameters and how it went.

    Attributes:
        number: From 0, in the order in which trials began.
        params: The hyperparameters.
        score: The best of `curve`; None where there was none.
        state: `"finished"`; `"pruned"`: stopped early, as it was worse than the median of
            the others at the same epoch, or no longer a number; `"failed"`: an error, or
            the process was killed; `"running"`: in another process.
        curve: The score after each epoch.
        seconds: From start to end.
    """

    number: int
    params: dict[str, Any]
    score: float | None
    state: str
    curve: tuple[float, ...]
    seconds: float | None

    @property
    def counts(self) -> bool:
        """Whether it is one of the trials that were asked for."""
        return self.state in ("finished", "pruned")


@dataclass(frozen=True)
class SearchResult:
    """All trials of a search; `dlzoo.visualize` has pictures of it.

    Attributes:
        metric: What was optimised.
        maximise: Whether more is better.
        space: The hyperparameters.
        trials: In the order in which they began.
        importance: Share of the differences between trials that each hyperparameter
            accounts for (Optuna's PED-ANOVA); empty where there are too few trials.
    """

    metric: str
    maximise: bool
    space: dict[str, Parameter]
    trials: tuple[SearchTrial, ...]
    importance: dict[str, float]

    @property
    def ranking(self) -> tuple[SearchTrial, ...]:
        """The finished trials, the best first."""
        done = [trial for trial in self.trials if trial.state == "finished"]
        sign = -1 if self.maximise else 1
        return tuple(sorted(done, key=lambda trial: sign * (trial.score or 0.0)))

    @property
    def best(self) -> SearchTrial:
        """The best trial.

        Raises:
            ValueError: No trial finished.
        """
        if not self.ranking:
            raise ValueError(
                "search: no trial finished, so there is no best one. Were all pruned or no "
                "numbers? Look at trials, narrow the space, or pass prune=False."
            )
        return self.ranking[0]

    @property
    def params(self) -> dict[str, Any]:
        """The hyperparameters of the best trial."""
        return self.best.params

    def to_dict(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "maximise": self.maximise,
            "space": {name: str(parameter) for name, parameter in self.space.items()},
            "trials": [asdict(trial) | {"curve": list(trial.curve)} for trial in self.trials],
            "importance": dict(self.importance),
        }

    def __str__(self) -> str:
        names = list(self.space)
        rows = [["trial", self.metric, *names, "seconds"]]
        for trial in self.ranking[:_SHOWN]:
            values = [_show(trial.params[name]) for name in names]
            rows.append(
                [str(trial.number), f"{trial.score:.4f}", *values, _show(trial.seconds)]
            )
        states = [trial.state for trial in self.trials]
        counts = [f"{states.count(s)} {s}" for s in dict.fromkeys(states)]
        lines = [f"{len(states)} trials: {', '.join(counts)}", columns(rows, right=[0, 1])]
        if self.importance:
            shares = [f"{name} {share:.0%}" for name, share in self.importance.items()]
            lines.append(f"What mattered: {', '.join(shares)}")
        return "\n".join(lines)


def _show(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)
