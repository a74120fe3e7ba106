"""R-CNN: a network's features of each proposal, a support vector machine a class."""

import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from safetensors.numpy import load_file, save_file

from dlzoo._boxes import class_wise_suppression, clip, decode
from dlzoo._checks import check_between, check_positive_int
from dlzoo._files import atomic_path, write_json
from dlzoo.data import read_image
from dlzoo.detection.proposals import PAPERS_WIDTH, selective_search, warped_crops
from dlzoo.errors import DataError
from dlzoo.training import forward

FACTS, ARRAYS, NETWORK = "rcnn.json", "rcnn.safetensors", "network.keras"


@dataclass(frozen=True)
class Search:
    """How proposals are found and shown to the network.

    Attributes:
        quality, width, most: As in `selective_search`.
        context: As in `warped_crops`.
        batch_size: Crops at once.
    """

    quality: str = "fast"
    width: int | None = PAPERS_WIDTH
    most: int = 2000
    context: int = 16
    batch_size: int = 64


@dataclass(frozen=True, eq=False)
class RCNN:
    """A detector by Girshick et al. 2014; `train_rcnn` makes one, `load_rcnn` reads it.

    Called with an image it gives a dict of `boxes (n, 4)`, `(x1, y1, x2, y2)` in pixels,
    `scores (n,)`, distances from the machine's border, above 0 for "yes", and `classes (n,)`
    int32; the best first.

    Attributes:
        labels: Names of the classes.
        network: From raw RGB crops `(batch, side, side, 3)` to feature maps.
        machines: `(features + 1, classes)`: weights of the averaged maps, and biases.
        regressors: `(classes, numbers of a map + 1, 4)`: from maps to R-CNN's steps.
        scales: Factors that bring averages and maps to the usual length.
        grid: Cells a side to which a map is averaged for the machines.
        search: How proposals are found.
    """

    labels: tuple[str, ...]
    network: keras.Model
    machines: np.ndarray = field(repr=False)
    regressors: np.ndarray = field(repr=False)
    scales: tuple[float, float]
    grid: int
    search: Search = Search()

    def __call__(
        self,
        image: Any,
        *,
        score_threshold: float = 0.0,
        iou_threshold: float = 0.3,
        most: int = 100,
    ) -> dict[str, np.ndarray]:
        check_between("RCNN", "iou_threshold", iou_threshold, 0, 1)
        check_positive_int("RCNN", "most", most)
        pixels = read_image(image)
        proposals = proposed(pixels, self.search)
        maps = feature_maps(self.network, pixels, proposals, self.search)
        scores = _times(averages(maps, self.grid) * self.scales[0], self.machines)
        good = (scores > score_threshold).any(axis=-1)
        if not good.any():
            return {
                "boxes": np.zeros((0, 4), "float32"),
                "scores": np.zeros(0, "float32"),
                "classes": np.zeros(0, "int32"),
            }
        flat = maps[good].reshape(good.sum(), -1) * self.scales[1]
        steps = np.stack([_times(flat, matrix) for matrix in self.regressors], axis=1)
        moved = clip(decode(steps, proposals[good][:, None]), *pixels.shape[:2])
        found = class_wise_suppression(
            moved,
            scores[good],
            iou_threshold=iou_threshold,
            most=most,
            score_threshold=score_threshold,
        )
        count = int(ops.convert_to_numpy(found.pop("count")))
        return {name: ops.convert_to_numpy(part)[:count] for name, part in found.items()}

    def save(self, folder: str | os.PathLike) -> None:
        """Write the detector into a folder: three files, none of them a pickle."""
        folder = Path(folder)
        with atomic_path(folder / NETWORK) as temporary:
            self.network.save(temporary)
        with atomic_path(folder / ARRAYS) as temporary:
            save_file(
                {"machines": self.machines, "regressors": self.regressors}, os.fspath(temporary)
            )
        write_json(
            folder / FACTS,
            {
                "labels": self.labels,
                "scales": self.scales,
                "grid": self.grid,
                "search": asdict(self.search),
            },
        )


def load_rcnn(folder: str | os.PathLike) -> RCNN:
    """The detector that `RCNN.save` wrote.

    Raises:
        dlzoo.errors.DataError: One of its files is missing or damaged.
    """
    folder = Path(folder)
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        arrays = load_file(folder / ARRAYS)
        return RCNN(
            labels=tuple(facts["labels"]),
            network=keras.saving.load_model(folder / NETWORK),
            machines=arrays["machines"],
            regressors=arrays["regressors"],
            scales=tuple(facts["scales"]),
            grid=facts["grid"],
            search=Search(**facts["search"]),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"load_rcnn: {folder} must hold {FACTS}, {ARRAYS} and {NETWORK}, as RCNN.save "
            f"writes them; {type(error).__name__}: {error}."
        ) from error


def proposed(pixels, search):
    """The proposals of an image, `(n, 4)`; the whole image where there is none."""
    boxes = selective_search(
        pixels, quality=search.quality, width=search.width, most=search.most
    )
    height, width = pixels.shape[:2]
    return boxes if len(boxes) else np.array([[0, 0, width, height]], "float32")


def feature_maps(network, pixels, boxes, search, what="Proposals"):
    """What the network says to each box of an image: `(n, rows, columns, channels)`."""
    crops = warped_crops(pixels, boxes, network.input_shape[1], context=search.context)
    return forward(network, crops, search.batch_size, what=what)


def averages(maps, grid):
    """Of the cells of a grid over the maps: `(n, cells * channels)`.

    A box that cuts through an object differs from one around it in where things are, not in
    the average over all.
    """
    for axis in (1, 2):
        parts = np.array_split(maps, min(grid, maps.shape[axis]), axis=axis)
        maps = np.concatenate([part.mean(axis=axis, keepdims=True) for part in parts], axis)
    return maps.reshape(len(maps), math.prod(maps.shape[1:]))


def _times(x, matrix):
    """`x` with a constant 1 behind, times `matrix`."""
    return x @ matrix[:-1] + matrix[-1]
