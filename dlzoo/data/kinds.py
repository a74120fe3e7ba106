"""From the text of a column to numbers: which kind it is, and what its cells mean."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlzoo.data.folders import natural_order
from dlzoo.data.tables import Column, problems
from dlzoo.data.targets import Target
from dlzoo.errors import DataError

NONE = "-"  # a cell of a multi-label column: none of the labels

FEW = 10  # up to so many different whole numbers are classes, more are quantities
_MOSTLY = 0.9  # a column with so many numbers is meant to have numbers only

_NO = ("0", "false", "no", "n", "f", "negative")
_YES = ("1", "true", "yes", "y", "t", "positive")
_BETWEEN = re.compile(r"[;|]")


def decide(path: Path, column: Column) -> tuple[str, str]:
    """The kind of a column, and the reason in a few words.

    | what the cells are | kind |
    | --- | --- |
    | some with labels separated by `;` or `\\|` | multilabel |
    | two values, or yes/no, true/false, 0/1 | binary |
    | numbers: fractions, or more than 10 different ones | regression |
    | all else: text, or up to 10 different whole numbers | multiclass |

    Raises:
        DataError: All cells are equal, or the column seems to be damaged.

    Example:
        >>> decide(Path("a.csv"), Column("age", ("1.5", "2", ""), (2, 3, 4)))
        ('binary', 'two values')
    """
    cells = [cell for cell, _ in column.filled()]
    different = set(cells)
    if any(_BETWEEN.search(cell) for cell in cells):
        return "multilabel", "cells with several labels"
    if _has_both_truths(different) or len(different) == 2:
        return "binary", "two values"
    if len(different) < 2:
        raise DataError(_constant(path, column, different))
    numbers = [number for number in map(_number, different) if number is not None]
    quantities = len(numbers) > FEW or any(number % 1 for number in numbers)
    if len(numbers) == len(different) and quantities:
        return "regression", f"numbers, {len(numbers)} different ones"
    if len(numbers) == len(different):
        return "multiclass", f"whole numbers, only {len(numbers)} different ones"
    if quantities and len(numbers) >= _MOSTLY * len(different):
        odd = [(i, f"{cell!r} is no number") for cell, i in column.filled() if _bad(cell)]
        advice = (
            f"Nearly all of column {column.name!r} are numbers: correct these cells or empty "
            f"them; or pass targets={{{column.name!r}: 'multiclass'}}."
        )
        raise problems(path, odd, advice)
    if len(different) > max(FEW, len(cells) / 2):
        raise DataError(
            f"{path}: column {column.name!r} has {len(different)} different texts in "
            f"{len(cells)} cells; these are no classes. Leave it out: "
            f"targets={{{column.name!r}: 'ignore'}}."
        )
    return "multiclass", f"{len(different)} different texts"


def encode(
    path: Path, column: Column, kind: str, *, empty_is_none: bool = False
) -> tuple[Target, np.ndarray]:
    """The target that a column is, and its values: float64, `(rows,)` or `(rows, labels)`.

    Args:
        path: Of the file, for errors.
        column: Its cells; an empty one is a hole (NaN).
        kind: One of `dlzoo.data.targets.KINDS`.
        empty_is_none: In a multi-label column, an empty cell means "none of the labels"
            instead, as the cell `-` does.

    Raises:
        DataError: Cells that `kind` cannot have, or all of them equal.

    Example:
        >>> column = Column("tags", ("a;b", "b", "-", ""), (2, 3, 4, 5))
        >>> target, values = encode(Path("a.csv"), column, "multilabel")
        >>> target.labels, values.tolist()
        (('a', 'b'), [[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [nan, nan]])
    """
    if kind == "multilabel":
        labels, values = _label_sets(column, empty_is_none)
    elif kind == "regression":
        labels, values = (), _quantities(path, column)
    else:
        labels, numbers = _answers(path, column, kind)
        values = np.array([numbers.get(cell, np.nan) for cell in column.cells])
    rows = values.reshape(len(values), -1)
    known = {tuple(row) for row in rows[~np.isnan(rows).any(axis=1)]}
    if len(known) < 2:
        raise DataError(_constant(path, column, {cell for cell, _ in column.filled()}))
    return Target(column.name, kind, labels), values


def encode_several(
    path: Path, name: str, columns: Sequence[Column]
) -> tuple[Target, np.ndarray]:
    """Columns of yes/no, true/false or 0/1 as the labels of one multi-label target.

    Each empty cell is a hole of its own.
    """
    values = np.full((len(columns[0].cells), len(columns)), np.nan)
    for place, column in enumerate(columns):
        odd = []
        for row, (cell, line) in enumerate(zip(column.cells, column.lines, strict=True)):
            if cell.lower() in _YES or cell.lower() in _NO:
                values[row, place] = cell.lower() in _YES
            elif cell:
                odd.append((line, f"{cell!r} in column {column.name!r}"))
        if odd:
            raise problems(path, odd, f"The columns of {name!r} hold 0/1, yes/no, true/false.")
        if len(np.unique(values[~np.isnan(values[:, place]), place])) < 2:
            raise DataError(_constant(path, column, {cell for cell, _ in column.filled()}))
    return Target(name, "multilabel", tuple(column.name for column in columns)), values


def _answers(path, column, kind):
    """Names of the answers, and what each text of the column means as a number."""
    different = natural_order({cell for cell, _ in column.filled()})
    if kind == "multiclass":
        return tuple(different), {cell: number for number, cell in enumerate(different)}
    if _has_both_truths(different):
        numbers = {cell: int(cell.lower() in _YES) for cell in different}
        labels = tuple(different) if len(different) == 2 else ("no", "yes")
        if len(different) == 2 and numbers[different[0]] == 1:
            labels = labels[::-1]
        return labels, numbers
    if len(different) > 2:
        first = dict(reversed(column.filled()))
        odd = [(first[cell], f"{cell!r} is a third value") for cell in different[2:]]
        raise problems(path, odd, f"The binary column {column.name!r} can have two values.")
    return tuple(different), {cell: number for number, cell in enumerate(different)}


def _label_sets(column, empty_is_none):
    sets = []
    for cell in column.cells:
        parts = {part.strip() for part in _BETWEEN.split(cell)} - {"", NONE}
        known = parts or cell == NONE or empty_is_none
        sets.append(parts if known else None)
    labels = tuple(natural_order(set().union(*(found for found in sets if found))))
    values = np.full((len(sets), len(labels)), np.nan)
    for row, found in enumerate(sets):
        if found is not None:
            values[row] = [label in found for label in labels]
    return labels, values


def _quantities(path, column):
    odd = [(line, f"{cell!r} is no number") for cell, line in column.filled() if _bad(cell)]
    if odd:
        advice = f"Column {column.name!r} is a quantity: write 3 or 3.5, or leave it empty."
        raise problems(path, odd, advice)
    return np.array([np.nan if not cell else _number(cell) for cell in column.cells])


def _has_both_truths(cells):
    """Whether these are words for yes and no, and both are there."""
    words = {cell.lower() for cell in cells}
    return words <= {*_NO, *_YES} and bool(words & {*_NO}) and bool(words & {*_YES})


def _number(cell):
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _bad(cell):
    return _number(cell) is None


def _constant(path, column, different):
    what = f"is {next(iter(different))!r} in every row" if different else "is empty"
    return (
        f"{path}: column {column.name!r} {what}: there is nothing to learn. Delete it, or "
        f"pass targets={{{column.name!r}: 'ignore'}}."
    )
