"""Where exports go: a folder that is whole, or as it was."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlzoo.errors import DataError
from dlzoo.exporting.description import is_exported


def check_free(target: Path) -> None:
    """Raise `DataError` unless `target` is new, empty, or of an earlier export."""
    empty = not target.exists() or (target.is_dir() and not any(target.iterdir()))
    if not empty and not (target.is_dir() and is_exported(target)):
        raise DataError(
            f"{target}: path must be a folder that is new, empty, or of an earlier export, "
            f"because it is replaced; this is something else."
        )


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder that takes the place of `target` if the block succeeds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    try:
        yield folder
        folder.chmod(0o755)
        with _aside(target):
            os.replace(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _aside(target):
    """`target` makes room, and comes back if the block fails."""
    if not target.exists():
        yield
        return
    beside = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    old = beside / "old"
    try:
        os.replace(target, old)
        yield
    except BaseException:
        if old.exists() and not target.exists():
            os.replace(old, target)
        shutil.rmtree(beside, ignore_errors=True)
        raise
    shutil.rmtree(beside, ignore_errors=True)
