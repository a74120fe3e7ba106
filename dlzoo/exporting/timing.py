"""How long things take: calls in turns, so that a slow minute of the machine hits all."""

import functools
import platform
import statistics
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dlzoo._progress import track
from dlzoo._text import columns

if TYPE_CHECKING:
    from dlzoo.exporting.prediction import Predictor

K = TypeVar("K", bound=Hashable)
KERAS = "Keras predict"
SIDE = 224  # of images in pixels, for a network that takes any
_TURN, _REST = 0.1, 0.03  # seconds; idle threads of the engine before spin for up to 30 ms


@dataclass(frozen=True)
class Timing:
    """Calls of one engine on batches of one size.

    Attributes:
        engine: A key of `dlzoo.exporting.ENGINES`, or `"Keras predict"`.
        precision: What it computed in.
        batch_size: Images a call.
        median_ms, p90_ms: Milliseconds a call: the median, and what nine of ten stay below.
    """

    engine: str
    precision: str
    batch_size: int
    median_ms: float
    p90_ms: float

    @property
    def images_per_second(self) -> float:
        """At the median."""
        return 1000 * self.batch_size / self.median_ms

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"images_per_second": self.images_per_second}


@dataclass(frozen=True)
class BenchReport:
    """What `bench` found; it prints as a table.

    Attributes:
        name: Of the network.
        input_shape: Height, width and channels of the images.
        timings: A row for each engine, precision and batch size.
        absent: `"engine, precision"` to why it was not timed.
        machine: Processor and cores.
    """

    name: str
    input_shape: tuple[int, int, int]
    timings: tuple[Timing, ...]
    absent: dict[str, str] = field(default_factory=dict)
    machine: str = ""

    HEAD = ("batch", "engine", "precision", "median, ms", "90 %, ms", "images/s", "x Keras")

    def rows(self) -> list[tuple[str, ...]]:
        """The table below `HEAD`; the last column is how many times as fast as Keras."""
        keras_ms = {
            row.batch_size: row.median_ms for row in self.timings if row.engine == KERAS
        }
        return [
            (
                str(row.batch_size),
                row.engine,
                row.precision,
                f"{row.median_ms:.1f}",
                f"{row.p90_ms:.1f}",
                f"{row.images_per_second:.0f}",
                f"{keras_ms[row.batch_size] / row.median_ms:.1f}" if keras_ms else "",
            )
            for row in self.timings
        ]

    def notes(self) -> list[str]:
        """Lines under the table: what was not timed, and the machine."""
        lines = [f"not timed: {who}: {why}" for who, why in self.absent.items()]
        size = " x ".join(map(str, self.input_shape))
        return [*lines, f"{self.name}, images of {size}; {self.machine}"]

    def __str__(self) -> str:
        table = columns([self.HEAD, *self.rows()], right=(0, 3, 4, 5, 6))
        return "\n".join([table, *self.notes()])

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        timings = [row.to_dict() for row in self.timings]
        return asdict(self) | {"timings": timings}


def alternate(
    steps: Mapping[K, Callable[[], Any]], *, rounds: int = 10, turn: float = _TURN
) -> dict[K, list[float]]:
    """Seconds of calls of each of `steps`, in `rounds` turns of `turn` seconds.

    A first call of each builds what is built then. In a turn, the first call brings back what
    the others have driven out of the processor's caches; neither is counted.

    Example:
        >>> times = alternate({"a": lambda: sum(range(99))}, rounds=2, turn=0.001)
        >>> min(times["a"]) > 0
        True
    """
    for step in steps.values():
        step()
    seconds: dict[K, list[float]] = {name: [] for name in steps}
    for _ in track(range(rounds), "Measuring"):
        for name, step in steps.items():
            time.sleep(_REST)
            step()
            end = time.perf_counter() + turn
            while True:
                start = time.perf_counter()
                step()
                now = time.perf_counter()
                seconds[name].append(now - start)
                if now >= end:
                    break
    return seconds


def fastest(predictors: Iterable["Predictor"], rounds: int = 5) -> "Predictor":
    """The one that answers a batch of its size in the shortest median time, in turns.

    Raises:
        ValueError: There is none.
    """
    each = list(predictors)
    if not each:
        raise ValueError(
            "predictor: no engine that is installed can have this model in this precision. "
            'Install more of them with: pip install "dlzoo[export]"'
        )
    steps = {}
    for place, predict in enumerate(each):
        *sides, channels = predict.description.input_shape
        shape = predict.batch_size, *(side or SIDE for side in sides), channels
        images = np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")
        steps[place] = functools.partial(predict, images)
    seconds = alternate(steps, rounds=rounds)
    return each[min(seconds, key=lambda place: statistics.median(seconds[place]))]


def milliseconds(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 90th percentile of `seconds`.

    Example:
        >>> milliseconds([0.001, 0.002, 0.006])
        (2.0, 5.2)
    """
    most = seconds[0]
    if len(seconds) > 1:
        most = statistics.quantiles(seconds, n=10, method="inclusive")[-1]
    return 1000 * statistics.median(seconds), round(1000 * most, 6)


def processor() -> str:
    """Name of the processor, with the vector instructions that matter.

    Example:
        >>> isinstance(processor(), str)
        True
    """
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    text = info.read_text()
    name = next((line for line in text.splitlines() if line.startswith("model name")), ": ?")
    flags = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in text]
    return f"{name.partition(':')[2].strip()} ({' '.join(flags)})"
