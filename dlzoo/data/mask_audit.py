"""Looking at every image and mask before training."""

import hashlib
import io
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from dlzoo._progress import track
from dlzoo.data.audit import FileCheck
from dlzoo.data.images import UNREADABLE, check_image, reason, upright_size
from dlzoo.data.mask_codes import UNKNOWN, MaskCode, pack
from dlzoo.data.mask_folders import MaskSource
from dlzoo.data.polygons import Drawing
from dlzoo.errors import DataError

_LOSSY = ("JPEG", "MPO", "WEBP")
_LOSSLESS = ("PNG", "BMP", "GIF", "TIFF")


@dataclass(frozen=True)
class PairCheck:
    """What was found in an image and its mask.

    Attributes:
        digest: Hash of the image's file.
        mask_digest: Hash of the mask's values.
        problem: Why the pair cannot be used; empty: it can.
        values: Value in the mask to its number of pixels.
    """

    digest: str = ""
    mask_digest: str = ""
    problem: str = ""
    values: dict[int, int] = field(default_factory=dict)


def read_raw_mask(source: MaskSource, colours: bool = False) -> np.ndarray:
    """The values of a mask `(height, width)`, before they are made class numbers.

    Args:
        source: The path of a PNG, BMP, GIF or TIFF, or a `Drawing`.
        colours: Give packed colours; else grey levels or the indices of a palette.

    Raises:
        DataError: It cannot be read, is lossy, or is of the other kind.
    """
    if isinstance(source, Drawing):
        return source.draw()
    return _decode_mask(_content(source), source, colours)


def check_pairs(
    pairs: Sequence[tuple[Path, MaskSource]], colours: bool
) -> dict[Path, PairCheck]:
    """Read every pair, in parallel; image to what was found."""

    def check(pair):
        image, mask = pair
        try:
            return _check_pair(image, mask, colours)
        except DataError as error:
            return PairCheck(problem=str(error))

    unique = dict(pairs)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = pool.map(check, unique.items())
        found = track(checks, "Checking images and masks", len(unique))
        return dict(zip(unique, found, strict=True))


def check_labels(
    masks: dict[Path, MaskSource], checks: dict[Path, PairCheck], code: MaskCode
) -> dict[Path, FileCheck]:
    """What `remove_bad` wants to know: also labels that the code does not have."""
    files = {}
    for image, check in checks.items():
        problem = check.problem or _unknown(masks[image], check.values, code)
        files[image] = FileCheck(check.digest, problem)
    return files


def _check_pair(image, mask, colours):
    content = _content(image)
    check_image(content, str(image))
    raw = read_raw_mask(mask, colours)
    size = upright_size(content)
    if raw.shape != size:
        raise DataError(_other_size(image, mask, size, raw.shape))
    if raw.dtype == np.uint8:
        counts = np.bincount(raw.reshape(-1), minlength=256)
        values = {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
    else:
        found, counts = np.unique(raw, return_counts=True)
        values = dict(zip(found.tolist(), counts.tolist(), strict=True))
    mask_digest = hashlib.sha256(np.ascontiguousarray(raw).tobytes()).hexdigest()
    return PairCheck(hashlib.sha256(content).hexdigest(), mask_digest, "", values)


def _decode_mask(content, path, colours):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                if image.format in _LOSSY:
                    raise DataError(
                        f"{path}: the mask is saved as {image.format}, which blurs labels "
                        f"into others at the edges. Make it again as PNG; converting the "
                        f"file does not bring the labels back."
                    )
                if image.format not in _LOSSLESS:
                    formats = ", ".join(_LOSSLESS)
                    raise DataError(f"{path}: a mask is one of {formats}.")
                image.load()
                return _colours(image, path) if colours else _levels(image, path)
    except DataError:
        raise
    except UNREADABLE as error:
        raise DataError(f"{path}: {reason(io.BytesIO(content), error)}") from error


def _colours(image, path):
    if image.mode not in ("P", "RGB", "RGBA"):
        raise DataError(
            f"{path}: the mask is grey (mode {image.mode}), and a palette of colours was "
            f"given. Pass classes= instead of palette=."
        )
    return pack(np.asarray(image.convert("RGB")))


def _levels(image, path):
    values = np.asarray(image)
    if image.mode == "1":
        return values.astype(np.uint8)
    if image.mode == "LA":
        return values[:, :, 0]
    if image.mode in ("RGB", "RGBA"):
        red, green, blue = np.moveaxis(values[:, :, :3], -1, 0)
        if not ((red == green) & (green == blue)).all():
            raise DataError(
                f"{path}: the mask is colour-coded. Pass palette=, a file with a line "
                f"name,r,g,b for each class."
            )
        return np.ascontiguousarray(red)
    if values.ndim != 2 or values.dtype.kind not in "iu":
        raise DataError(f"{path}: a mask holds whole numbers; this one is {image.mode}.")
    return values


def _content(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {reason(path, error)}") from error


def _other_size(image, mask, size, found):
    name = mask.name if isinstance(mask, Drawing) else mask
    turned = (
        f" {Path(image).name} says that it was taken sideways (EXIF orientation), and was "
        f"turned upright: turn its mask, too, or remove the tag."
        if found == size[::-1] and size[0] != size[1]
        else ""
    )
    return (
        f"{name}: the mask is {found[1]} x {found[0]} pixels, its image {Path(image).name} "
        f"{size[1]} x {size[0]}; they must be equal, a label for each pixel.{turned}"
    )


def _unknown(mask, values, code):
    """A complaint about labels that mean no class."""
    keys = np.array(list(values), np.int64)
    strange = keys[code.numbers(keys) == UNKNOWN]
    if not len(strange):
        return ""
    name = mask.name if isinstance(mask, Drawing) else mask
    pixels = sum(values[int(key)] for key in strange)
    shown = ", ".join(code.describe(int(key)) for key in strange[:5])
    more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
    what = "colours" if code.colours else "labels"
    known = ", ".join(code.describe(value) for value in code.values[:30])
    return (
        f"{name}: {pixels} pixels have the {what} {shown}{more}, which are no class "
        f"({len(code.classes)} classes: {known}) and not void."
    )
