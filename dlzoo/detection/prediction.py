"""`predict` for detection: the objects on images of any size."""

import os
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_between, check_positive_int
from dlzoo.data.fitting import fit_image, fit_scale
from dlzoo.data.images import read_image
from dlzoo.data.sources import image_sources
from dlzoo.detection.proposals import selective_search, stacked_proposals
from dlzoo.detection.result import Detections
from dlzoo.layers.box_labels import ANSWERS, BoxLabels, box_labels_inside
from dlzoo.layers.raw_pixels import preprocessing_layer
from dlzoo.layers.saved_model import open_model
from dlzoo.training.inference import jit_compile

THRESHOLD = 0.25  # that of AlexeyAB/darknet
PROPOSALS = "proposals"  # the second input of a network that is told where to look
_STEP = 32  # sides of images in their own size are brought to multiples of it


def predict(
    model: str | os.PathLike | keras.Model,
    images: Any,
    *,
    threshold: float = THRESHOLD,
    batch_size: int = 8,
) -> list[Detections]:
    """Find the objects on images; `detect` does it a batch at a time.

    Args:
        model, images, threshold, batch_size: As in `detect`.

    Returns:
        One `Detections` an image.
    """
    return list(detect(model, images, threshold=threshold, batch_size=batch_size))


def detect(
    model: str | os.PathLike | keras.Model,
    images: Any,
    *,
    threshold: float = THRESHOLD,
    batch_size: int = 8,
) -> Iterator[Detections]:
    """Find the objects on images, one image after the other.

    Each image is made as large as it fits into the size that the model was trained on, its
    aspect kept and the rest grey (`dlzoo.data.fit_image`), as in training; boxes come back in
    pixels of the image as it is. A model that remembers no size gets images in their own.
    A `fast_rcnn` gets the proposals of `selective_search` (extra `detection`).

    Args:
        model: The folder that `fine_tune` wrote, a `.keras` file, or a detector.
        images: A path, a folder, a pattern, a `uint8` array (one image or a batch), or a list
            of such things.
        threshold: Of the scores; what is below it is left out.
        batch_size: Images at once.

    Yields:
        A `Detections` an image, in the order given; folders and patterns sorted.

    Raises:
        ValueError: The model cannot be used. `dlzoo.errors.DataError`: An image cannot be
            read, or there is none.
    """
    names, sources = image_sources("detect", images)
    pictures = ((name, read_image(source)) for name, source in zip(names, sources, strict=True))
    detector = Detector(model, threshold=threshold, batch_size=batch_size)
    for _, found in detector.find(pictures):
        yield found


class Detector:
    """A finished model that is asked about one batch after the other.

    Args:
        model, threshold, batch_size: As in `detect`.
    """

    def __init__(
        self,
        model: str | os.PathLike | keras.Model,
        *,
        threshold: float = THRESHOLD,
        batch_size: int = 8,
    ):
        check_between("detect", "threshold", threshold, 0, 1)
        check_positive_int("detect", "batch_size", batch_size)
        self.model = open_model(model)
        self.threshold = threshold
        preprocessing_layer(self.model, None)  # raises where pixels would have to be scaled
        if sorted(_names(self.model)) != list(ANSWERS):
            raise ValueError(
                f"{self.model.name}: the model must be a detector that answers "
                f"{', '.join(ANSWERS)}; it answers {self.model.output_shape}. A network of "
                f"candidates becomes one by dlzoo.models.yolo_detector."
            )
        labels = box_labels_inside(self.model)
        self.labels = None if labels is None else labels.labels
        self.size = _size(self.model, labels)
        self.batch_size = batch_size if self.size else 1
        if not self.model.compiled:
            self.model.jit_compile = jit_compile(self.model)

    def find(
        self, pictures: Iterable[tuple[str, np.ndarray]]
    ) -> Iterator[tuple[np.ndarray, Detections]]:
        """Images `uint8 (height, width, 3)` with their names; each with what is on it."""
        batch: list[tuple[str, np.ndarray]] = []
        for pair in pictures:
            batch.append(pair)
            if len(batch) == self.batch_size:
                yield from self._answered(batch)
                batch = []
        if batch:
            yield from self._answered(batch)

    def _answered(self, batch):
        sizes = [self.size or _rounded(image.shape[:2]) for _, image in batch]
        fitted = [fit_image(image, size) for (_, image), size in zip(batch, sizes, strict=True)]
        if self.model.jit_compile and self.size:  # or it is compiled anew for what is left
            fitted += [fitted[-1]] * (self.batch_size - len(batch))
        answers = self.model.predict_on_batch(self._inputs(fitted))
        rows = rows_of(answers)
        for (name, image), size, row in zip(batch, sizes, rows, strict=False):
            size_of_image = image.shape[:2]
            boxes, scores, classes = unfitted(row, size_of_image, size)
            kept = scores >= self.threshold
            numbers = classes[kept]
            labels = self.labels or tuple(map(str, range(int(numbers.max(initial=0)) + 1)))
            yield (
                image,
                Detections(name, boxes[kept], scores[kept], numbers, labels, size_of_image),
            )

    def _inputs(self, fitted):
        """What the model takes: images, and proposals if it is to be given them."""
        images = np.stack(fitted)
        if PROPOSALS not in (tensor.name for tensor in self.model.inputs):
            return images
        count = self.model.input[PROPOSALS].shape[1]
        found = stacked_proposals([selective_search(image) for image in fitted], count)
        return {"image": images, PROPOSALS: found}


def rows_of(answers: dict[str, Any]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Boxes, scores and classes of each image of a batch, without the padding."""
    boxes, classes, count, scores = (np.asarray(answers[name]) for name in ANSWERS)
    for place, most in enumerate(count.astype(int)):
        yield boxes[place, :most], scores[place, :most], classes[place, :most].astype(np.int32)


def unfitted(
    row: tuple[np.ndarray, np.ndarray, np.ndarray], size: tuple[int, int], fitted: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What was found on a fitted image in pixels of the image of `size`, the surest first."""
    boxes, scores, classes = row
    boxes = boxes / np.tile(fit_scale(size, fitted), 2)
    boxes = np.clip(boxes, 0, np.tile(size[::-1], 2)).astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    return boxes[order], scores[order], classes[order]


def _names(model):
    outputs = model.output
    return list(outputs) if isinstance(outputs, dict) else []


def _size(model, labels: BoxLabels | None):
    """Height and width to which images are fitted, or None for their own."""
    if labels is not None and labels.size is not None:
        return labels.size
    own = model.inputs[0].shape[1:3]  # the image comes first
    return None if None in own else tuple(own)


def _rounded(size):
    return tuple(-(-side // _STEP) * _STEP for side in size)
