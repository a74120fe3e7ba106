"""Reading one image: any common file in, `uint8` RGB `(height, width, 3)` out.

Pixels are what the file shows: EXIF orientation is applied, transparent parts are put
on white, 16-bit grey is scaled to 8 bits, the first frame of a GIF is taken. Embedded
colour profiles are not applied (torchvision, timm and TensorFlow ignore them, too).

With `size`, the geometry is torchvision's `Resize` and `CenterCrop`: the shorter side
is resized to `size / crop_fraction`, then the centre is cut out.
"""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dlzoo._checks import check_between, check_choice, check_pair
from dlzoo.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif")

INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

# With 3, real photographs differ by half a grey level on average from full decoding; with
# 2 it is more than one.
_GAP = 3

_LONG = 16  # resized area / kept area from which only the kept part is computed

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {  # EXIF orientation -> what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)

# What Pillow's readers raise on damaged files: mostly OSError, but also the others.
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    OverflowError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def read_image(
    source: Any,
    size: int | tuple[int, int] | None = None,
    *,
    crop_fraction: float = 1.0,
    interpolation: str = "bilinear",
) -> np.ndarray:
    """Read an image as `uint8` RGB.

    Args:
        source: A path, an open binary file, a `PIL.Image.Image`, or a `uint8` array
            `(height, width)` or `(height, width, 1 | 3 | 4)` with values 0..255.
        size: Height and width of the result in pixels, or one number for both; `None`
            leaves the image as large as it is. The aspect is kept, what is too much is
            cut off at both ends.
        crop_fraction: The part of the resized image that is kept: 0.875 with size 224
            is the usual "resize to 256, crop 224".
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"` or `"lanczos"`, all
            antialiased by Pillow.

    Returns:
        A writable `uint8` array `(height, width, 3)`.

    Raises:
        DataError: The file is missing, empty, damaged, no image, or larger than
            Pillow's limit (179 million pixels); or the array is not 0..255 `uint8`.

    Example:
        >>> grey = np.full((4, 8), 200, "uint8")
        >>> read_image(grey, size=(2, 3)).shape
        (2, 3, 3)
    """
    target = None
    if size is not None:
        check_between("read_image", "crop_fraction", crop_fraction, 0.01, 1.0)
        check_choice("read_image", "interpolation", interpolation, INTERPOLATIONS)
        target = check_pair("read_image", "size", size)
    return np.array(_picture(source, target, crop_fraction, interpolation))


def open_image(source: Any) -> Image.Image:
    """The same pixels as a Pillow image, from which windows can be cut.

    An array of a large image would take its memory three times while it is made.
    """
    return _picture(source, None, 1.0, "bilinear")


def check_image(content: bytes, name: str) -> None:
    """Raise `DataError` unless a file's bytes are an image that decodes to its end.

    JPEGs are decoded at an eighth of their size: that reads every byte, for a fraction
    of the time.
    """
    try:
        with _open(io.BytesIO(content)) as image:
            image.draft(image.mode, (1, 1))
            image.load()
    except UNREADABLE as error:
        raise DataError(f"{name}: {reason(io.BytesIO(content), error)}") from error


def upright_size(content: bytes) -> tuple[int, int]:
    """Height and width of an image's file as `read_image` gives it, without decoding it."""
    with _open(io.BytesIO(content)) as image:
        width, height = image.size
        return (width, height) if _orientation(image) in _SIDEWAYS else (height, width)


def resized_size(
    size: tuple[int, int], target: tuple[int, int], crop_fraction: float
) -> tuple[int, int]:
    """Height and width to which an image of `size` is resized before the crop.

    The smallest that keeps the aspect and covers `target / crop_fraction`, rounded as
    torchvision and timm round.

    Example:
        >>> resized_size((400, 600), (224, 224), 0.875)
        (256, 384)
    """
    height, width = size
    # 1e-6: 0.1 / 0.1 style rounding must not lose a pixel
    cover_h, cover_w = (int(side / crop_fraction + 1e-6) for side in target)
    if cover_h * width >= cover_w * height:
        return cover_h, max(cover_h * width // height, cover_w)
    return max(cover_w * height // width, cover_h), cover_w


def _picture(source, target, crop_fraction, interpolation):
    """The image from anywhere, in whole or at the size `target`; errors name the file."""
    if isinstance(source, np.ndarray):
        source = _from_array(source)
    if isinstance(source, Image.Image):
        return _finish(source, target, crop_fraction, interpolation, draft=False)
    name = getattr(source, "name", source) if hasattr(source, "read") else source
    try:
        with _open(source) as image:
            return _finish(image, target, crop_fraction, interpolation)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    except UNREADABLE as error:
        raise DataError(f"{name}: {reason(source, error)}") from error


def _finish(image, target, crop_fraction, interpolation, draft=True):
    """Turn upright, convert to RGB, resize and crop.

    With `draft`, the JPEG decoder may already divide the image by 2, 4 or 8, down to
    `_GAP` times the resized size; that changes the image object.
    """
    orientation = _orientation(image)
    full = image.size[::-1]  # before `draft`, which changes it
    if target is not None:
        upright = full[::-1] if orientation in _SIDEWAYS else full
        resized = resized_size(upright, target, crop_fraction)
        raw = resized[::-1] if orientation in _SIDEWAYS else resized
        if draft:
            image.draft(image.mode, (_GAP * raw[1], _GAP * raw[0]))
    image = to_rgb(image)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
        image.info.clear()  # or it would be turned again by whom it is given to
    if target is not None:
        image = _crop(image, resized, target, INTERPOLATIONS[interpolation])
    return image


def _crop(image, resized, target, resampling):
    """Resize to `resized` and keep the central `target`, as torchvision does."""
    top, left = (round((r - t) / 2) for r, t in zip(resized, target, strict=True))
    if resized[0] * resized[1] <= _LONG * target[0] * target[1]:
        image = image.resize(resized[::-1], resampling)
        return image.crop((left, top, left + target[1], top + target[0]))
    # A picture of 1 x 10,000 pixels must not take gigabytes: compute only what is kept.
    # The same up to rounding, because Pillow's `box` looks at the pixels around it, too.
    step_y, step_x = image.height / resized[0], image.width / resized[1]
    box = (
        left * step_x,
        top * step_y,
        min((left + target[1]) * step_x, image.width),
        min((top + target[0]) * step_y, image.height),
    )
    return image.resize(target[::-1], resampling, box=box)


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert any of Pillow's modes to RGB, transparency on white."""
    if image.mode == "RGB" and "transparency" not in image.info:
        image.load()
        return image
    if image.mode.startswith("I;16") or image.mode == "I":
        return Image.fromarray(_high_byte(image)).convert("RGB")
    if image.mode == "F":
        raise DataError(_rule(np.asarray(image)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _high_byte(image):
    """16-bit grey to 8 bits: the upper byte, as Pillow does it for 16-bit colour."""
    values = np.asarray(image)
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise DataError(
            f"grey values must be 16-bit, 0..65535; got "
            f"{values.min()}..{values.max()}. Scale the image and save it with 8 bits."
        )
    return (values >> 8).astype(np.uint8)


def _from_array(array):
    shape = array.shape
    if array.dtype != np.uint8:
        raise DataError(f"read_image: {_rule(array)}")
    if len(shape) not in (2, 3) or 0 in shape or shape[2:] not in ((), (1,), (3,), (4,)):
        raise DataError(
            f"read_image: an image array is (height, width) or (height, width, "
            f"channels) with 1, 3 or 4 channels and no batch axis; got shape {shape}."
        )
    return Image.fromarray(array[:, :, 0] if shape[2:] == (1,) else array)


def _rule(array):
    rule = f"pixels are 0..255 uint8; got {array.dtype}"
    if array.size == 0 or array.dtype.kind not in "fiub":
        return f"{rule}."
    low, high = array.min(), array.max()
    if array.dtype.kind == "f" and low >= -1 and high <= 1:
        return (
            f"{rule} in [{low:g}, {high:g}]. It was rescaled already, and rescaling "
            f"twice gives wrong answers: pass the image as it was read."
        )
    return f"{rule} in [{low:g}, {high:g}]. Convert it: array.round().astype('uint8')."


def _open(source):
    path = source if hasattr(source, "read") else Path(source)
    return Image.open(path, formats=FORMATS)


def _orientation(image):
    try:
        return image.getexif().get(_ORIENTATION_TAG, 1)
    except UNREADABLE:  # damaged EXIF data around a sound picture
        return 1


def reason(source, error):
    """What is wrong with a file, in words."""
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return (
            "the image has too many pixels to be decoded safely (a decompression "
            "bomb?). Make it smaller, or, if you trust it, raise "
            "PIL.Image.MAX_IMAGE_PIXELS."
        )
    if isinstance(error, FileNotFoundError):
        return "there is no such file."
    if isinstance(error, IsADirectoryError) or _is_folder(source):
        return "this is a folder, not an image."
    if isinstance(error, PermissionError):
        return "the file may not be read (permission denied)."
    start = _first_bytes(source)
    if not start:
        return "the file is empty."
    known = start.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF"))
    if isinstance(error, Image.UnidentifiedImageError) and not known:
        formats = ", ".join(FORMATS)
        kind = "an HTML page" if b"<html" in start.lower() else "no image"
        return f"the file is {kind}: it must be one of {formats} (starts {start[:8]!r})."
    return f"the image is damaged or truncated ({error})."


def _is_folder(source):
    return isinstance(source, str | os.PathLike) and os.path.isdir(source)


def _first_bytes(source):
    try:
        if hasattr(source, "read"):
            source.seek(0)
            return source.read(64)
        with open(source, "rb") as file:
            return file.read(64)
    except (OSError, ValueError):
        return b""
