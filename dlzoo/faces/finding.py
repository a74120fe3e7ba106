"""Finding faces with MTCNN: Zhang et al. 2016, https://arxiv.org/abs/1604.02878, section II.

The steps are those of the authors' program, as facenet-pytorch has them, so that the faces
are the same. Its boxes hold the first and the last pixel, counted from 1; so do the arrays
`boxes` in here until a `Face` is made of them.
"""

import functools
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_between
from dlzoo.data import read_image
from dlzoo.faces.area_means import AreaMeans
from dlzoo.faces.face import Face
from dlzoo.faces.suppression import suppress
from dlzoo.models import MTCNN, mtcnn
from dlzoo.training.inference import jit_compile

WHO = "find_faces"
WINDOW = 12  # pixels: what the first network sees of each place
STEP = 2  # pixels between its places
TO_GRID = np.array([-1, -1, 0, 0], np.float32)  # from its boxes to those of dlzoo
AT_ONCE = 512  # crops


def find_faces(
    image: Any,
    *,
    detector: MTCNN | str | os.PathLike = "wider_face",
    min_size: float = 20,
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7),
    factor: float = 0.709,
) -> tuple[Face, ...]:
    """Find the faces in a photograph.

    Args:
        image: A path, a Pillow image, or a `uint8` array, as in `dlzoo.data.read_image`.
        detector: What `dlzoo.models.mtcnn` returned, or the weights that it takes; they are
            kept for the next call.
        min_size: Side of the smallest faces that are looked for, in pixels, at least 12.
            Twice as large is up to four times as fast.
        thresholds: Probabilities that a place must reach in the three networks.
        factor: Of the sides of the image from one scale to the next, between 0.1 and 0.95.

    Returns:
        The faces, the surest first; empty where there is none.

    Raises:
        ValueError: An argument is not allowed; `dlzoo.errors.DataError` where the image
            cannot be read, `WeightsError` where the weights cannot be had.

    Example:
        >>> image = np.zeros((60, 80, 3), "uint8")
        >>> find_faces(image, detector=mtcnn(None), thresholds=(1, 1, 1))  # random networks
        ()
    """
    _check(min_size, thresholds, factor)
    means = AreaMeans(read_image(image))
    networks = _networks(detector)
    first, second, third = thresholds
    boxes = _proposed(networks.pnet, means, min_size, first, factor)
    boxes, scores, answer = _judged(networks.rnet, means, boxes, second)
    kept = suppress(boxes, scores, 0.7)
    boxes = _square(_moved(boxes[kept], answer["steps"][kept]))
    boxes, scores, answer = _judged(networks.onet, means, boxes, third)
    points = _points(boxes, answer["landmarks"])
    boxes = _moved(boxes, answer["steps"]) + TO_GRID
    kept = suppress(boxes, scores, 0.7, of_smaller=True)
    return tuple(Face(boxes[n], float(scores[n]), points[n]) for n in kept)


def _proposed(pnet, means, min_size, threshold, factor):
    """Boxes of the first network, `(n, 4)`, of all scales."""
    parts = [
        (np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 4), np.float32))
    ]
    scale = WINDOW / min_size
    while min(means.height, means.width) * scale >= WINDOW:
        boxes, scores, steps = _windows(pnet, means, scale, threshold)
        kept = suppress(boxes, scores, 0.5)
        parts.append((boxes[kept], scores[kept], steps[kept]))
        scale *= factor
    boxes, scores, steps = (np.concatenate(part) for part in zip(*parts, strict=True))
    kept = suppress(boxes, scores, 0.7)
    boxes = boxes[kept]
    sides = boxes[:, 2:] - boxes[:, :2]
    return _square(boxes + steps[kept] * np.tile(sides, 2))


def _windows(pnet, means, scale, threshold):
    """The windows of one scale that may hold a face, and what the network says of each."""
    size = int(means.height * scale + 1), int(means.width * scale + 1)
    whole = (0, 0, means.width, means.height)
    level = means.resized([whole], size)
    if _compiled_for_each_size():
        more = [(0, _to_common(side)) for side in size]
        level = np.pad(level, [(0, 0), *more, (0, 0)], mode="edge")
    answer = _answers(pnet, level)
    # Of an odd side the last window reaches a pixel beyond it: poolings round up.
    there = tuple(slice((side + 1 - WINDOW) // STEP + 1) for side in size)
    scores, steps = (answer[name][0][there] for name in ("scores", "steps"))
    scores = scores[..., 1]
    rows, columns = np.nonzero(scores >= threshold)
    corner = STEP * np.stack([columns, rows], axis=1).astype(np.float32)
    ends = np.concatenate([corner + 1, corner + WINDOW], axis=1)
    boxes = np.floor(ends / np.float32(scale))
    return boxes, scores[rows, columns], steps[rows, columns]


def _compiled_for_each_size():
    """Whether each size of an image costs a second, once."""
    return keras.backend.backend() == "jax"


def _to_common(side):
    """How many pixels `side` lacks to a size that others have too: 8 to 16 an octave."""
    return -side % max(1 << (side.bit_length() - 4), STEP)


def _judged(network, means, boxes, threshold):
    """The boxes whose crops pass a network, their scores, and all it says of them."""
    inside = np.trunc(boxes)
    inside = np.concatenate(
        [
            np.maximum(inside[:, :2], 1) - 1,
            np.minimum(inside[:, 2:], [means.width, means.height]),
        ],
        axis=1,
    ).astype(np.int64)
    there = (inside[:, 2:] > inside[:, :2]).all(axis=1)
    boxes = boxes[there]
    answer = _answers(network, means.resized(inside[there], network.input_shape[1:3]))
    scores = answer["scores"][:, 1]
    passed = scores > threshold
    return boxes[passed], scores[passed], {name: each[passed] for name, each in answer.items()}


def _answers(network, images):
    """What `network` says to any number of images, as NumPy."""
    if not network.compiled:
        network.jit_compile = jit_compile(network)
    parts = []
    for start in range(0, max(len(images), 1), AT_ONCE):
        batch = images[start : start + AT_ONCE]
        # Powers of two, because backends prepare themselves for each size of a batch.
        missing = (1 << max(len(batch) - 1, 0).bit_length()) - len(batch)
        if missing:
            batch = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), np.float32)])
        parts.append(network.predict_on_batch(batch))
    return {
        name: np.concatenate([np.asarray(part[name], np.float32) for part in parts])[
            : len(images)
        ]
        for name in parts[0]
    }


def _square(boxes):
    """The same centres, the longer side on both axes."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(axis=1, keepdims=True, initial=0)
    corner = boxes[:, :2] + (sides - longer) / 2
    return np.concatenate([corner, corner + longer], axis=1)


def _moved(boxes, steps):
    """Each corner moved by its step, in sides of the box."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + steps * np.tile(sides, 2)


def _points(boxes, landmarks):
    """Five points of each box, `(n, 5, 2)`, on the grid of the photograph."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    points = landmarks.reshape(-1, 2, 5).transpose(0, 2, 1)
    return (boxes[:, :2] - 1)[:, None] + points * sides[:, None]


def _networks(detector):
    if isinstance(detector, MTCNN):
        return detector
    if not isinstance(detector, (str, os.PathLike)):
        raise ValueError(
            f"{WHO}: detector must be what dlzoo.models.mtcnn returned, a path or a name of "
            f"weights; got {detector!r}."
        )
    path = Path(detector).expanduser()
    return _opened(os.fspath(detector), path.stat().st_mtime_ns if path.is_file() else 0)


@functools.lru_cache(maxsize=1)
def _opened(weights, changed):
    """Networks with their weights; kept until the file is another one."""
    return mtcnn(weights)


def _check(min_size, thresholds, factor):
    check_between(WHO, "min_size", min_size, WINDOW, 100_000, unit=" of pixels")
    check_between(WHO, "factor", factor, 0.1, 0.95)
    if not isinstance(thresholds, (tuple, list)) or len(thresholds) != len(MTCNN._fields):
        raise ValueError(
            f"{WHO}: thresholds must be three numbers, one a network; got {thresholds!r}."
        )
    for threshold in thresholds:
        check_between(WHO, "each of thresholds", threshold, 0, 1)
