"""`stylize_fast`: many photographs through a network that was trained to paint."""

import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlzoo._checks import check_between, check_positive_int
from dlzoo._progress import progress_bar
from dlzoo.data import read_image
from dlzoo.errors import DataError
from dlzoo.style.crops import find_pictures
from dlzoo.style.fast_photos import batches, picture_paths, read_ahead
from dlzoo.style.fast_run import MODEL
from dlzoo.style.pictures import fitted, resized, rounded, write_picture

WHO = "stylize_fast"
AHEAD = 3  # batches that are read while one is painted


@dataclass(frozen=True)
class FastStylized:
    """What `stylize_fast` returns.

    Attributes:
        written: Pairs of photograph and picture.
        failed: What was wrong with the others, a line each.
        seconds: Reading, painting and writing.
    """

    written: tuple[tuple[str, str], ...]
    failed: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        count = len(self.written)
        lines = [f"{count} pictures, {count / max(self.seconds, 1e-9):.1f} a second"]
        return "\n".join([*lines, *(f"failed: {problem}" for problem in self.failed)])


def stylize_fast(
    model: str | os.PathLike | keras.Model,
    photos: Any,
    out: str | os.PathLike,
    *,
    style: Any = None,
    strength: float = 1.0,
    size: int | None = 512,
    style_size: int | None = 512,
    batch_size: int = 4,
) -> FastStylized:
    """Paint photographs with a network of `train_style` or `train_adain`, in one pass each.

    The next photographs are decoded and the last pictures encoded while the network works. A
    photograph that cannot be read is reported, and the others go on.

    Args:
        model: The folder of a training, a `.keras` file, or the model.
        photos: Paths, folders (with all below), patterns such as `"new/*.jpg"`, or a list.
        out: Folder for the pictures, which keep the photographs' names (two of one name get a
            number); or, for a single photograph, the file to write.
        style: For a model of any style (`adain`): the picture, a path or a `uint8` array.
        strength: The same: 0 for none of the style to 1 for all of it.
        size: Longer side in pixels to which larger photographs are shrunk; None leaves them as
            large as they are.
        style_size: The same of the style.
        batch_size: At most so many photographs of one size at once.

    Returns:
        A `FastStylized`: what was written, what failed, how long it took.

    Raises:
        ValueError: The model or an argument cannot be used. `dlzoo.errors.DataError`: there
            are no photographs, the style cannot be read, or a picture would replace its
            photograph.
    """
    check_positive_int(WHO, "batch_size", batch_size)
    for name, value in (("size", size), ("style_size", style_size)):
        if value is not None:
            check_positive_int(WHO, name, value, minimum=16)
    check_between(WHO, "strength", strength, 0, 1)
    painter = _load(model)
    paths = find_pictures(WHO, photos)
    targets = picture_paths(WHO, paths, Path(out).expanduser())
    more = _style_inputs(painter, style, strength, style_size)
    started = time.perf_counter()
    failed: list[str] = []
    written: list[tuple[str, str]] = []
    with ThreadPoolExecutor(2) as readers, ThreadPoolExecutor(1) as writer:
        jobs: deque = deque()
        ahead = read_ahead(readers, paths, targets, size, AHEAD * batch_size)
        found = batches(ahead, batch_size)
        with progress_bar() as bar:
            task = bar.add_task("Painting", total=len(paths), note="")
            for group, problem in found:
                if problem:
                    failed.append(problem)
                    bar.advance(task)
                    continue
                for source, target, picture in _paint(painter, group, more):
                    jobs.append(writer.submit(write_picture, target, picture))
                    written.append((str(source), str(target)))
                while len(jobs) > AHEAD * batch_size:
                    jobs.popleft().result()
                bar.advance(task, len(group))
        for job in jobs:
            job.result()
    return FastStylized(tuple(written), tuple(failed), time.perf_counter() - started)


def _paint(painter, group, more):
    """Photograph, target and `uint8` picture of each of a group of one size."""
    photos = np.concatenate([photo for _, _, photo in group])
    x = photos if more is None else {"content": photos, **more(len(photos))}
    painted = painter.predict_on_batch(x)
    for (source, target, _), picture in zip(group, painted, strict=True):
        yield source, target, rounded(np.asarray(picture)[None])


def _load(model):
    if isinstance(model, keras.Model):
        return model
    path = Path(model).expanduser()
    path = path / MODEL if path.is_dir() else path
    if not path.is_file():
        raise DataError(
            f"{WHO}: {path}: there is no such model. Name the folder that train_style or "
            f"train_adain wrote, or a .keras file; a run that has not ended has no model yet."
        )
    return keras.saving.load_model(path)


def _style_inputs(painter, style, strength, style_size):
    """What a model of any style takes beside photographs, for so many; None for one style."""
    names = [tensor.name for tensor in painter.inputs]
    if sorted(names) != ["content", "strength", "style"]:
        if len(names) != 1 or len(painter.output_shape) != 4 or painter.output_shape[-1] != 3:
            raise ValueError(
                f"{WHO}: model must be a transformer_net or an adain, from photographs to "
                f"pictures; {painter.name!r} takes {names} and gives {painter.output_shape}."
            )
        if style is not None or strength != 1:
            raise ValueError(
                f"{WHO}: style and strength are for models of any style (adain); "
                f"{painter.name!r} has learnt one. Leave them out."
            )
        return None
    if style is None:
        raise ValueError(
            f"{WHO}: style must be given, because {painter.name!r} paints in any style: a "
            f"picture."
        )
    picture = read_image(style)[None].astype("float32")
    if style_size is not None and max(picture.shape[1:3]) > style_size:
        picture = resized(picture, fitted(picture.shape, style_size))
    return lambda count: {
        "style": np.repeat(picture, count, axis=0),
        "strength": np.full((count, 1), strength, "float32"),
    }
