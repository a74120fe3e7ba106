"""Anchors for the boxes at hand: k-means whose distance is `1 - IoU`.

Source: Redmon and Farhadi 2016, https://arxiv.org/abs/1612.08242, section 2, "Dimension
Clusters"; first centres as in k-means++, Arthur and Vassilvitskii 2007.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlzoo._checks import check_positive_int

ROUNDS = 300  # of k-means at most; it stops by itself long before
STARTS = 5


@dataclass(frozen=True)
class Anchors:
    """Anchors, and how well they fit.

    Attributes:
        sizes: `(width, height)` in the units of the boxes, the smallest area first.
        mean_iou: Of each box with its best anchor, both with the same centre.
        shares: Of the boxes whose best anchor each is.
        boxes: How many there were.
    """

    sizes: tuple[tuple[float, float], ...]
    mean_iou: float
    shares: tuple[float, ...]
    boxes: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "sizes": [list(size) for size in self.sizes],
            "mean_iou": self.mean_iou,
            "shares": list(self.shares),
            "boxes": self.boxes,
        }

    def __str__(self) -> str:
        rows = [
            f"  {width:g} x {height:g}  ({share:.0%} of the boxes)"
            for (width, height), share in zip(self.sizes, self.shares, strict=True)
        ]
        title = f"{len(rows)} anchors for {self.boxes:,} boxes, mean IoU {self.mean_iou:.3f}:"
        return "\n".join([title, *rows])


def anchors(sizes: Iterable, count: int = 9, *, seed: int = 0) -> Anchors:
    """The widths and heights that fit the boxes of a data set best.

    Args:
        sizes: `(n, 2)`: width and height of each box, in pixels of the network's input; boxes
            of images that are resized must be scaled first.
        count: How many anchors. Mean IoU grows with it, and so does the work of the network.
        seed: Of the first centres. The best of five starts is taken.

    Returns:
        `Anchors`; its `sizes` are what `dlzoo.models.yolo(anchors=...)` takes.

    Raises:
        ValueError: A size is not positive, or fewer different ones than `count`.

    Example:
        >>> found = anchors([(10, 10), (11, 10), (10, 11), (40, 20), (42, 20)], 2)
        >>> found.sizes[1]
        (41.0, 20.0)
    """
    check_positive_int("anchors", "count", count)
    boxes = _checked(sizes, count)
    rng = np.random.default_rng(seed)
    best = max((_clustered(boxes, count, rng) for _ in range(STARTS)), key=lambda c: c[0])
    centres = best[1][np.argsort(best[1].prod(axis=1), kind="stable")]
    nearest = _overlap(boxes, centres).argmax(axis=1)
    shares = np.bincount(nearest, minlength=count) / len(boxes)
    return Anchors(
        tuple((round(float(width), 2), round(float(height), 2)) for width, height in centres),
        round(float(best[0]), 4),
        tuple(round(float(share), 4) for share in shares),
        len(boxes),
    )


def _checked(sizes, count):
    boxes = np.array(list(sizes), "float64")
    if boxes.ndim != 2 or boxes.shape[1] != 2:
        raise ValueError(
            f"anchors: sizes must be (boxes, 2), a width and a height each; got shape "
            f"{boxes.shape}."
        )
    wrong = ~(np.isfinite(boxes).all(axis=1) & (boxes > 0).all(axis=1))
    if wrong.any():
        raise ValueError(
            f"anchors: sizes must be positive, because an empty box has no shape; got "
            f"{boxes[wrong][0].tolist()} and {wrong.sum() - 1} more. Drop such boxes."
        )
    different = len(np.unique(boxes, axis=0))
    if different < count:
        raise ValueError(
            f"anchors: count must be at most the number of different sizes, {different}; got "
            f"{count}."
        )
    return boxes


def _overlap(boxes, centres):
    """IoU of every size with every other, as if they had the same centre."""
    shared = np.minimum(boxes[:, None], centres[None]).prod(axis=2)
    return shared / (boxes.prod(axis=1)[:, None] + centres.prod(axis=1)[None] - shared)


def _clustered(boxes, count, rng):
    """Mean IoU and centres of one start."""
    centres = _first(boxes, count, rng)
    nearest = None
    for _ in range(ROUNDS):
        overlap = _overlap(boxes, centres)
        chosen = overlap.argmax(axis=1)
        if nearest is not None and (chosen == nearest).all():
            break
        nearest = chosen
        alone = np.argsort(overlap.max(axis=1), kind="stable")
        for place in range(count):
            mine = boxes[nearest == place]
            # One that lost all its boxes begins anew where the fit is worst.
            centres[place] = mine.mean(axis=0) if len(mine) else boxes[alone[place]]
    return _overlap(boxes, centres).max(axis=1).mean(), centres


def _first(boxes, count, rng):
    """Centres among the boxes, each likelier the farther it is from those before."""
    centres = [boxes[rng.integers(len(boxes))]]
    while len(centres) < count:
        distance = (1 - _overlap(boxes, np.array(centres)).max(axis=1)).clip(0) ** 2
        centres.append(boxes[rng.choice(len(boxes), p=distance / distance.sum())])
    return np.array(centres)
