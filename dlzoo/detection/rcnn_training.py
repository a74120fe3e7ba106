"""Training of R-CNN: machines by hard negatives, boxes by ridge regression."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from dlzoo._boxes import encode, iou
from dlzoo._checks import check_between, check_choice, check_positive_int
from dlzoo.data import read_image
from dlzoo.detection.hard_negatives import COST, train_svm
from dlzoo.detection.rcnn_detector import RCNN, Search, averages, feature_maps, proposed
from dlzoo.models import create_model
from dlzoo.weights import list_models

# Girshick et al. 2014, section 2.3 and appendix C, and the authors' program.
NEGATIVE = 0.3  # IoU below which a proposal is no object
NEAR = 0.6  # and above which it learns to become the box
RIDGE = 1000.0
LENGTH = 20.0  # of features on average


@dataclass
class _Gathered:
    """What is kept of the images: averages of all, whole maps of those near an object."""

    grid: int
    averages: list = field(default_factory=list)
    overlaps: list = field(default_factory=list)  # with the best box of each class
    positives: list = field(default_factory=list)
    positive_classes: list = field(default_factory=list)
    maps: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    map_classes: list = field(default_factory=list)


def train_rcnn(
    examples: Iterable[tuple[Any, Any, Any]],
    labels: Sequence[str],
    *,
    network: str | keras.Model = "mobilenet_v2",
    weights: str | None = "imagenet",
    side: int = 224,
    grid: int = 2,
    cost: float = COST,
    search: Search | None = None,
    seed: int = 0,
) -> RCNN:
    """Train an R-CNN (Girshick et al. 2014, https://arxiv.org/abs/1311.2524) on a small set.

    Proposals by selective search, warped crops of them through a network that stays as it
    is, a linear support vector machine a class on averages of its map (positives are the true
    boxes, hard negatives come from proposals below IoU 0.3), and ridge regression from the
    map to better boxes (proposals above IoU 0.6).

    Every proposal goes through the network by itself, so an image takes many times as long as
    with a one-pass detector; `python -m benchmarks.rcnn` measures how many. Features of all
    proposals are kept in memory, 40 MB an image with MobileNetV2.

    Args:
        examples: `(image, boxes, classes)` each: a path or uint8 RGB; `(n, 4)` in pixels;
            `(n,)` from 0, where -1 is padding. Images without a box give negatives.
        labels: Names of the classes.
        network: A classification network of the zoo, or a `keras.Model` from raw RGB of 0
            to 255 `(batch, side, side, 3)` to a feature map, perhaps fine-tuned.
        weights: Of a network by name.
        side: Of the warped crops in pixels, of a network by name; less is faster.
        grid: Cells a side to which a map is averaged for the machines; more tell better
            whether a box fits, and take more memory.
        cost: C of the machines, between 1e-6 and 1e3. The authors' is for thousands of boxes
            a class; dozens ask for more, e.g. 0.1.
        search: How proposals are found and cropped; None for the paper's way.
        seed: Of the negatives that come first.

    Returns:
        An `RCNN`.

    Raises:
        ValueError: There are no examples, a class has no box, or an argument is wrong.
        dlzoo.errors.MissingExtraError: opencv-contrib is not installed (extra `detection`).
    """
    search = Search() if search is None else search
    check_positive_int("train_rcnn", "grid", grid)
    check_between("train_rcnn", "cost", cost, 1e-6, 1e3)
    model = _network(network, weights, side)
    gathered = _Gathered(grid)
    for number, (image, boxes, classes) in enumerate(examples, 1):
        boxes, classes = known_boxes("train_rcnn", number, boxes, classes, len(labels))
        pixels = read_image(image)
        _gather(gathered, model, pixels, boxes, classes, len(labels), search, number)
    return _trained(gathered, tuple(labels), model, search, cost, seed)


def _network(network, weights, side):
    if isinstance(network, str):
        check_choice("train_rcnn", "network", network, list_models(task="classification"))
        check_positive_int("train_rcnn", "side", side)
        shape = (side, side, 3)
        options = {"classes": 0, "input_shape": shape, "include_preprocessing": True}
        network = create_model(network, weights, **options)
    sides: tuple = network.input_shape[1:3] if isinstance(network, keras.Model) else ()
    if len(sides) != 2 or sides[0] != sides[1] or len(network.output_shape) != 4:
        raise ValueError(
            f"train_rcnn: network must be a name or a model from (side, side, 3) to a feature "
            f"map; got {network!r}. Build it with classes=0 and include_preprocessing=True."
        )
    return network


def known_boxes(who, number, boxes, classes, count):
    """Boxes and classes of an example, for one of `count` classes, without the padding."""
    boxes = np.asarray(boxes, "float32").reshape(-1, 4)
    classes = np.asarray(classes, "int64").reshape(-1)
    if len(boxes) != len(classes) or (classes >= count).any():
        raise ValueError(
            f"{who}: each example must have a class below {count} for each box; got "
            f"{len(boxes)} boxes and classes {classes.tolist()} in example {number}."
        )
    real = (classes >= 0) & (boxes[:, 2:] > boxes[:, :2]).all(axis=-1)
    return boxes[real], classes[real]


def _gather(gathered, model, pixels, boxes, classes, count, search, number):
    """Features of an image's true boxes and of its proposals, and how they overlap."""
    proposals = proposed(pixels, search)
    both = np.concatenate([boxes, proposals])
    maps = feature_maps(model, pixels, both, search, f"Image {number}")
    true = len(boxes)
    gathered.positives.append(averages(maps[:true], gathered.grid))
    gathered.positive_classes.append(classes)
    gathered.averages.append(averages(maps[true:], gathered.grid))
    overlap = ops.convert_to_numpy(iou(both, boxes)) if true else np.zeros((len(both), 0))
    best = np.zeros((len(proposals), count), "float32")
    for label in range(count):
        of_class = overlap[true:, classes == label]
        best[:, label] = of_class.max(axis=-1, initial=0.0)
    gathered.overlaps.append(best)
    if not true:
        return
    nearest = overlap.argmax(axis=-1)
    near = overlap.max(axis=-1) > NEAR
    gathered.maps.append(maps[near].reshape(near.sum(), -1))
    steps = encode(boxes[nearest[near]], both[near])
    gathered.steps.append(ops.convert_to_numpy(steps))
    gathered.map_classes.append(classes[nearest[near]])


def _trained(gathered, labels, model, search, cost, seed):
    if not gathered.averages or not gathered.maps:
        raise ValueError("train_rcnn: examples must have an object at least; there is none.")
    positives, negatives, overlaps, maps, steps = (
        np.concatenate(parts)
        for parts in (
            gathered.positives,
            gathered.averages,
            gathered.overlaps,
            gathered.maps,
            gathered.steps,
        )
    )
    classes = np.concatenate(gathered.positive_classes)
    map_classes = np.concatenate(gathered.map_classes)
    scales = _to_length(negatives), _to_length(maps)
    machines, regressors = [], []
    for number, label in enumerate(labels):
        mine = classes == number
        others = overlaps[:, number] < NEGATIVE
        if not mine.any() or not others.any():
            missing = "box" if not mine.any() else "proposal apart from its boxes"
            raise ValueError(
                f"train_rcnn: each class must have examples; {label!r} has no {missing}."
            )
        positive, negative = positives[mine] * scales[0], negatives[others] * scales[0]
        machines.append(train_svm(positive, negative, cost=cost, seed=seed))
        near = map_classes == number
        regressors.append(_ridge(maps[near] * scales[1], steps[near]))
    matrices = np.stack(machines, axis=-1), np.stack(regressors)
    return RCNN(labels, model, *matrices, scales, gathered.grid, search)


def _to_length(features):
    """The factor that makes features `LENGTH` long on average."""
    return LENGTH / max(float(np.linalg.norm(features, axis=-1).mean()), 1e-6)


def _ridge(maps, steps):
    """From maps to steps, `(numbers + 1, 4)`, the constant last."""
    from sklearn.linear_model import Ridge

    found = Ridge(alpha=RIDGE).fit(maps, steps)
    return np.concatenate([found.coef_.T, found.intercept_[None]]).astype("float32")
