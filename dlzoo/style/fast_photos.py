"""Photographs in and pictures out, while a network works: reading ahead, groups, names."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from dlzoo.data import read_image
from dlzoo.errors import DataError
from dlzoo.style.pictures import SUFFIXES, fitted, resized

SMALLEST = 5  # pixels of a side: less leaves nothing to mirror at the border


def read_ahead(pool, paths, targets, size, ahead) -> Iterator[tuple]:
    """`(path, target, photograph)` in order, or `(path, None, problem)`."""
    waiting: deque = deque()
    for pair in zip(paths, targets, strict=True):
        waiting.append(pool.submit(_read, *pair, size))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _read(path, target, size):
    try:
        photo = read_image(path)[None].astype("float32")
    except DataError as error:
        return path, None, str(error)
    if size is not None and max(photo.shape[1:3]) > size:
        photo = resized(photo, fitted(photo.shape, size))
    if min(photo.shape[1:3]) < SMALLEST:
        height, width = photo.shape[1:3]
        problem = f"{path}: a side must be at least {SMALLEST} pixels; got {height} x {width}."
        return path, None, problem
    return path, target, photo


def batches(photos, batch_size) -> Iterator[tuple[list, str]]:
    """Neighbours of one size together: `(group, "")`, or `([], problem)`."""
    group: list = []
    for path, target, photo in photos:
        if target is None:
            yield [], photo
            continue
        if group and (len(group) == batch_size or group[0][2].shape != photo.shape):
            yield group, ""
            group = []
        group.append((path, target, photo))
    if group:
        yield group, ""


def picture_paths(who: str, paths: Sequence[Path], out: Path) -> list[Path]:
    """Where each picture goes."""
    if out.suffix.lower() in SUFFIXES and not out.is_dir():
        if len(paths) > 1:
            raise DataError(
                f"{who}: out must be a folder for {len(paths)} photographs; got the file "
                f"name {str(out)!r}."
            )
        targets = [out]
    else:
        taken: set[str] = set()
        targets = [out / _name(path, taken) for path in paths]
    for path, target in zip(paths, targets, strict=True):
        if path.resolve() == target.resolve():
            raise DataError(
                f"{who}: {target}: the picture would replace its photograph. Name another "
                f"folder."
            )
    return targets


def _name(path, taken):
    """The photograph's name, with a number where it is taken and a suffix that we write."""
    suffix = path.suffix if path.suffix.lower() in SUFFIXES else ".png"
    name, number = f"{path.stem}{suffix}", 2
    while name.lower() in taken:
        name, number = f"{path.stem}-{number}{suffix}", number + 1
    taken.add(name.lower())
    return name
