"""Anchors of a YOLO network from the boxes that it will learn."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlzoo.data import BoxDataset, BoxExamples
from dlzoo.data.fitting import fit_scale
from dlzoo.detection.anchor_clusters import anchors

AUTO = "auto"
_CELL = 32  # pixels; the unit of version 2
_A_SCALE = 3  # anchors, where a network has several scales
# How many anchors a network has, and what their unit is in pixels.
_FIXED = {
    "yolo_v2": (5, _CELL),
    "yolo_v2_tiny": (5, _CELL),
    "yolo_v3": (9, 1),
    "yolo_v3_tiny": (6, 1),
}


def box_sizes(examples: BoxExamples, size: tuple[int, int] | None = None) -> np.ndarray:
    """Width and height of each box that is learnt, `(n, 2)`.

    Args:
        examples: A split.
        size: Height and width into which images are fitted; None: as they are.
    """
    found = []
    for boxes, ignored, own in zip(
        examples.boxes, examples.ignored, examples.sizes.tolist(), strict=True
    ):
        scale = (1.0, 1.0) if size is None else fit_scale((own[0], own[1]), size)
        kept = boxes[~ignored].astype(np.float64)
        found.append((kept[:, 2:] - kept[:, :2]) * scale)
    return np.concatenate(found)


def anchors_for(
    name: str,
    dataset: BoxDataset,
    size: tuple[int, int],
    choice: Any,
    options: Mapping[str, Any],
    seed: int = 0,
) -> dict[str, Any]:
    """The builder's argument `anchors`, or nothing where its own are taken.

    Args:
        name: Of the network.
        dataset: Whose training boxes count.
        size: Height and width into which images are fitted.
        choice: `"auto"`; None: the builder's own; or what the builder takes.
        options: Other arguments of the builder; `anchors` in it stand.
        seed: Of k-means.

    Returns:
        `{"anchors": ...}` or `{}`; also where too few boxes differ for k-means.
    """
    if choice is None or "anchors" in options or not name.startswith("yolo"):
        return {}
    if not isinstance(choice, str) or choice != AUTO:
        return {"anchors": choice}
    count, unit = _FIXED.get(name, (_A_SCALE * len(options.get("strides", (32, 16, 8))), 1))
    sizes = box_sizes(dataset.splits["train"], size)
    if len(np.unique(sizes, axis=0)) < count:
        return {}
    found = anchors(sizes, count, seed=seed)
    pairs = [(width / unit, height / unit) for width, height in found.sizes]
    return {"anchors": pairs}
