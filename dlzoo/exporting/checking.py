"""Running an artefact in a process without Keras, and comparing what it answers.

python -m dlzoo.exporting.checking FOLDER images.npy answers.npz
"""

import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo.errors import ExportError
from dlzoo.exporting.box_pairs import paired_share
from dlzoo.exporting.description import Description
from dlzoo.exporting.formats import load

# Of the largest answer: rounding of float32 in another order; 8 bits of a bfloat16's
# fraction. Of the variance: MobileNetV2 loses 0.002 of it on photographs and 0.16 on images so
# unlike them that it is sure of nothing; a network that answers everything alike loses all.
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.1, "int8": 0.35}
_LEAST_SHARE = {"float32": 0.98, "bfloat16": 0.8, "int8": 0.6}  # of boxes found again
_ROUNDS = 10


@dataclass(frozen=True)
class Check:
    """What the artefact answered in a fresh process, beside Keras.

    Attributes:
        images: How many were compared.
        difference: The largest, as a part of the largest answer; of detectors the share of
            boxes that were not found again; else in int8 the share of the variance among
            the answers to different images that is lost (1 - R squared).
        tolerance: What it may be.
        agreement: Share of images (pixels) with the same likeliest class; None where there
            are no classes.
        latency_ms: Median of one image, in milliseconds.
    """

    images: int
    difference: float
    tolerance: float
    agreement: float | None
    latency_ms: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def check(folder: Path, description: Description, images: np.ndarray, expected: Any) -> Check:
    """Compare the artefact's answers to float32 `images` with the list `expected`.

    Raises:
        ExportError: They differ by more than the precision explains, or it does not run.
    """
    from dlzoo.exporting.writing import run_module

    with tempfile.TemporaryDirectory() as scratch:
        given, answered = Path(scratch) / "images.npy", Path(scratch) / "answers.npz"
        np.save(given, images, allow_pickle=False)
        module = "dlzoo.exporting.checking"
        run_module(module, [str(folder), str(given), str(answered)], {})
        with np.load(answered, allow_pickle=False) as file:
            latency = float(file["latency"])
            answers = [file[f"answer_{place}"] for place in range(len(file.files) - 1)]
    return compared(description, expected, answers, latency)


def compared(
    description: Description, expected: Any, answers: Any, latency: float = float("nan")
) -> Check:
    """How far `answers` are from `expected`; raises as `check`."""
    shapes, wanted = [a.shape for a in answers], [e.shape for e in expected]
    if shapes != wanted:
        raise ExportError(
            f"export: {description.format} of {description.name} answers arrays of {shapes}; "
            f"Keras answers {wanted}."
        )
    if description.task == "detection" and description.outputs:
        tolerance = 1 - _LEAST_SHARE[description.precision]
        difference, agreement = 1 - _found_again(description, expected, answers), None
    else:
        tolerance = TOLERANCE[description.precision]
        pairs = list(zip(expected, answers, strict=True))
        differ = unexplained if description.precision == "int8" else _difference
        difference = max(differ(*pair) for pair in pairs)
        agreement = same_class(*pairs[0]) if _has_classes(description) else None
    found = Check(len(expected[0]), difference, tolerance, agreement, latency)
    if not difference <= tolerance:  # also if it is not a number
        raise ExportError(
            f"export: {description.format} of {description.name} in {description.precision} "
            f"answers {difference:.2g} away from Keras, of {tolerance:g} allowed; nothing was "
            f"written. Try another format or precision."
        )
    return found


def _difference(expected, answer):
    largest = max(float(np.abs(expected).max(initial=0)), 1e-6)
    return float(np.abs(expected - answer).max(initial=0)) / largest


def _has_classes(description):
    return description.task in ("classification", "segmentation") and not description.targets


def unexplained(expected: np.ndarray, answer: np.ndarray) -> float:
    """Squared errors as a share of the variance among the images: 1 - R squared.

    A part of the largest answer would not do for int8: single numbers are far off in
    networks that are as good as before, and near in one that answers everything alike.

    Example:
        >>> right = np.array([[0.0, 1.0], [1.0, 0.0]])
        >>> unexplained(right, right), unexplained(right, np.full((2, 2), 0.5))
        (0.0, 1.0)
    """
    expected = np.asarray(expected, np.float64)
    middle = expected.mean(axis=0) if len(expected) > 1 else expected.mean()
    variance = float(np.square(expected - middle).sum())
    return float(np.square(answer - expected).sum()) / max(variance, 1e-12)


def same_class(first: np.ndarray, second: np.ndarray) -> float:
    """Share of images (pixels) with the same likeliest class.

    Example:
        >>> same_class(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([[0.1, 0.9], [0.4, 0.6]]))
        0.5
    """
    if first.shape[-1] == 1:
        return float(((first > 0.5) == (second > 0.5)).mean())
    return float((first.argmax(-1) == second.argmax(-1)).mean())


def _found_again(description, expected, answers):
    """Share of boxes of both sides that the other side has, too."""
    named = [dict(zip(description.outputs, side, strict=True)) for side in (expected, answers)]
    return paired_share(*named)


def _main(folder: str, given: str, answered: str) -> None:
    where, images = Path(folder), np.load(given, allow_pickle=False)
    description = Description.read(where)
    run = load(where, description, batch_size=max(len(images), 2))
    # The last image by itself: some converters keep the size of one batch.
    parts = [run(part) for part in (images[:-1], images[-1:]) if len(part)]
    answers = [np.concatenate(part) for part in zip(*parts, strict=True)]
    seconds = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        run(images[:1])
        seconds.append(time.perf_counter() - start)
    arrays: dict[str, Any] = {f"answer_{place}": one for place, one in enumerate(answers)}
    np.savez(answered, latency=1000 * statistics.median(seconds[1:]), **arrays)


if __name__ == "__main__":
    _main(*sys.argv[1:])
