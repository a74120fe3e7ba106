"""Patches and projections of channels as the deconvnet's paper shows them (its Figure 2)."""

import math

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from dlzoo.visualize.exciting import Patch, TopPatches
from dlzoo.visualize.figures import new_figure
from dlzoo.visualize.heat_overlay import as_picture

_TILE = 96  # pixels of a patch in a mosaic
_GAP = 3
_PAPER = 255  # between the tiles
_OUTSIDE = 225  # where the field reaches over the border of the image
_LARGE = 64  # pixels of a field, up to which its place at the border is shown
_SURE = 99.5  # percentile of a projection that is drawn in full


def show_patches(found: TopPatches) -> Figure:
    """Draw what `top_patches` found: projections on the left, patches on the right.

    Each channel has two squares of patches, the strongest on the left above. Projections
    are mid-grey where nothing arrived, in RGB, each with its own contrast.

    Args:
        found: Of one layer.

    Example:
        >>> import keras
        >>> from dlzoo.visualize import top_patches
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(3, 3)])
        >>> images = np.random.default_rng(0).random((9, 8, 8, 1), "float32")
        >>> len(show_patches(top_patches(model, images, channels=[0, 2])).axes)
        4
    """
    across = 2 if len(found.patches) > 1 else 1  # channels in a row
    rows = math.ceil(len(found.patches) / across)
    figure = new_figure(2 * 2.6 * across, 2.9 * rows + 0.6)
    panels = figure.subplots(rows, 2 * across, squeeze=False).flat
    for panel in panels:
        panel.set_axis_off()
    for place, (channel, patches) in enumerate(found.patches.items()):
        left, right = panels[2 * place], panels[2 * place + 1]
        left.imshow(_mosaic([_contrasted(each.projection) for each in patches], found, patches))
        pictures = [_pixels(each) for each in patches]
        right.imshow(_mosaic(pictures, found, patches))
        left.set_title(f"channel {channel}", fontsize=10, loc="left", pad=3)
        values = f"{patches[0].value:.3g} to {patches[-1].value:.3g}"
        right.set_title(values, fontsize=9, loc="left", pad=3)
    title = f"{found.layer}: receptive field {found.field}"
    below = f"the strongest of {found.images} images; {found.rule} projections on the left"
    figure.suptitle(f"{title}\n{below}", x=0.01, ha="left", fontsize=11)
    return figure


def _mosaic(pictures, found, patches):
    """A square of tiles."""
    side = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / side)
    step = _TILE + _GAP
    page = np.full((rows * step - _GAP, side * step - _GAP, 3), _PAPER, np.uint8)
    for place, (picture, patch) in enumerate(zip(pictures, patches, strict=True)):
        row, column = (step * number for number in divmod(place, side))
        page[row : row + _TILE, column : column + _TILE] = _tile(picture, patch, found.field)
    return page


def _tile(picture, patch: Patch, field):
    """The picture at its place in the receptive field, enlarged to a tile."""
    height, width = picture.shape[:2]
    left, top, _, _ = patch.box
    row, column = patch.place
    if field.at_least or max(field.size) > _LARGE:  # more border than picture
        frame = max(height, width)
        down, right = (frame - height) // 2, (frame - width) // 2
    else:
        frame = max(field.size)
        down = top - (field.offset[0] + row * field.stride[0])
        right = left - (field.offset[1] + column * field.stride[1])
    whole = np.full((frame, frame, 3), _OUTSIDE, np.uint8)
    whole[down : down + height, right : right + width] = picture
    # Few pixels stay visible as such; many are averaged.
    way = Image.Resampling.NEAREST if frame * 3 <= _TILE else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(whole).resize((_TILE, _TILE), way))


def _pixels(patch):
    return _bytes(as_picture(patch.pixels))


def _contrasted(projection):
    """Zero mid-grey, the same factor for all channels and both signs."""
    if projection.shape[-1] not in (1, 3):
        projection = projection.mean(axis=-1, keepdims=True)
    largest = np.percentile(np.abs(projection), _SURE) or np.abs(projection).max()
    picture = 0.5 + projection / (2 * max(largest, np.finfo("float32").tiny))
    return _bytes(np.clip(np.repeat(picture, 3 // picture.shape[-1], axis=-1), 0, 1))


def _bytes(picture):
    if picture.dtype == np.uint8:
        return picture
    return np.round(255 * picture).astype(np.uint8)
