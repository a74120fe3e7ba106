"""Photographs for training: found, checked, and dealt out as random crops."""

import glob
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo.data import decode
from dlzoo.data.audit import check_files
from dlzoo.data.images import SUFFIXES
from dlzoo.errors import DataError

ROOM = 1.25  # side of what is kept of a photograph, in sides of a crop: room to move


@dataclass(frozen=True)
class Photographs:
    """Pictures to train on.

    Attributes:
        paths: Those that can be read.
        left_out: What is wrong with the others, a line each.
        fingerprint: Of their content.
    """

    paths: tuple[Path, ...]
    left_out: tuple[str, ...]
    fingerprint: str


def find_pictures(who: str, source: Any) -> list[Path]:
    """Paths of pictures: a file, a folder with all below it, a pattern, or a list of these.

    Raises:
        DataError: There are none.
    """
    if not isinstance(source, (str, os.PathLike)):
        return [path for each in source for path in find_pictures(who, each)]
    path = Path(source).expanduser()
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
        found = [each for each in found if each.is_file()]
    elif path.exists() or not glob.has_magic(str(path)):
        return [path]
    else:
        found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
    if not found:
        raise DataError(f"{who}: {path}: there are no pictures here.")
    return found


def open_photographs(who: str, source: Any) -> Photographs:
    """Find and check pictures; what cannot be read is left out and listed.

    Raises:
        DataError: None of them can be read.
    """
    checks = check_files(find_pictures(who, source))
    bad = tuple(check.problem for check in checks.values() if check.problem)
    good = tuple(path for path, check in checks.items() if not check.problem)
    if not good:
        raise DataError(f"{who}: none of the pictures can be read:\n" + "\n".join(bad[:5]))
    digests = "".join(checks[path].digest for path in good)
    return Photographs(good, bad, hashlib.sha256(digests.encode()).hexdigest()[:16])


class Crops(keras.utils.PyDataset):
    """Endless random crops of photographs, in epochs of `steps` batches.

    Which crops a batch holds follows from `(seed, epoch, step)` alone, so that a run that was
    interrupted goes on with the crops that it would have seen.

    Args:
        paths: Of the photographs; the square in the middle of each is used.
        size: Side of a crop, in pixels.
        batch_size: Crops a batch.
        steps: Batches an epoch.
        seed: Whole numbers.
        styles: Paths of further pictures. Then a batch is what `adain` takes, with crops of
            these as style and strength 1.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        size: int,
        batch_size: int,
        steps: int,
        seed: tuple[int, ...],
        styles: Sequence[Path] = (),
    ):
        super().__init__()
        self.size = size
        self.batch_size = batch_size
        self.steps = steps
        self.seed = seed
        self.epoch = 0
        self._photos = decode(paths, round(ROOM * size))
        self._styles = decode(styles, round(ROOM * size)) if styles else None

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[Any]:
        rng = np.random.default_rng((*self.seed, self.epoch, step))
        content = self._crops(rng, self._photos)
        if self._styles is None:
            return (content,)
        strength = np.ones((self.batch_size, 1), "float32")
        style = self._crops(rng, self._styles)
        return ({"content": content, "style": style, "strength": strength},)

    @property
    def photographs(self) -> int:
        """How many there are to crop."""
        return len(self._photos)

    def sample(self, count: int) -> tuple[Any, list[np.ndarray]]:
        """An input from the middle of the first photographs, and what it shows.

        Args:
            count: At most so many photographs.

        Returns:
            What a batch holds, and rows of `uint8` pictures.
        """
        content = self._middle(self._photos, count)
        x = content.astype("float32")
        if self._styles is None:
            return x, [content]
        styles = self._middle(self._styles, count)
        styles = styles[np.arange(len(content)) % len(styles)]
        strength = np.ones((len(content), 1), "float32")
        batch = {"content": x, "style": styles.astype("float32"), "strength": strength}
        return batch, [content, styles]

    def _middle(self, photos, count):
        start = (photos.shape[1] - self.size) // 2
        stop = start + self.size
        return photos[np.arange(min(count, len(photos)))][:, start:stop, start:stop]

    def _crops(self, rng, photos):
        """Float32 crops; half of them mirrored left to right."""
        chosen = rng.choice(len(photos), self.batch_size, self.batch_size > len(photos))
        crops = np.empty((self.batch_size, self.size, self.size, 3), "float32")
        for place, image in enumerate(photos[chosen]):
            top, left = rng.integers(0, image.shape[0] - self.size + 1, 2)
            crop = image[top : top + self.size, left : left + self.size]
            crops[place] = crop[:, ::-1] if rng.integers(2) else crop
        return crops
