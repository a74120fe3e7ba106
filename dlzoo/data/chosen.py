"""Which columns of a table are to be learnt, and as what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlzoo._checks import check_choice
from dlzoo.data.kinds import NONE, decide, encode, encode_several
from dlzoo.data.tables import Table, problems
from dlzoo.data.targets import KINDS, Target
from dlzoo.errors import DataError

AUTO, IGNORE = "auto", "ignore"


@dataclass(frozen=True)
class Chosen:
    """The targets of a table.

    Attributes:
        table: Its rows, those without any value left out.
        targets: What is to be learnt.
        values: Name of the target to its values, an entry a row.
        notes: What was decided, and what was left out.
    """

    table: Table
    targets: tuple[Target, ...]
    values: dict[str, np.ndarray]
    notes: tuple[str, ...]

    def keep(self, rows: list[int]) -> "Chosen":
        """The same with some of the rows."""
        values = {name: column[rows] for name, column in self.values.items()}
        return Chosen(self.table.keep(rows), self.targets, values, self.notes)

    def answer(self, row: int) -> str:
        """What the first target is for an image."""
        target = self.targets[0]
        return target.text(self.values[target.name][row])

    def describe(self, row: int) -> str:
        """All that the table says about an image."""
        words = (f"{t.name}={t.text(self.values[t.name][row])}" for t in self.targets)
        return "; ".join(words)


def choose_targets(table: Table, targets: Any = None) -> Chosen:
    """Decide on the columns of a table.

    Args:
        table: As read.
        targets: None: all columns, the kind of each as its cells suggest (`decide`); a
            list of names: these only; or a dict from name to a kind of `KINDS`, `"auto"`
            or `"ignore"`, other columns being as for None. A name that is none of a
            column with a list of columns of yes and no makes them the labels of one
            multi-label target.

    Raises:
        ValueError: `targets` is none of these. `DataError`: A column cannot be learnt.
    """
    wanted = _wanted(table, targets)
    found, values, notes = [], {}, [*table.notes]
    for name, choice in wanted.items():
        if isinstance(choice, tuple):
            columns = [table.columns[part] for part in choice]
            target, numbers = encode_several(table.path, name, columns)
            why = f"the columns {', '.join(choice)}"
        else:
            column = table.columns[name]
            kind, why = (choice, "as asked for")
            if choice == AUTO:
                kind, why = decide(table.path, column)
            alone = len(wanted) == 1
            target, numbers = encode(table.path, column, kind, empty_is_none=alone)
        found.append(target)
        values[name] = numbers
        notes.append(_note(target, numbers, why, table, alone=len(wanted) == 1))
    return _without_empty(Chosen(table, tuple(found), values, tuple(notes)))


def check_known(chosen: Chosen, splits: Sequence[str]) -> tuple[str, ...]:
    """Look for answers that occur in other splits but never in train.

    Args:
        chosen: Targets and values.
        splits: The split of each row, as it came or as it was made.

    Returns:
        Notes on labels, and on classes that fell so when the data were divided here.

    Raises:
        DataError: The table itself puts a class into another split only, or a quantity
            has no two values in train.
    """
    train = np.array([split == "train" for split in splits])
    if not train.any():
        return ()
    errors, notes = [], []
    for target in chosen.targets:
        values = chosen.values[target.name]
        if target.kind == "regression":
            _check_spread(chosen, target, values[train])
            continue
        for number, label in enumerate(target.labels):
            has = values[:, number] == 1 if values.ndim == 2 else values == number
            if not has.any() or has[train].any():
                continue
            row = int(np.flatnonzero(has)[0])
            what = f"{label!r} of {target.name!r} is in {splits[row]} and never in train"
            if target.kind != "multilabel" and chosen.table.splits[row] != "all":
                errors.append((chosen.table.lines[row], what))
            else:
                notes.append(f"{what}: it cannot be learnt ({int(has.sum())} images).")
    if errors:
        advice = "What was never seen cannot be recognised: move some of these rows to train."
        raise problems(chosen.table.path, errors, advice)
    return tuple(notes)


def _check_spread(chosen, target, values):
    if len({value for value in values if not np.isnan(value)}) < 2:
        raise DataError(
            f"{chosen.table.path}: column {target.name!r} has fewer than two different "
            f"values in train: there is nothing to learn."
        )


def _wanted(table, targets):
    """Name of the target -> kind, `"auto"`, or the columns that it is made of."""
    if isinstance(targets, str):
        targets = [targets]
    if targets is None or isinstance(targets, Mapping):
        wanted: dict[str, Any] = dict.fromkeys(table.columns, AUTO)
        for name, choice in (targets or {}).items():
            if isinstance(choice, str):
                _check_column(table, name)
                check_choice("fine_tune", f"targets[{name!r}]", choice, (*KINDS, AUTO, IGNORE))
                wanted[name] = choice
                continue
            parts = tuple(choice) if isinstance(choice, (list, tuple)) else ()
            if not parts or (name in table.columns and name not in parts):
                raise ValueError(
                    f"fine_tune: targets[{name!r}] must be a kind, or a list of columns under "
                    f"a name that no other column has; got {choice!r}."
                )
            for part in parts:
                _check_column(table, part)
                wanted.pop(part, None)
            wanted[name] = parts
        wanted = {name: choice for name, choice in wanted.items() if choice != IGNORE}
    elif isinstance(targets, (list, tuple, set)):
        for name in targets:
            _check_column(table, name)
        wanted = dict.fromkeys(targets, AUTO)
    else:
        raise ValueError(
            f"fine_tune: targets must be None, a list of columns, or a dict from column to "
            f"kind; got {targets!r}."
        )
    if not wanted:
        raise DataError(f"{table.path}: no column to learn is left beside that of the image.")
    return wanted


def _check_column(table, name):
    if name not in table.columns:
        raise DataError(
            f"{table.path}: there is no column {name!r}; it has "
            f"{', '.join(map(repr, table.columns)) or 'none beside that of the image'}."
        )


def _note(target, values, why, table, *, alone):
    kind = target.kind
    if kind == "binary":
        kind = f"binary, {target.labels[1]!r} against {target.labels[0]!r}"
    elif kind != "regression":
        kind = f"{kind}, {len(target.labels)} labels"
    text = f"Column {target.name!r}: {kind} ({why})."
    holes = int(np.isnan(values).reshape(len(values), -1).all(axis=1).sum())
    if holes:
        text += f" {holes} of {len(values)} cells are empty: not learnt from, not scored."
        if target.kind == "multilabel":
            text += f" For 'none of the labels' write {NONE}."
    elif target.kind == "multilabel" and alone and target.name in table.columns:
        empty = len(values) - len(table.columns[target.name].filled())
        if empty:
            text += f" {empty} empty cells mean 'none of the labels'."
    return text


def _without_empty(chosen):
    """Rows for which nothing is known teach nothing."""
    rows = len(chosen.table.images)
    known = np.zeros(rows, bool)
    for values in chosen.values.values():
        known |= ~np.isnan(values).reshape(rows, -1).all(axis=1)
    if known.all():
        return chosen
    kept = chosen.keep([int(row) for row in np.flatnonzero(known)])
    note = f"{rows - int(known.sum())} rows have no value in any column: left out."
    return Chosen(kept.table, kept.targets, kept.values, (*kept.notes, note))
