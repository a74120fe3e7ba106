"""`predictor`: a network as a fast function from images to arrays."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from dlzoo.data.channels import in_channels
from dlzoo.data.images import open_image
from dlzoo.data.sources import image_sources
from dlzoo.errors import DataError
from dlzoo.exporting.description import Description
from dlzoo.exporting.formats import FORMATS, Run


@dataclass(frozen=True, eq=False)
class Answered:
    """What a predictor says about one image.

    Attributes:
        source: Path of the image, or `"image 3"` for the third array.
        answer: An array, or a dict of arrays; None if the image could not be read.
        error: Why not.
    """

    source: str
    answer: Any
    error: DataError | None = None


class Predictor:
    """Answers images as the network does, by an engine made for that.

    May be called by several threads at once.

    Attributes:
        description: Of the network: task, input, outputs, labels, how images are read.
        batch_size: Images at once.
    """

    def __init__(self, run: Run, description: Description, batch_size: int):
        self.description = description
        self.batch_size = batch_size
        self._run = run
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, "dlzoo-read")

    @property
    def engine(self) -> str:
        """What runs it, e.g. `"openvino"`."""
        return FORMATS[self.description.format].engine

    @property
    def precision(self) -> str:
        """What it computes in."""
        return self.description.precision

    @property
    def task(self) -> str:
        """`"classification"`, `"detection"` ..."""
        return self.description.task

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Names of the classes."""
        return self.description.labels

    def __call__(self, images: Any) -> Any:
        """Answers to all images.

        Args:
            images: A `uint8` array, one image or a batch; a float array of 0 to 255 `(n,
                height, width, channels)` of the size that the network takes; a path, a
                folder, a pattern; or a list of such things. `uint8` arrays of the network's
                size are taken as they are, others and files brought to it as
                `dlzoo.predict` does.

        Returns:
            float32 `(n, classes)`, `(n, dimensions)`, or `(n, height, width, classes)` of
            the images as the network saw them; for networks with several outputs a dict of
            such. Detectors: a dict of `boxes (n, most, 4)` in pixels of the image as it is,
            `scores`, `classes (n, most)` and `count (n,)`. A list where shapes differ.

        Raises:
            DataError: An image cannot be read; `each` reports it and goes on.
        """
        if self._fits(images):
            return self.on_batch(images)
        answers = []
        for answered in self.each(images):
            if answered.error is not None:
                raise answered.error
            answers.append(answered.answer)
        return _stacked(answers)

    def on_batch(self, images: np.ndarray) -> Any:
        """Answers to an array of images as the network takes them: no size is changed.

        Args:
            images: `(n, height, width, channels)`, RGB of 0 to 255, any type; `batch_size` of
                them are answered at once.
        """
        images = np.asarray(images)
        bytes_stay = images.dtype == np.uint8 and getattr(self._run, "takes_bytes", False)
        images = np.ascontiguousarray(images, np.uint8 if bytes_stay else np.float32)
        if len(images) <= self.batch_size:
            return self._named(self._run(images))
        starts = range(0, len(images), self.batch_size)
        parts = [self._run(images[start : start + self.batch_size]) for start in starts]
        return self._named([np.concatenate(part) for part in zip(*parts, strict=True)])

    def each(self, images: Any) -> Iterator[Answered]:
        """Answers one after the other, in the order given; what cannot be read is reported.

        Images are read by other threads while the network runs.

        Args:
            images: As for a call.
        """
        names, sources = image_sources("predictor", images)
        batch: list[tuple[str, Any, Any]] = []
        shape = None
        for name, read in zip(names, self._read_ahead(sources), strict=True):
            pixels = None if isinstance(read, DataError) else read[0]
            if pixels is not None and shape not in (None, pixels.shape):
                yield from self._answered(batch)
                batch, shape = [], None
            batch.append((name, pixels, read))
            shape = shape if pixels is None else pixels.shape
            if len(batch) == self.batch_size:
                yield from self._answered(batch)
                batch, shape = [], None
        yield from self._answered(batch)

    def _read_ahead(self, sources) -> Iterator[Any]:
        """Pixels and size of each image, or why it cannot be read."""
        waiting = iter(sources)
        ahead = deque(
            self._pool.submit(self._read, source)
            for source in islice(waiting, 2 * self.batch_size)
        )
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(self._pool.submit(self._read, one) for one in islice(waiting, 1))

    def _read(self, source):
        try:
            if isinstance(source, np.ndarray) and self._as_it_is(source.dtype, source.shape):
                return source, None
            if self.task != "detection":
                return self.description.reading(source), None
            image = open_image(source)
            return self.description.reading(image), (image.height, image.width)
        except DataError as error:
            return error

    def _answered(self, batch) -> Iterator[Answered]:
        pixels = [pixels for _, pixels, _ in batch if pixels is not None]
        answers = iter(self._rows(pixels) if pixels else ())
        for name, seen, read in batch:
            if seen is None:
                yield Answered(name, None, read)
            else:
                yield Answered(name, self._placed(next(answers), read[1]))

    def _rows(self, pixels):
        """The answer to each image."""
        channels = self.description.input_shape[-1]
        found = self.on_batch(in_channels(np.stack(pixels), channels))
        if isinstance(found, dict):
            return [{k: part[i] for k, part in found.items()} for i in range(len(pixels))]
        return list(found)

    def _placed(self, answer, size):
        """Boxes in pixels of the image of `size`."""
        if size is None or not isinstance(answer, dict):
            return answer
        boxes = answer["boxes"] / np.tile(self.description.reading.scale(size), 2)
        boxes = np.clip(boxes, 0, np.tile(size[::-1], 2)).astype(np.float32)
        return answer | {"boxes": boxes}

    def _fits(self, images):
        """Whether `images` are an array that the network can be given as it is."""
        if not isinstance(images, np.ndarray) or images.ndim != 4 or not len(images):
            return False
        if images.dtype.kind == "f":
            self._check_floats(images)
            return True
        return self._as_it_is(images.dtype, images.shape[1:])

    def _as_it_is(self, dtype, shape):
        """Whether pixels of one image are what the network takes."""
        sides = self.description.input_shape
        fixed = None not in sides and self.description.reading.size in (None, sides[:2])
        return dtype == np.uint8 and fixed and shape == sides

    def _check_floats(self, images):
        wanted = self.description.input_shape
        got = images.shape[1:]
        if any(side not in (None, mine) for side, mine in zip(wanted, got, strict=True)):
            raise ValueError(
                f"predictor: images of floats must have the network's size {wanted}; got "
                f"{images.shape}. Pass uint8 images, which are brought to it."
            )
        some = images[:, ::4, ::4]  # a look at all of them takes as long as a small network
        low, high = float(some.min()), float(some.max())
        if 0 < high <= 1.0 or low < 0:  # all black is black
            raise ValueError(
                f"predictor: pixels must be 0 to 255, because preprocessing is inside; got "
                f"[{low:g}, {high:g}]. Pass the images as they were read."
            )

    def _named(self, answers):
        names = self.description.outputs
        return dict(zip(names, answers, strict=True)) if names else answers[0]

    def __repr__(self) -> str:
        return f"<Predictor: {self.description.name} by {self.engine}, {self.precision}>"


def _stacked(answers):
    if isinstance(answers[0], dict):
        return {name: _stacked([one[name] for one in answers]) for name in answers[0]}
    shapes = {np.shape(answer) for answer in answers}
    return np.stack(answers) if len(shapes) == 1 else answers
