"""Changes of an image together with its mask, made anew in every epoch."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from dlzoo.layers import RandomWarp
from dlzoo.segmentation.settings import MaskSettings
from dlzoo.training.augmenting import chosen_names, relit

SCALE = (0.6, 1.6)
ROTATION = 15.0  # degrees
ELASTIC = 10 / 512  # of the shorter side: the U-Net paper's 10 pixels at 512
BRIGHTNESS = 0.15  # of 255
CONTRAST = 0.2


class JointAugmentation:
    """Called with a generator, images, masks and perhaps weights; gives changed ones.

    Args:
        settings: Which changes (`augment`), and the size of the window that is cut out
            (`crop`, None: as large as the image).
        size: Height and width of the images.
        void: The label of pixels that count for nothing.
    """

    def __init__(self, settings: MaskSettings, size: tuple[int, int], void: int):
        names = chosen_names(settings.augment, settings.AUGMENTATIONS, settings.USUAL)
        self.brightness = BRIGHTNESS if "brightness" in names else 0.0
        self.contrast = CONTRAST if "contrast" in names else 0.0
        self.warp = RandomWarp(
            settings.crop,
            flip=_flip(names),
            rotation=ROTATION if "rotate" in names else 0.0,
            scale=SCALE if "scale" in names else (1.0, 1.0),
            elastic=ELASTIC * min(size) if "elastic" in names else 0.0,
            void=void,
            seed=0,
        )
        self.moves = settings.crop is not None or bool(
            {"flip", "flip_vertical", "rotate", "scale", "elastic"} & set(names)
        )

    def __call__(self, generator: np.random.Generator, images: Any, *others: Any) -> tuple:
        images = relit(generator, images, brightness=self.brightness, contrast=self.contrast)
        if not self.moves:
            return images, *others
        # the layer's own numbers go on from call to call; a run that was resumed must see
        # the same ones, so they start from the generator
        key = generator.integers(0, 2**31, self.warp.generator.state.shape)
        self.warp.generator.state.assign(key.astype("uint32"))
        moved = self.warp((images, *others), training=True)
        return tuple(keras.ops.convert_to_numpy(part) for part in moved)


def augmentation(settings: MaskSettings, size: tuple[int, int], void: int) -> Callable | None:
    """What changes batches, or None if nothing does."""
    change = JointAugmentation(settings, size, void)
    return change if change.moves or change.brightness or change.contrast else None


def _flip(names):
    across, down = "flip" in names, "flip_vertical" in names
    return {(1, 1): "both", (1, 0): "horizontal", (0, 1): "vertical"}.get((across, down))
