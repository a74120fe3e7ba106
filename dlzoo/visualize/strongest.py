"""Which images excite the channels of a layer most, and where: one look at each image."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from dlzoo._progress import progress_bar
from dlzoo.visualize.observing import Call, output_at


@dataclass
class Strongest:
    """The strongest places of each channel, at most one an image.

    Attributes:
        values: `(count, channels)`, the greatest first.
        images, rows, columns: Of the same shape: number of the image, and where in the map.
        mean, deviation: `(channels,)` of one maximum an image, over all images.
    """

    values: np.ndarray
    images: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    def selective(self, most: int) -> list[int]:
        """Channels whose strongest places stand out most from what is usual for them."""
        spread = np.maximum(self.deviation, np.finfo("float32").tiny)
        score = np.where(
            self.deviation > 0, (self.values.mean(axis=0) - self.mean) / spread, -np.inf
        )
        return [int(channel) for channel in np.argsort(-score, kind="stable")[:most]]


def strongest(model: keras.Model, images, call: Call, count: int, batch_size: int) -> Strongest:
    """Look at every image once; only a batch and the best so far are in memory.

    Args:
        model: As it takes `images`.
        images: What can be indexed like an array `(n, height, width, channels)`.
        call: Of the layer, from `observe`.
        count: How many for each channel; fewer if there are fewer images.
        batch_size: Images at once.
    """
    best: list[np.ndarray] = []
    total = squares = np.zeros(call.output.shape[-1])
    with progress_bar() as bar:
        task = bar.add_task(f"Looking for what excites {call.path}", total=len(images), note="")
        for start in range(0, len(images), batch_size):
            batch = np.asarray(images[start : start + batch_size], "float32")
            found = _maxima(output_at(model, batch, call.number))
            total = total + found[0].sum(axis=0, dtype="float64")
            squares = squares + np.square(found[0], dtype="float64").sum(axis=0)
            numbers = np.arange(start, start + len(batch))[:, None]
            found.append(np.broadcast_to(numbers, found[0].shape))
            best = _merged(best, found, count)
            bar.advance(task, len(batch))
    values, rows, columns, numbers = best
    mean = total / len(images)
    variance = np.maximum(squares / len(images) - np.square(mean), 0)
    # What float32 rounding leaves of equal maxima is no spread.
    variance[variance < 1e-9 * np.square(mean)] = 0
    return Strongest(values, numbers, rows, columns, mean, np.sqrt(variance))


def _maxima(maps):
    """Greatest value of each image and channel, its row and its column."""
    batch, _, columns, channels = maps.shape
    flat = ops.reshape(ops.cast(maps, "float32"), (batch, -1, channels))
    places = ops.convert_to_numpy(ops.argmax(flat, axis=1))
    values = ops.convert_to_numpy(ops.max(flat, axis=1))
    return [values, places // columns, places % columns]


def _merged(best, found, count):
    """The greatest `count` of both, the earlier image first where they are equal."""
    if best:
        found = [np.concatenate(parts) for parts in zip(best, found, strict=True)]
    order = np.argsort(-found[0], axis=0, kind="stable")[:count]
    return [np.take_along_axis(part, order, axis=0) for part in found]
