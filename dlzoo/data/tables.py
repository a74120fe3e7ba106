"""Reading a CSV that names images and says what is known about each.

UTF-8 (with or without a byte order mark), a header, one row an image; separated by commas,
semicolons or tabs. Nothing is interpreted here but the columns of the image and the split.
"""

import csv
import io
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlzoo.data.folders import SPLIT_NAMES
from dlzoo.errors import DataError

IMAGE_COLUMNS = ("path", "file", "image", "filename")
SPLIT_COLUMN = "split"
SUFFIXES = (".csv", ".tsv")

_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Column:
    """The cells of one column, stripped; `lines[i]` is where `cells[i]` is in the file."""

    name: str
    cells: tuple[str, ...]
    lines: tuple[int, ...]

    def filled(self) -> list[tuple[str, int]]:
        """The cells that are not empty, and their lines."""
        pairs = zip(self.cells, self.lines, strict=True)
        return [(cell, line) for cell, line in pairs if cell]


@dataclass(frozen=True)
class Table:
    """What a CSV says: entry `i` of each tuple belongs to the same image.

    Attributes:
        path: Of the CSV.
        images: Paths of the images; each is there once.
        splits: `"train"`, `"train_dev"`, `"dev"`, `"test"`, or `"all"`: not divided yet.
        lines: Where the image is in the file, from 1.
        columns: The other columns by name.
        notes: Remarks.
    """

    path: Path
    images: tuple[Path, ...]
    splits: tuple[str, ...]
    lines: tuple[int, ...]
    columns: dict[str, Column]
    notes: tuple[str, ...] = ()

    def keep(self, rows: list[int]) -> "Table":
        """The same with some of the rows."""

        def pick(values):
            return tuple(values[row] for row in rows)

        columns = {
            name: Column(name, pick(column.cells), pick(column.lines))
            for name, column in self.columns.items()
        }
        kept = {"images": pick(self.images), "splits": pick(self.splits)}
        return replace(self, **kept, lines=pick(self.lines), columns=columns)


def is_table(data: Any) -> bool:
    """Whether `data` is the path of a CSV."""
    return isinstance(data, str | os.PathLike) and Path(data).suffix.lower() in SUFFIXES


def read_table(path: str | os.PathLike) -> Table:
    """Read a CSV of images, in which each image has one row.

    Raises:
        DataError: What is wrong, with the lines.
    """
    return _without_repetitions(read_rows(path))


def read_rows(path: str | os.PathLike) -> Table:
    """The same with every row, however often an image is there."""
    path = Path(path).expanduser()
    header, image, rows = _parse(path, _text(path))
    if not rows:
        raise DataError(f"{path}: there is a header and no row below it.")
    _check_lengths(path, header, rows)
    lines = tuple(line for line, _ in rows)
    cells = {
        name: tuple(row[place].strip() for _, row in rows) for place, name in enumerate(header)
    }
    images = _images(path, cells.pop(header[image]), lines)
    split = next((name for name in cells if name.lower() == SPLIT_COLUMN), None)
    splits = _splits(path, cells.pop(split), lines) if split else ("all",) * len(rows)
    columns = {name: Column(name, column, lines) for name, column in cells.items()}
    return Table(path, images, splits, lines, columns)


def problems(path: Path, found: list[tuple[int, str]], advice: str) -> DataError:
    """One error for all lines that have something wrong."""
    shown = [f"  line {line}: {what}" for line, what in found[:20]]
    if len(found) > 20:
        shown.append(f"  ... and {len(found) - 20} more")
    return DataError("\n".join([f"{path}:", *shown, advice]))


def _text(path):
    if not path.exists():
        raise DataError(f"{path}: there is no such file.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: the file cannot be read ({error}).") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: the file must be UTF-8; byte "
            f"{content[error.start : error.start + 1]!r} is not. Save it again as 'CSV UTF-8'."
        ) from error
    if not text.strip():
        raise DataError(f"{path}: the file is empty; it needs a header and rows.")
    return text


def _parse(path, text):
    """Header, place of the image column, and (line, cells) of the rows.

    The delimiter is the one with which the header has a column for the image: that is
    certain, while `csv.Sniffer` takes the `;` between labels for a delimiter.
    """
    headers = {}
    for delimiter in _DELIMITERS:
        header, rows = _rows(path, text, delimiter)
        places = [i for i, name in enumerate(header) if name.lower() in IMAGE_COLUMNS]
        if places:
            _check_header(path, header, places)
            return header, places[0], rows
        headers[delimiter] = header
    names = max(headers.values(), key=len)
    raise DataError(
        f"{path}: no column for the image. One must be called "
        f"{', '.join(map(repr, IMAGE_COLUMNS))}; the header has {names}."
    )


def _rows(path, text, delimiter):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, row))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}.") from error
    _, header = rows[0]
    return [name.strip() for name in header], rows[1:]


def _check_header(path, header, places):
    if len(places) > 1:
        both = " and ".join(repr(header[place]) for place in places)
        raise DataError(
            f"{path}: the columns {both} could both hold the image. Rename or delete "
            f"all but one."
        )
    names = [name.lower() for name in header]
    for place, name in enumerate(names):
        if not name:
            raise DataError(f"{path}: column {place + 1} of the header is empty.")
        if name in names[:place]:
            raise DataError(f"{path}: the header has the column {name!r} twice.")


def _check_lengths(path, header, rows):
    wanted = len(header)
    found = [
        (line, f"{len(row)} cells, the header has {wanted}")
        for line, row in rows
        if len(row) != wanted
    ]
    if found:
        raise problems(path, found, "A cell that holds the separator needs quotes around it.")


def _images(path, cells, lines):
    empty = [(i, "no image") for cell, i in zip(cells, lines, strict=True) if not cell]
    if empty:
        raise problems(path, empty, "Name an image in each row, or delete the row.")
    # a path is relative to the CSV, so that the folder can be moved as a whole
    return tuple(
        Path(os.path.normpath(path.parent / Path(cell).expanduser())) for cell in cells
    )


def _splits(path, cells, lines):
    if not any(cells):
        return ("all",) * len(cells)
    found = [
        (line, f"{cell!r} is not a split" if cell else "no split")
        for cell, line in zip(cells, lines, strict=True)
        if cell.lower() not in SPLIT_NAMES
    ]
    if found:
        allowed = ", ".join(SPLIT_NAMES)
        raise problems(
            path, found, f"Give every row one of {allowed}; or leave the whole column empty."
        )
    return tuple(SPLIT_NAMES[cell.lower()] for cell in cells)


def _without_repetitions(table):
    """The table with each image once; two rows that disagree about one are an error."""
    first: dict[Path, int] = {}
    disputed = []
    columns = table.columns.values()
    for row, image in enumerate(table.images):
        known = first.setdefault(image, row)
        said = [
            (t.splits[r], *(c.cells[r] for c in columns))
            for t, r in ((table, known), (table, row))
        ]
        if said[0] != said[1]:
            what = f"{image} is in line {table.lines[known]} already, with other values"
            disputed.append((table.lines[row], what))
    if disputed:
        raise problems(table.path, disputed, "Only one of the rows can be right.")
    twice = len(table.images) - len(first)
    if not twice:
        return table
    note = f"{table.path}: {twice} rows repeat another: left out."
    return replace(table.keep(sorted(first.values())), notes=(*table.notes, note))
