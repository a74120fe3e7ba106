"""`predict` for segmentation: masks of images of any size."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from PIL import Image

from dlzoo._checks import check_between, check_positive_int
from dlzoo.data.channels import in_channels
from dlzoo.data.sources import image_sources
from dlzoo.layers.pixel_labels import PixelLabels, pixel_labels_inside
from dlzoo.layers.raw_pixels import preprocessing_layer
from dlzoo.layers.saved_model import open_model
from dlzoo.segmentation.picture import Picture
from dlzoo.segmentation.result import Segmentation
from dlzoo.segmentation.tiling import plan_tiles, tile_scores
from dlzoo.segmentation.views import Views

_BAND = 2**24  # scores that are computed at once when they are enlarged
_LARGEST_STEP = 128  # no network of the zoo shrinks a picture further


def predict(
    model: str | os.PathLike | keras.Model,
    images: Any,
    *,
    tile: int = 512,
    overlap: int = 64,
    batch_size: int = 4,
    flip: bool = False,
    ratios: Sequence[float] = (1.0,),
    scale: float | None = None,
    unit: str = "px",
) -> list[Segmentation]:
    """Give each pixel of images a class; `segment` does it one image at a time.

    Args:
        model, images, tile, overlap, batch_size, flip, ratios, scale, unit: As in `segment`.

    Returns:
        One `Segmentation` an image.
    """
    answers = segment(
        model,
        images,
        tile=tile,
        overlap=overlap,
        batch_size=batch_size,
        flip=flip,
        ratios=ratios,
        scale=scale,
        unit=unit,
    )
    return list(answers)


def segment(
    model: str | os.PathLike | keras.Model,
    images: Any,
    *,
    tile: int = 512,
    overlap: int = 64,
    batch_size: int = 4,
    flip: bool = False,
    ratios: Sequence[float] = (1.0,),
    scale: float | None = None,
    unit: str = "px",
) -> Iterator[Segmentation]:
    """Give each pixel of images a class, one image after the other.

    Images may have any size: those larger than `tile` are cut into overlapping tiles with
    mirrored borders, so that there are no seams, and only bytes are kept of what has been
    answered. If whole images were brought to one size in training, so they are here, and
    their scores are enlarged again.

    Args:
        model: The folder that `fine_tune` wrote, a `.keras` file, or a segmenter.
        images: A path, a folder, a pattern, a `uint8` array (one image or a batch; also one
            that is mapped from a file), or a list of such things.
        tile: Side of the window that is predicted at once, in pixels.
        overlap: How far it looks beyond what is kept of it, on each side.
        batch_size: Tiles at once.
        flip: Average with what the mirror image gives: a little better, twice the time.
        ratios: Average what is seen at these sizes, e.g. `(0.75, 1, 1.25)`.
        scale: Side of a pixel in `unit`, for areas.
        unit: Of length, e.g. `"mm"`.

    Yields:
        A `Segmentation` an image, in the order given; folders and patterns sorted.

    Raises:
        ValueError: The model cannot be used. `dlzoo.errors.DataError`: An image cannot be
            read, or there is none.
    """
    check_positive_int("segment", "batch_size", batch_size)
    views = Views(flip, tuple(ratios))
    if scale is not None:
        check_between("segment", "scale", scale, 1e-12, 1e12)
    names, sources = image_sources("segment", images)
    model = open_model(model)
    preprocessing_layer(model, None)  # raises where pixels would have to be scaled first
    labels = pixel_labels_inside(model) or _numbered(model)
    channels = model.input_shape[-1]
    for name, source in zip(names, sources, strict=True):
        picture = Picture(source)
        if labels.resized is None or picture.size == labels.resized:
            mask = _mask(model, picture, channels, (tile, overlap), batch_size, views)
        else:
            mask = _mask_of_resized(model, picture, channels, labels.resized, views)
        yield Segmentation(name, mask, labels.labels, labels.palette, scale, unit)


def _mask(model, picture, channels, tiling, batch_size, views):
    """The likeliest class of each pixel, a tile at a time."""
    mask = np.empty(picture.size, np.uint8)

    def read(*window):
        return in_channels(picture.read(*window), channels)

    tiles = plan_tiles(model, picture.size, *tiling)
    for rows, columns, scores in tile_scores(model, read, tiles, batch_size, views):
        mask[rows, columns] = scores.argmax(axis=-1)
    return mask


def _mask_of_resized(model, picture, channels, resized, views):
    """The same for an image that is brought to the size of training first."""
    small = in_channels(picture.resized(resized), channels)

    def read(top, bottom, left, right):
        return small[top:bottom, left:right]

    tiles = plan_tiles(model, resized, tile=max(resized) + _LARGEST_STEP, overlap=0)
    scores = np.empty((*resized, model.output_shape[-1]), np.float32)
    for rows, columns, part in tile_scores(model, read, tiles, 1, views):
        scores[rows, columns] = part
    return _enlarged(scores, picture.size)


def _enlarged(scores, size):
    """The likeliest classes at another size; scores are interpolated, some rows at once."""
    height, width = size
    maps = [Image.fromarray(scores[..., number]) for number in range(scores.shape[-1])]
    ratio = scores.shape[0] / height
    mask = np.empty(size, np.uint8)
    rows = max(_BAND // (width * len(maps)), 1)
    for first in range(0, height, rows):
        last = min(first + rows, height)
        box = (0, first * ratio, scores.shape[1], min(last * ratio, scores.shape[0]))
        size_of_band = (width, last - first)
        band = [m.resize(size_of_band, Image.Resampling.BILINEAR, box=box) for m in maps]
        mask[first:last] = np.argmax([np.asarray(part) for part in band], axis=0)
    return mask


def _numbered(model):
    """Names for a model that carries none."""
    shape = model.output_shape
    if not isinstance(shape, tuple) or len(shape) != 4:
        raise ValueError(
            f"{model.name}: the model must answer scores of pixels (batch, height, width, "
            f"classes); its output shape is {shape}."
        )
    return PixelLabels([str(number) for number in range(shape[-1])])
