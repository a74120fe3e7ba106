"""Looking at every image and its boxes before training."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dlzoo._progress import track
from dlzoo.data.audit import lines
from dlzoo.data.box_marks import Marks
from dlzoo.data.images import check_image, reason, upright_size
from dlzoo.errors import DataError

THIN = 1.0  # pixels; a box of such a side shows nothing
_ROUNDING = 1.0  # pixels; so far a box may reach beyond the image without being named


@dataclass(frozen=True)
class BoxCheck:
    """What was found in an image and its boxes.

    Attributes:
        digest: Hash of the image's file.
        problem: Why the image cannot be used; empty: it can.
        size: Height and width in pixels.
        boxes: float64 `(n, 4)` in pixels, inside of the image.
        thin: Whether there is nothing (or a pixel) in the box.
        outside: Whether it reaches beyond the image.
        words: What is wrong with a box, for each of these.
    """

    digest: str = ""
    problem: str = ""
    size: tuple[int, int] = (0, 0)
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    thin: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    outside: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    words: tuple[str, ...] = ()


def check_boxes(pairs: Sequence[tuple[Path, Marks]]) -> dict[Path, BoxCheck]:
    """Read every image, in parallel; image to what was found."""

    def check(pair):
        image, marks = pair
        try:
            return _check(image, marks)
        except DataError as error:
            return BoxCheck(problem=str(error))

    unique = dict(pairs)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = pool.map(check, unique.items())
        found = track(checks, "Checking images and boxes", len(unique))
        return dict(zip(unique, found, strict=True))


def kept_boxes(check: BoxCheck, on_bad_box: str) -> np.ndarray:
    """Which of the boxes stay, where bad ones are to be `"drop"`ped or `"clip"`ped."""
    return ~check.thin if on_bad_box == "clip" else ~(check.thin | check.outside)


def complain(checks: Mapping[Path, BoxCheck], on_bad_box: str) -> list[str]:
    """Raise a `DataError` listing the bad boxes, or give notes of what becomes of them."""
    bad = [word for check in checks.values() if not check.problem for word in check.words]
    if not bad:
        return []
    count = f"{len(bad)} box" if len(bad) == 1 else f"{len(bad)} boxes"
    if on_bad_box == "error":
        raise DataError(
            f"{count} cannot be used:\n{lines(bad)}\nCorrect them, or pass "
            f'on_bad_box="clip" (what reaches beyond the image is cut, what is empty is left '
            f'out) or "drop" (all of these are left out).'
        )
    dropped = sum(int((~kept_boxes(check, on_bad_box)).sum()) for check in checks.values())
    done = {len(bad): "left out", 0: "clipped"}.get(dropped, f"{dropped} of them left out")
    return [f"{count} bad ({done}):\n{lines(bad)}"]


def _check(image, marks):
    try:
        content = image.read_bytes()
    except OSError as error:
        raise DataError(f"{image}: {reason(image, error)}") from error
    check_image(content, str(image))
    height, width = size = upright_size(content)
    if marks.size not in (None, size):
        raise DataError(_other_size(image, marks, size))
    sides = np.array([width, height, width, height], np.float64)
    boxes = marks.boxes * sides if marks.relative else marks.boxes
    if not np.isfinite(boxes).all():
        raise DataError(f"{marks.source}: the corners of its boxes are no numbers.")
    inside = np.clip(boxes, 0, sides)
    thin = (inside[:, 2:] - inside[:, :2] <= THIN).any(axis=1)
    outside = (np.abs(boxes - inside) > _ROUNDING).any(axis=1)
    words = [
        _words(marks, number, boxes[number], size, thin[number])
        for number in np.flatnonzero(thin | outside)
    ]
    digest = hashlib.sha256(content).hexdigest()
    return BoxCheck(digest, "", size, inside, thin, outside, tuple(words))


def _words(marks, number, box, size, thin):
    corners = ", ".join(f"{corner:g}" for corner in np.round(box, 1))
    what = "holds nothing (a pixel at most) of" if thin else "reaches beyond"
    return (
        f"{marks.source}: box {number + 1} ({marks.labels[number]}; {corners}) {what} the "
        f"image of {size[1]} x {size[0]}"
    )


def _other_size(image, marks, size):
    turned = (
        f" {image.name} says that it was taken sideways (EXIF orientation), and was turned "
        f"upright: turn its boxes, too, or remove the tag."
        if marks.size == size[::-1] and size[0] != size[1]
        else ""
    )
    return (
        f"{marks.source}: it is for an image of {marks.size[1]} x {marks.size[0]} pixels, "
        f"{image.name} has {size[1]} x {size[0]}.{turned}"
    )
