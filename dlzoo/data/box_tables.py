"""A CSV with a row an object: `path, x1, y1, x2, y2, class`."""

import os
from pathlib import Path

import numpy as np

from dlzoo.data.box_marks import BoxListing, Marks
from dlzoo.data.tables import problems, read_rows
from dlzoo.errors import DataError

_SIDES = (("x1", "xmin"), ("y1", "ymin"), ("x2", "xmax"), ("y2", "ymax"))
_CLASS = ("class", "label", "name", "cell_type")


def has_box_columns(path: str | os.PathLike) -> bool:
    """Whether a CSV has columns for boxes; False where it cannot be read."""
    try:
        names = {name.lower() for name in read_rows(path).columns}
    except DataError:
        return False
    return all(names & set(side) for side in _SIDES)


def list_box_table(path: str | os.PathLike) -> BoxListing:
    """Read a CSV of boxes in pixels; paths are relative to it.

    Columns `xmin`, `ymin`, `xmax`, `ymax` mean the same; others are not looked at. A row
    with nothing but a path is an image without an object. A column `split` divides.

    Raises:
        DataError: What is wrong, with the lines.
    """
    table = read_rows(path)
    columns = [_column(table, names) for names in _SIDES]
    classes = _column(table, _CLASS)
    rows: dict[Path, list[int]] = {}
    first: dict[Path, int] = {}
    odd = []
    for row, image in enumerate(table.images):
        filled = [bool(column.cells[row]) for column in (*columns, classes)]
        rows.setdefault(image, [])
        first.setdefault(image, row)
        if all(filled):
            rows[image].append(row)
        elif any(filled):
            odd.append((table.lines[row], "some of x1, y1, x2, y2 and class are empty"))
        if table.splits[first[image]] != table.splits[row]:
            odd.append((table.lines[row], f"{image} is in another split above"))
    boxes, bad = _numbers(table, columns)
    if odd or bad:
        raise problems(table.path, sorted(odd + bad), "A box is four numbers and a class.")
    listing = BoxListing(notes=list(table.notes))
    for image, place in rows.items():
        marks = Marks(
            f"{table.path}, {image.name}",
            tuple(classes.cells[row] for row in place),
            boxes[place],
            (False,) * len(place),
        )
        listing.splits.setdefault(table.splits[first[image]], []).append((image, marks))
    return listing


def _column(table, names):
    found = next((c for name, c in table.columns.items() if name.lower() in names), None)
    if found is None:
        raise DataError(
            f"{table.path}: there is no column {' or '.join(map(repr, names))}; a table of "
            f"boxes has path, x1, y1, x2, y2, class. It has "
            f"{', '.join(map(repr, table.columns)) or 'no other column'}."
        )
    return found


def _numbers(table, columns):
    """The corners of every row, and complaints; empty cells become 0."""
    boxes = np.zeros((len(table.images), 4))
    bad = []
    for side, column in enumerate(columns):
        for row, cell in enumerate(column.cells):
            try:
                boxes[row, side] = float(cell or 0)
            except ValueError:
                bad.append((table.lines[row], f"{cell!r} in column {column.name!r}"))
    return boxes, bad
