"""What verbs print: for people on a terminal, plain when piped."""

import json
from collections.abc import Collection, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from dlzoo._text import columns


def print_json(value: Any) -> None:
    """For other programs: indented JSON."""
    typer.echo(json.dumps(value, indent=2))


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()
) -> None:
    """A table; the columns numbered in `right` hold numbers."""
    console = Console()
    if not console.is_terminal:
        typer.echo(columns([head, *rows], right=right))
        return
    table = Table()
    for number, title in enumerate(head):
        table.add_column(title, justify="right" if number in right else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def free_name(name: str, taken: set[str]) -> str:
    """`name`, or with a number where another folder has such a file, too; then it is taken."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free
