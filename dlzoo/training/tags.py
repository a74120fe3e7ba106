"""Tags of examples ("blurry", "great cat"): in a spreadsheet, or in Python."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlzoo._files import atomic_path
from dlzoo.errors import DataError

# What `write_cases` writes beside the tags; not taken for tags when it is read again.
COLUMNS = ("path", "label", "predicted", "probability", "probability_of_label", "likely_label")
_NO = ("", "0", "no", "false", "n", "-")


def find_tags(tags: Any, sources: Sequence[str]) -> list[tuple[str, ...]]:
    """The tags of each example.

    Args:
        tags: None; a CSV file; path -> tags; or the tags of each example, in order. Tags
            are a list of names, or one text with `;` between them.
        sources: The path (or other name) of each example.

    Raises:
        DataError: The file cannot be used, or names none of the examples.
    """
    if tags is None:
        return [()] * len(sources)
    if isinstance(tags, str | os.PathLike):
        return _match(read_tags(tags), sources, Path(tags).parent, str(tags))
    if isinstance(tags, Mapping):
        by_path = {str(path): _names(value) for path, value in tags.items()}
        return _match(by_path, sources, Path(), "error_analysis: tags")
    if len(tags) != len(sources):
        raise ValueError(
            f"error_analysis: there must be tags for each of the {len(sources)} examples "
            f"(or a CSV file, or a dict by path); got {len(tags)}."
        )
    return [_names(value) for value in tags]


def read_tags(path: str | os.PathLike) -> dict[str, tuple[str, ...]]:
    """Tags by path from a CSV file.

    It has a column `path`, and either a column `tags` with `;` between them, or a column
    for each tag, in which anything but nothing, 0, no, n, false and - means yes.

    Raises:
        DataError: There is no such file, or it has no such columns.
    """
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the tags cannot be read ({error}).") from error
    lines = text.splitlines()
    head = lines[0] if lines else ""
    delimiter = ";" if ";" in head and "," not in head else ","  # as some Excels write
    rows = list(csv.DictReader(lines, delimiter=delimiter))
    names = [name for name in head.replace('"', "").split(delimiter) if name]
    columns = [name for name in names if name not in COLUMNS]
    if "path" not in names or not columns:
        raise DataError(
            f"{path}: a file of tags must have the columns 'path' and 'tags', or 'path' and "
            f"one for each tag; it has {names}."
        )
    if "tags" in columns:
        return {row["path"]: _names(row["tags"] or "") for row in rows}
    return {
        row["path"]: tuple(c for c in columns if (row[c] or "").strip().lower() not in _NO)
        for row in rows
    }


def write_cases(path: str | os.PathLike, rows: Sequence[Sequence[Any]]) -> None:
    """Write rows of `COLUMNS` and tags, whole or not at all."""
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "tags"])
        writer.writerows(rows)


def _names(value):
    parts = value.split(";") if isinstance(value, str) else value
    return tuple(dict.fromkeys(str(part).strip() for part in parts if str(part).strip()))


def _match(by_path, sources, folder, what):
    """Tags by path as tags by example; paths may be relative to the file of tags."""
    given: dict[str, tuple[str, ...]] = {}
    for path, names in by_path.items():
        for form in (path, str(Path(path)), os.path.abspath(folder / path)):
            given[form] = names
    found = [given.get(s, given.get(os.path.abspath(s))) for s in sources]
    if by_path and not any(names is not None for names in found):
        raise DataError(
            f"{what}: none of the paths is one of the {len(sources)} examples; the first "
            f"are {next(iter(by_path))!r} and {sources[0]!r}."
        )
    return [names or () for names in found]
