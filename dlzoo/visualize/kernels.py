"""What a network's first layer looks for, and what its channels answer to an image."""

from typing import Any

import keras
import numpy as np
from keras import ops
from matplotlib.figure import Figure

from dlzoo.layers import ImagePreprocessing
from dlzoo.layers.inside import sublayers
from dlzoo.visualize.figures import new_figure
from dlzoo.visualize.observing import feature_map, image_batch, observe

_COLUMNS = 8
_MOST = 64  # channels in one picture


def filters(model: keras.Model) -> Figure:
    """Draw the kernels of the first convolution, wherever it stands in the model.

    Each kernel is scaled by its own largest weight: zero is mid-grey, so that the colours
    tell what adds to the answer and what is taken off. Kernels of three channels are shown
    in RGB (turned round where the model's preprocessing feeds BGR), others as the mean over
    their input channels, in grey. Of more than 64 the first are shown.

    Args:
        model: Any built model.

    Raises:
        ValueError: It has no convolution.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
        >>> len(filters(model).axes)
        4
    """
    kernel = next((w for w in model.weights if len(w.shape) == 4), None)
    if kernel is None:
        raise ValueError(
            f"filters: model must contain a two-dimensional convolution, because its kernels "
            f"are drawn; got {model!r}, which has none (or is not built yet)."
        )
    values = ops.convert_to_numpy(kernel).astype("float32")
    height, width, channels, count = values.shape
    if channels != 3:
        values = values.mean(axis=2, keepdims=True)
    elif _fed_bgr(model):
        values = values[:, :, ::-1]
    largest = np.abs(values).max(axis=(0, 1, 2))
    values = 0.5 + values / (2 * np.maximum(largest, np.finfo("float32").tiny))
    pictures = [values[..., place] for place in range(min(count, _MOST))]
    title = f"{kernel.path}: {len(pictures)} of {count} kernels {height} x {width} x {channels}"
    return _page(pictures, title, cmap="gray", vmin=0, vmax=1)


def activations(model: keras.Model, image: Any, layer: Any = None) -> Figure:
    """Draw the channels of a feature map, the most active on the left above.

    Activity is the mean absolute value; each panel has its channel's number above and is
    scaled from the least to the greatest value of all that are shown. At most 64.

    Args:
        model, image, layer: As in `grad_cam`; the model may answer anything.

    Raises:
        ValueError: The image does not fit, or the layer gives no feature map.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
        >>> len(activations(model, np.ones((8, 8, 3)), model.layers[0]).axes)
        4
    """
    _, calls = observe(model, image_batch("activations", model, image))
    used = feature_map("activations", model, calls, layer)
    values = ops.convert_to_numpy(used.output)[0].astype("float32")
    activity = np.abs(values).mean(axis=(0, 1))
    order = np.argsort(-activity, kind="stable")[:_MOST]
    height, width, count = values.shape
    title = f"{used.path}: {len(order)} of {count} channels {height} x {width}"
    shown = values[..., order]
    scale = {"vmin": float(shown.min()), "vmax": float(shown.max())}
    pictures = [shown[..., place] for place in range(len(order))]
    return _page(pictures, title, [str(k) for k in order], cmap="viridis", **scale)


def _fed_bgr(model):
    found = (x for x in sublayers(model) if isinstance(x, ImagePreprocessing))
    return any(layer.channel_order == "bgr" for layer in found)


def _page(pictures, title, captions=(), **scale):
    rows = -(-len(pictures) // _COLUMNS)
    figure = new_figure(9, 1.15 * rows + 0.5 + (0.2 * rows if captions else 0))
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).flat
    for panel in panels[len(pictures) :]:
        panel.remove()
    for place, picture in enumerate(pictures):
        panels[place].set_axis_off()
        panels[place].imshow(picture, interpolation="nearest", **scale)
        if captions:
            panels[place].set_title(captions[place], fontsize=7, pad=2)
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    return figure
