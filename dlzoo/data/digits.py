"""scikit-learn's handwritten digits as a folder of images: real data, no network.

1,797 digits written by 43 people, 8 x 8 pixels with 17 grey levels (the test part of
https://archive.ics.uci.edu/dataset/80): a small set that every installation has.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from dlzoo.errors import DataError

_COUNT = 1797


def write_digits(folder: str | os.PathLike) -> Path:
    """Write the digits to `folder/<digit>/NNNN.png` (grey, 8 x 8, 0..255).

    The folder appears complete or not at all; a complete one is used as it is.

    Returns:
        `folder`, as a path.

    Raises:
        DataError: `folder` is there and holds something else.
    """
    folder = Path(folder)
    if folder.exists():
        count = sum(1 for digit in range(10) for _ in folder.glob(f"{digit}/*.png"))
        if count != _COUNT or len(list(folder.iterdir())) != 10:
            raise DataError(
                f"{folder}: this folder holds something else than the {_COUNT} digits. "
                f"Name another folder, or delete this one."
            )
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder.parent) as temporary:
        whole = Path(temporary, "digits")
        _write(whole)
        try:
            os.rename(whole, folder)
        except OSError:  # another process was faster
            return write_digits(folder)
    return folder


def _write(folder):
    from sklearn.datasets import load_digits

    digits = load_digits()
    for digit in range(10):
        (folder / str(digit)).mkdir(parents=True)
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    for number, (image, digit) in enumerate(zip(images, digits.target, strict=True)):
        Image.fromarray(image).save(folder / str(digit) / f"{number:04d}.png")
