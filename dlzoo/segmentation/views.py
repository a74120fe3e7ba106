"""Several looks at the same pixels, whose scores are averaged: test-time augmentation."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from dlzoo._checks import check_between


@dataclass(frozen=True)
class Views:
    """What a window is looked at as.

    Args:
        flip: Also as its mirror image, left and right exchanged.
        ratios: At these sizes, 1 for that of the picture.

    Raises:
        ValueError: There is no ratio, or it is out of 0.25 to 4.
    """

    flip: bool = False
    ratios: Sequence[float] = (1.0,)

    def __post_init__(self):
        if not self.ratios:
            raise ValueError("segment: ratios must be one number or more; got none.")
        for ratio in self.ratios:
            check_between("segment", "ratios", ratio, 0.25, 4)

    def scores(self, model: keras.Model, batch: np.ndarray, step: int) -> np.ndarray:
        """The mean over all views.

        Args:
            model: From images to scores of pixels.
            batch: Windows `(batch, height, width, channels)`.
            step: Sides that the network takes are multiples of it.
        """
        found = [self._seen(model, batch, ratio, step) for ratio in self.ratios]
        if self.flip:
            mirrored = batch[:, :, ::-1]
            found += [
                self._seen(model, mirrored, ratio, step)[:, :, ::-1] for ratio in self.ratios
            ]
        return found[0] if len(found) == 1 else np.mean(found, axis=0)

    def _seen(self, model, batch, ratio, step):
        if ratio == 1:
            return np.asarray(model.predict_on_batch(batch), "float32")
        if None not in model.input_shape[1:3]:
            raise ValueError(
                f"segment: ratios must be [1], because the network takes images of "
                f"{model.input_shape[1:3]} only; got {list(self.ratios)}."
            )
        size = batch.shape[1:3]
        height, width = (max(round(side * ratio), 1) for side in size)
        filled = _filled(_resized(batch, (height, width)), step)
        scores = np.asarray(model.predict_on_batch(filled), "float32")
        if scores.shape[:3] != filled.shape[:3]:
            raise ValueError(
                f"segment: ratios must be [1], because the network answers for less than it "
                f"sees (valid convolutions); got {list(self.ratios)}."
            )
        return _resized(scores[:, :height, :width], size)


def _filled(images, step):
    """Sides that are multiples of `step`, by mirrored pixels."""
    missing = [-side % step for side in images.shape[1:3]]
    return np.pad(images, [(0, 0), *((0, more) for more in missing), (0, 0)], "reflect")


def _resized(maps, size):
    maps = ops.convert_to_tensor(np.asarray(maps, "float32"))
    resized = ops.image.resize(
        maps, size, interpolation="bilinear", antialias=True, data_format="channels_last"
    )
    return ops.convert_to_numpy(resized)
