"""Films, frame by frame."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo._checks import require
from dlzoo._files import atomic_path
from dlzoo._progress import track
from dlzoo.detection.prediction import THRESHOLD, Detector
from dlzoo.detection.result import Detections
from dlzoo.errors import DataError

FILMS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")
_CODEC = "mp4v"


def is_film(path: str | os.PathLike) -> bool:
    """Whether a file is named as a film."""
    return Path(path).suffix.lower() in FILMS


def detect_film(
    model: str | os.PathLike | keras.Model,
    film: str | os.PathLike,
    picture: str | os.PathLike | None = None,
    *,
    threshold: float = THRESHOLD,
    batch_size: int = 8,
) -> list[Detections]:
    """Find the objects on each frame of a film.

    Args:
        model, threshold, batch_size: As in `dlzoo.detection.detect`.
        film: A file that OpenCV reads.
        picture: Where the film with boxes is written, an `.mp4`; None writes none.

    Returns:
        One `Detections` a frame; its source is `"film.mp4, frame 1"` ...

    Raises:
        MissingExtraError: OpenCV is not installed. DataError: The film cannot be read, or
            the other not be written.
    """
    cv2 = require("cv2", extra="detection", purpose="Reading films")
    detector = Detector(model, threshold=threshold, batch_size=batch_size)
    if picture is None:
        return [found for _, found in detector.find(_frames(cv2, film))]
    results = []
    with atomic_path(Path(picture)) as temporary:
        writer = None
        try:
            for image, found in detector.find(_frames(cv2, film)):
                if writer is None:
                    writer = _writer(cv2, temporary, film, image)
                drawn = found.drawn(image)
                writer.write(np.ascontiguousarray(drawn[..., ::-1]))  # it wants BGR
                results.append(found)
        finally:
            if writer is not None:
                writer.release()
    return results


def _frames(cv2, film) -> Iterator[tuple[str, np.ndarray]]:
    """The name and the pixels of each frame, with a progress bar."""
    reader = _opened(cv2, film)
    count = int(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    number = 0
    try:
        for number in track(_numbers(reader), f"Frames of {Path(film).name}", max(count, 1)):
            whole, frame = reader.retrieve()
            if not whole:
                raise DataError(f"{film}: frame {number} cannot be read.")
            yield f"{film}, frame {number}", np.ascontiguousarray(frame[..., ::-1])
    finally:
        reader.release()
    if not number:
        raise DataError(f"{film}: there is no frame in this film, or it cannot be read.")


def _numbers(reader) -> Iterator[int]:
    number = 0
    while reader.grab():
        number += 1
        yield number


def _opened(cv2, film) -> Any:
    if not Path(film).is_file():
        raise DataError(f"{film}: there is no such file.")
    reader = cv2.VideoCapture(str(film))
    if not reader.isOpened():
        raise DataError(f"{film}: OpenCV cannot read this film.")
    return reader


def _writer(cv2, path, film, image):
    reader = _opened(cv2, film)
    rate = reader.get(cv2.CAP_PROP_FPS) or 25.0
    reader.release()
    height, width = image.shape[:2]
    code = cv2.VideoWriter.fourcc(*_CODEC)
    writer = cv2.VideoWriter(str(path), code, rate, (width, height))
    if not writer.isOpened():
        raise DataError(f"{path}: OpenCV cannot write a film here.")
    return writer
