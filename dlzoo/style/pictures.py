"""Pictures in and out: reading, sizes, and what the optimisation starts from.

Inside, a picture is float32 `(1, height, width, 3)`, RGB of 0 to 255, not rounded.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dlzoo._files import atomic_path
from dlzoo.data import read_image
from dlzoo.data.images import to_rgb
from dlzoo.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")  # of pictures that are written
QUALITY = 95  # of JPEG and WebP: no blocks in what was painted so carefully


def read_picture(source: Any, role: str) -> np.ndarray:
    """A picture as it is, `(1, height, width, 3)`; `role` names it in errors.

    Raises:
        DataError: It cannot be read, or is no picture.
    """
    try:
        return read_image(source).astype("float32")[None]
    except DataError as error:
        raise DataError(f"stylize: {role}: {error}") from None


def fitted(shape: tuple[int, ...], longer: int) -> tuple[int, int]:
    """Height and width of a picture `(1, height, width, 3)` whose longer side is `longer`.

    Example:
        >>> fitted((1, 600, 800, 3), 512)
        (384, 512)
    """
    factor = longer / max(shape[1:3])
    height, width = (max(1, round(side * factor)) for side in shape[1:3])
    return height, width


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`picture` with the height and width `size`, bicubic, antialiased."""
    if picture.shape[1:3] == size:
        return picture
    height, width = size
    channels = [
        Image.fromarray(np.ascontiguousarray(picture[0, :, :, channel], "float32"))
        for channel in range(3)
    ]
    smaller = [c.resize((width, height), Image.Resampling.BICUBIC) for c in channels]
    return np.clip(np.stack([np.asarray(c) for c in smaller], axis=-1)[None], 0, 255)


def start(init: str | np.ndarray, content: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """The picture that the optimisation begins with, of the content's size.

    Args:
        init: `"content"`, `"content+noise"`, `"noise"`, or a picture.
        content: The content.
        noise: Of `"content+noise"`: how far a value is moved at most, a fraction of 255.
        seed: Of the noise.
    """
    if not isinstance(init, str):
        return resized(init, content.shape[1:3])
    uniform = np.random.default_rng(seed).uniform(-1, 1, content.shape).astype("float32")
    if init == "noise":
        return (uniform + 1) * 127.5
    if init == "content+noise":
        return np.clip(content + 255 * noise * uniform, 0, 255)
    return content


def rounded(picture: np.ndarray) -> np.ndarray:
    """`uint8` `(height, width, 3)`."""
    return np.clip(np.rint(picture[0]), 0, 255).astype("uint8")


def write_picture(path: str | os.PathLike, picture: np.ndarray) -> None:
    """Write `uint8` `(height, width, 3)` in the format that the suffix says, atomically."""
    with atomic_path(path) as temporary:
        to_rgb(Image.fromarray(picture)).save(temporary, quality=QUALITY)


def check_writable(path: str | os.PathLike) -> Path:
    """`out` as a path, or an error where no picture can be written there."""
    path = Path(path).expanduser()
    if path.suffix.lower() not in SUFFIXES or path.is_dir():
        raise DataError(
            f"stylize: out must be a picture's file name that ends in one of "
            f"{list(SUFFIXES)}, because the ending decides the format; got {str(path)!r}."
        )
    return path
