"""Training of Fast R-CNN: the proposals of each image are found once, then it is as usual."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_between, check_positive_int
from dlzoo._progress import progress_bar
from dlzoo.data.fitting import fit_image, fit_scale
from dlzoo.data.images import read_image
from dlzoo.detection.proposals import stacked_proposals
from dlzoo.detection.rcnn_detector import Search, proposed
from dlzoo.detection.rcnn_training import known_boxes
from dlzoo.detection.two_stage import training_losses, training_network
from dlzoo.layers.raw_pixels import takes_raw_pixels
from dlzoo.training.inference import jit_compile

WHO = "train_fast_rcnn"


def train_fast_rcnn(
    model: keras.Model,
    examples: Iterable[tuple[Any, Any, Any]],
    *,
    epochs: int = 10,
    learning_rate: float = 1e-3,
    weight_decay: float = 5e-4,
    batch_size: int = 2,
    rois: int = 64,
    search: Search | None = None,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Train a Fast R-CNN (Girshick 2015, https://arxiv.org/abs/1504.08083, section 2.3).

    Selective search is done once for each image; then gradient descent with momentum 0.9 on
    two images a step and 64 of the boxes of each, a quarter of them objects, half of the
    images flipped. The rate falls to a tenth for the last quarter of the epochs. Layers that
    are frozen stay as they are: of VGG-16 the paper trains from the third stage on.

    Images, as many bytes as `model` sees pixels, are kept in memory.

    Args:
        model: What `dlzoo.models.fast_rcnn` built, with fixed sides and
            `include_preprocessing=True`; it is trained in place.
        examples: `(image, boxes, classes)` each: a path or uint8 RGB; `(n, 4)` in pixels;
            `(n,)` from 0, where -1 is padding. Images without a box are background.
        epochs: Times that each image is seen.
        learning_rate: Of the first three quarters.
        weight_decay: Of kernels; for biases it is 0.
        batch_size: Images a step.
        rois: Boxes that are looked at in an image.
        search: How proposals are found: `quality`, `width` and `most` of it count.
        seed: Of what is drawn.

    Returns:
        The mean loss of each epoch: `{"loss": [...]}`.

    Raises:
        ValueError: The model is another, there are no examples, or an argument is not allowed.
        dlzoo.errors.MissingExtraError: opencv-contrib is not installed (extra `detection`).
    """
    for word, number in (("epochs", epochs), ("batch_size", batch_size), ("rois", rois)):
        check_positive_int(WHO, word, number)
    check_between(WHO, "learning_rate", learning_rate, 1e-8, 1)
    check_between(WHO, "weight_decay", weight_decay, 0, 1)
    size, count = _checked_model(model)
    limit = model.input["proposals"].shape[1]
    found = _prepared(examples, size, count, search or Search(), limit)
    keras.utils.set_random_seed(seed)
    network = training_network(model, rois=rois, seed=seed)
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.9, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    network.compile(optimizer, loss=training_losses(model), jit_compile=jit_compile(network))
    rng = np.random.default_rng(seed)
    losses = []
    with progress_bar() as bar:
        task = bar.add_task("Training", total=epochs, note="")
        for epoch in range(epochs):
            if epoch == -(-3 * epochs // 4):
                optimizer.learning_rate = learning_rate / 10
            batches = _batches(found, batch_size, rng)
            losses.append(float(np.mean([network.train_on_batch(*each) for each in batches])))
            bar.update(task, advance=1, note=f"loss {losses[-1]:.3f}")
    return {"loss": losses}


def _checked_model(model):
    """Height and width of its images, and the number of its classes."""
    inputs = getattr(model, "inputs", None) or ()
    sides = next((each.shape[1:3] for each in inputs if each.name == "image"), (None,))
    told = "proposals" in (each.name for each in inputs)
    if not told or None in sides or not takes_raw_pixels(model):
        raise ValueError(
            f"{WHO}: model must be one of dlzoo.models.fast_rcnn with fixed sides, "
            f"because images are fitted to it, and with include_preprocessing=True; got "
            f"{getattr(model, 'name', model)!r}."
        )
    return tuple(sides), model.get_layer("class_scores").units - 1


def _prepared(examples, size, classes, search, limit):
    """Images, proposals and true boxes of all examples, as three arrays."""
    images, proposals, truths = [], [], []
    with progress_bar() as bar:
        task = bar.add_task("Proposals", total=None, note="")
        for number, (image, boxes, labels) in enumerate(examples, 1):
            boxes, labels = known_boxes(WHO, number, boxes, labels, classes)
            pixels = read_image(image)
            images.append(fit_image(pixels, size))
            boxes = boxes * np.tile(fit_scale(pixels.shape[:2], size), 2)
            truths.append(np.concatenate([boxes, labels[:, None]], axis=-1))
            proposals.append(proposed(images[-1], search))
            bar.advance(task)
    if not images:
        raise ValueError(f"{WHO}: examples must have an image at least; there is none.")
    true = np.full((len(images), max(1, *map(len, truths)), 5), -1, "float32")
    for place, rows in enumerate(truths):
        true[place, : len(rows)] = rows
    return np.stack(images), stacked_proposals(proposals, limit), true


def _batches(found, size, rng):
    """All examples once, in random order, half of them flipped; the last batch is filled up."""
    order = rng.permutation(len(found[0]))
    order = np.resize(order, -(-len(order) // size) * size)
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        x, boxes, truth = (each[chosen].astype("float32") for each in found)
        for place in np.flatnonzero(rng.random(size) < 0.5):
            x[place] = x[place, :, ::-1]
            boxes[place] = _flipped(boxes[place], x.shape[2])
            truth[place] = _flipped(truth[place], x.shape[2])
        yield {"image": x, "proposals": boxes, "truth": truth}, {"rois": truth}


def _flipped(rows, width):
    """Boxes in a mirror; rows that are none, of side 0, stay so."""
    there = (rows[:, 2] > rows[:, 0])[:, None]
    flipped = rows.copy()
    flipped[:, 0], flipped[:, 2] = width - rows[:, 2], width - rows[:, 0]
    return np.where(there, flipped, rows)
