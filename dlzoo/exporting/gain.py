"""What int8 gains and costs: size, latency and accuracy beside float32."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._text import columns
from dlzoo.data.dataset import gather_labelled
from dlzoo.errors import DataError
from dlzoo.exporting.box_pairs import paired_share
from dlzoo.exporting.checking import same_class
from dlzoo.exporting.description import ARCHITECTURE, FILE, LABELS, Description
from dlzoo.exporting.formats import load
from dlzoo.exporting.prediction import Predictor
from dlzoo.exporting.timing import alternate

_ROUNDS, _TURN = 5, 0.1  # turns, seconds of each
_BATCH = 8
_LOOKED_AT = 100  # calibration images whose answers are compared


@dataclass(frozen=True)
class Side:
    """One of the two networks.

    Attributes:
        precision: What it computes in.
        size: Bytes of its files.
        latency_ms: Median of one image, both networks in turns, in milliseconds.
        top1: Share of the labelled images whose likeliest class is right, or None.
        agreement: Share of images (pixels, boxes) with the answer of float32; None where
            there are no classes.
    """

    precision: str
    size: int
    latency_ms: float
    top1: float | None
    agreement: float | None


@dataclass(frozen=True)
class Gain:
    """Float32 and int8 side by side.

    Attributes:
        images: How many were answered by both: the labelled ones, or calibration images.
        labelled: Whether they had labels.
        sides: Float32, int8.
    """

    images: int
    labelled: bool
    sides: tuple[Side, Side]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def __str__(self) -> str:
        head = ("precision", "size, MB", "one image, ms", "top-1", "same answer as float32")
        rows = [
            (
                side.precision,
                f"{side.size / 1e6:.1f}",
                f"{side.latency_ms:.1f}",
                "-" if side.top1 is None else f"{side.top1:.3f}",
                "-" if side.agreement is None else f"{side.agreement:.1%}",
            )
            for side in self.sides
        ]
        kind = "labelled" if self.labelled else "calibration"
        table = columns([head, *rows], right=range(1, 5))
        return f"{table}\nOn {self.images} {kind} images."


def labelled_images(
    who: str, description: Description, data: Any
) -> tuple[list[Path], np.ndarray] | None:
    """Paths and numbers of the classes; None for None.

    Args:
        who: For the error.
        description: Of a classifier.
        data: A folder of class folders (of one with splits, `test`), or a list of `(path,
            label)`. A label is the name of a class or its number.

    Raises:
        ValueError: The network has no classes, or a label is none of them.
    """
    if data is None:
        return None
    if description.task != "classification" or description.targets:
        raise ValueError(
            f"{who}: evaluate must be None for {description.name}, because top-1 is counted "
            f"for classifiers of one answer; its task is {description.task!r}. Without it "
            f"the answers of float32 and int8 are compared."
        )
    splits = gather_labelled(who, data).splits
    if not isinstance(splits, Mapping) or not (splits.get("all") or splits.get("test")):
        raise DataError(f"{who}: evaluate must have images in 'test'; got {sorted(splits)}.")
    pairs = splits.get("all") or splits["test"]
    numbers = [_number(who, description.labels or (), label) for _, label in pairs]
    return [path for path, _ in pairs], np.array(numbers)


def _number(who, labels, label):
    if labels.count(label) == 1:
        return labels.index(label)
    if label.isdecimal() and (not labels or int(label) < len(labels)):
        return int(label)
    known = f"{len(labels)} classes, {', '.join(labels[:5])} ..." if labels else "numbers"
    raise DataError(
        f"{who}: each label of evaluate must be the name of one class of the network or its "
        f"number; got {label!r}, of {known}"
    )


def gain(
    folders: Sequence[Path],
    descriptions: Sequence[Description],
    calibration: np.ndarray,
    labelled: tuple[list[Path], np.ndarray] | None,
) -> Gain:
    """Run both networks on the same images.

    Args:
        folders: Of float32 and int8.
        descriptions: Of both.
        calibration: Images as the network takes them, `(n, height, width, channels)`.
        labelled: Paths and classes, if there are any.
    """
    both = list(zip(folders, descriptions, strict=True))
    runs = [load(folder, about, batch_size=_BATCH) for folder, about in both]
    places = np.linspace(0, len(calibration) - 1, min(len(calibration), _LOOKED_AT))
    images = calibration[places.astype(int)] if labelled is None else labelled[0]
    answers = [
        Predictor(run, about, _BATCH)(images)
        for run, about in zip(runs, descriptions, strict=True)
    ]
    steps = {place: partial(run, calibration[:1]) for place, run in enumerate(runs)}
    times = alternate(steps, rounds=_ROUNDS, turn=_TURN)
    sides = (
        Side(
            about.precision,
            network_size(folder),
            1000 * statistics.median(times[place]),
            None if labelled is None else _top1(answer, labelled[1]),
            agreement(about, answers[0], answer),
        )
        for place, ((folder, about), answer) in enumerate(zip(both, answers, strict=True))
    )
    return Gain(len(images), labelled is not None, (next(sides), next(sides)))


def agreement(description: Description, first: Any, second: Any) -> float | None:
    """Share of images (pixels, boxes) for which two networks say the same."""
    if description.targets:
        return None
    if description.task == "detection" and isinstance(first, dict):
        return paired_share(first, second)
    if description.task in ("classification", "segmentation"):
        return same_class(first, second)
    return None


def network_size(folder: Path) -> int:
    """Bytes of the files of an exported network, without what describes it."""
    files = (
        file for file in folder.rglob("*") if file.name not in (FILE, LABELS, ARCHITECTURE)
    )
    return sum(file.stat().st_size for file in files if file.is_file())


def _top1(answers, classes):
    if answers.shape[-1] == 1:
        return float(((answers[:, 0] > 0.5) == classes).mean())
    return float((answers.argmax(-1) == classes).mean())
