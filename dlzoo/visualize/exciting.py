"""What a channel looks for: the image patches that excite it most, and what in them did.

Source: Zeiler and Fergus 2013, https://arxiv.org/abs/1311.2901, sections 2.1 and 3.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_choice, check_positive_int
from dlzoo._progress import track
from dlzoo.data import read_image
from dlzoo.data.decoded import LazyImages
from dlzoo.data.sources import image_sources
from dlzoo.layers.raw_pixels import taking_raw_pixels
from dlzoo.visualize.backward import AUTO, RULES, pools_maxima, signal_at_image
from dlzoo.visualize.observing import check_takes_images, feature_map, image_batch, observe
from dlzoo.visualize.receptive import ReceptiveField, field_of, input_shape
from dlzoo.visualize.strongest import strongest

_BACK_AT_ONCE = 16  # images that a signal is sent back to


@dataclass(frozen=True, eq=False)
class Patch:
    """The part of an image that excites a channel.

    Attributes:
        source: Path of the image, or `"image 3"` for the third array.
        value: Of the feature map; behind a ReLU6 that before the cut at 6.
        place: Row and column in the feature map.
        box: What that place sees of the image, `(x1, y1, x2, y2)` in pixels as the model
            takes it.
        pixels: The image there, as it was read or given.
        projection: `(height, width, channels)`, float32: what of it excited the channel,
            both signs, in no unit.
    """

    source: str
    value: float
    place: tuple[int, int]
    box: tuple[int, int, int, int]
    pixels: np.ndarray
    projection: np.ndarray


@dataclass(frozen=True, eq=False)
class TopPatches:
    """The patches of some channels of a layer; `show_patches` draws them.

    Attributes:
        layer: Path of the layer in the model.
        field: Receptive field of its places.
        patches: Number of a channel to its patches, the most exciting first.
        images: How many images were looked at.
        rule: How the signal passed ReLUs on its way back.
    """

    layer: str
    field: ReceptiveField
    patches: dict[int, tuple[Patch, ...]]
    images: int
    rule: str


def top_patches(
    model: keras.Model,
    images: Any,
    layer: Any = None,
    channels: int | Sequence[int] = 8,
    count: int = 9,
    *,
    rule: str = AUTO,
    preprocessing: Any = None,
    image_size: tuple[int, int] | None = None,
    batch_size: int = 32,
) -> TopPatches:
    """The image patches that most excite channels of a layer, and their projections.

    Of each image the strongest place of a channel counts. A patch is what that place sees:
    its receptive field, found by `receptive_field`, cut off at the border of the image.

    The projection is the deconvnet's: the value of the unit, everything else in the layer
    zero, goes back through the network. Max pooling hands it to the pixel that was the
    maximum (the switches), a convolution filters it with the transposed kernel, a ReLU lets
    through what is positive of the signal, whatever it had let through of the image. That is
    a backward pass with another rule for ReLU (Simonyan et al. 2013, arXiv:1312.6034,
    section 4), and so it is done. Without max pooling it has no switches and is the same for
    every image; guided backpropagation, which lets only that through which the ReLUs had let
    through of the image as well, was made for this case (Springenberg et al. 2014,
    arXiv:1412.6806, section 3.4), and takes its place. Where
    networks have what the paper's has not, the backward pass says what happens: batch
    normalisation multiplies by gamma / deviation, a shortcut adds, strided and depthwise
    convolutions are transposed like any other, smooth activations (swish) keep their slope,
    and through the gates of squeeze and excitation nothing goes back. A layer's output is
    behind its activation where it has one (a residual block), and may be of both signs where
    not (a linear bottleneck); what comes out of a ReLU6 counts as it was before it was cut
    at 6.

    All images are looked at once, a batch at a time, and the chosen ones again: memory does
    not grow with their number.

    Args:
        model: A functional model of images, also with others nested inside.
        images: A path, a folder (with all below it), a pattern such as `"new/*.jpg"`,
            `uint8` arrays or a list of such things: RGB, brought to the model's size, of
            0 to 255. Or one array of floats `(n, height, width, channels)` in the values
            that the model takes.
        layer: As in `grad_cam`.
        channels: Their numbers; or how many: those whose strongest places stand out most
            from their usual ones, in standard deviations.
        count: Patches for each channel.
        rule: How ReLUs pass the signal: `"deconvnet"`, `"guided"`, `"gradient"`, or
            `"auto"`: the first where there is max pooling up to the layer, else the second.
        preprocessing: Of a model without: as in `dlzoo.predict`.
        image_size: Height and width, for a model that takes any; None means 224 x 224.
        batch_size: Images at once.

    Returns:
        A `TopPatches`.

    Raises:
        ValueError: The model takes no images or it is not known how they are scaled, the
            layer gives no feature map, a channel is not there.
            `dlzoo.errors.DataError`: An image cannot be read, or there is none.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 1)),
        ...     keras.layers.Conv2D(1, 3, kernel_initializer="ones", name="sum")])
        >>> x = np.zeros((2, 8, 8, 1), "float32")
        >>> x[1, 3:6, 2:5] = 1
        >>> found = top_patches(model, x, "sum", [0], count=1).patches[0][0]
        >>> found.source, found.value, found.box
        ('image 2', 9.0, (2, 3, 5, 6))
    """
    who = "top_patches"
    check_positive_int(who, "count", count)
    check_positive_int(who, "batch_size", batch_size)
    check_choice(who, "rule", rule, (AUTO, *RULES))
    model, names, pictures = _prepared(who, model, images, preprocessing, image_size)
    _, calls = observe(model, image_batch(who, model, pictures[0]))
    call = feature_map(who, model, calls, layer)
    del calls  # the maps of all other layers
    if rule == AUTO:
        switches = pools_maxima(model, image_batch(who, model, pictures[0]), call.number)
        rule = "deconvnet" if switches else "guided"
    numbers = _numbers(who, channels, call)
    found = strongest(model, pictures, call, count, batch_size)
    numbers = found.selective(channels) if isinstance(channels, int) else numbers
    field = field_of(model, call, pictures.shape[1:])
    ranks = range(len(found.values))
    units = [
        _Unit(
            channel,
            int(found.images[rank, channel]),
            (int(found.rows[rank, channel]), int(found.columns[rank, channel])),
            float(found.values[rank, channel]),
        )
        for channel in numbers
        for rank in ranks
    ]
    patches = _cut_out(model, pictures, names, call, field, units, rule)
    chosen = {channel: tuple(next(patches) for _ in ranks) for channel in numbers}
    return TopPatches(call.path, field, chosen, len(pictures), rule)


@dataclass(frozen=True)
class _Unit:
    """A place of a channel on one image."""

    channel: int
    image: int
    place: tuple[int, int]
    value: float


def _cut_out(model, pictures, names, call, field, units, rule) -> Iterator[Patch]:
    """The patch of each unit, some images at a time."""
    starts = range(0, len(units), _BACK_AT_ONCE)
    for start in track(starts, "Sending signals back"):
        some = units[start : start + _BACK_AT_ONCE]
        batch = pictures[[unit.image for unit in some]]
        signal = np.zeros((len(some), *call.output.shape[1:]), "float32")
        for number, unit in enumerate(some):
            signal[number, *unit.place, unit.channel] = unit.value
        arrived = signal_at_image(model, batch, call.number, signal, rule)
        for number, unit in enumerate(some):
            box = left, top, right, bottom = field.box(*unit.place, batch.shape[1:3])
            seen = number, slice(top, bottom), slice(left, right)
            pixels, projection = batch[seen].copy(), arrived[seen].copy()
            yield Patch(names[unit.image], unit.value, unit.place, box, pixels, projection)


def _prepared(who, model, images, preprocessing, image_size):
    """The model as it takes the images, their names, and what gives them by number."""
    check_takes_images(who, model)
    if isinstance(images, np.ndarray) and images.dtype.kind == "f":
        if images.ndim != 4 or not len(images):
            raise ValueError(
                f"{who}: images must be a path, or an array (n, height, width, channels) of "
                f"one image or more; got shape {images.shape}."
            )
        return model, [f"image {number + 1}" for number in range(len(images))], images
    names, sources = image_sources(who, images)
    model = taking_raw_pixels(model, preprocessing)
    height, width, _ = input_shape(model, image_size)
    read = partial(read_image, size=(height, width))
    return model, names, LazyImages(sources, (height, width), read, os.cpu_count() or 1)


def _numbers(who, channels, call):
    """Those given, checked."""
    most = call.output.shape[-1]
    if isinstance(channels, int):
        check_positive_int(who, "channels", channels)
        return []
    numbers = [int(channel) for channel in channels]
    for channel in numbers:
        if not 0 <= channel < most:
            raise ValueError(
                f"{who}: channels must be between 0 and {most - 1}, because {call.path!r} has "
                f"{most} of them; got {channel}."
            )
    return list(dict.fromkeys(numbers))
