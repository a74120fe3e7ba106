"""The bars of DESIGN section 9: what a program has measured, what it should be, and whether.

A program is a list of parts; a part measures some rows at once. One that fails, or for which
something is missing, says so in its rows, and the others go on.
"""

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.side_by_side import RESULTS, Failed, machine, publish


class Missing(Exception):
    """Something that the measurement needs is not here; the message says what."""


@dataclass(frozen=True)
class Row:
    """A line of the table: `measured` against a bar, which is a lowest or a highest value."""

    work: str
    against: str
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "x"
    measured: float | None = None
    problem: str = ""

    @property
    def bar(self):
        if self.at_least is not None:
            return f">= {self.at_least:g}{self.unit}"
        return "" if self.at_most is None else f"<= {self.at_most:g}{self.unit}"

    @property
    def met(self):
        """Whether the bar is met, or None where there is none or nothing was measured."""
        if self.measured is None or not self.bar:
            return None
        if self.at_least is not None:
            return self.measured >= self.at_least
        return self.measured <= self.at_most

    def cells(self):
        measured = "" if self.measured is None else f"{self.measured:.2f}{self.unit}"
        verdict = {True: "yes", False: "**no**", None: ""}[self.met]
        return self.work, self.against, self.bar, measured, self.problem or verdict


@dataclass(frozen=True)
class Part:
    """What is measured together: `run()` returns text and a number for each of `rows`."""

    title: str
    rows: tuple[Row, ...]
    run: Callable[[], tuple[str, Sequence[float | None]]]


def carry_out(part):
    """The part's text and its rows with what was measured, or with what went wrong."""
    begin = time.monotonic()
    print(f"{part.title} ...", end=" ", file=sys.stderr, flush=True)
    try:
        text, measured = part.run()
        rows = [replace(r, measured=m) for r, m in zip(part.rows, measured, strict=True)]
    except Missing as reason:
        text, rows = _unmeasured(part, f"not measured: {reason}")
    except Exception as error:
        if not isinstance(error, Failed):
            traceback.print_exc()
        text, rows = _unmeasured(part, f"failed: {str(error) or type(error).__name__}")
    print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return text, rows


def bars_table(rows):
    """The rows as a Markdown table."""
    lines = ["| work | against | bar | measured | met? |", "| --- | --- | ---: | ---: | --- |"]
    for row in rows:
        cells = (" ".join(cell.replace("|", "/").split()) for cell in row.cells())
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def measured_program(name, title, parts, packages, folder=RESULTS, show=True):
    """Carry out all parts, publish their text, and return their rows."""
    text, rows = f"# {title}\n\n", []
    for part in parts:
        own, measured = carry_out(part)
        text += own + "\n"
        rows += measured
    text += f"### Bars\n\n{bars_table(rows)}\n"
    publish(name, text + machine("dlzoo", "keras", *packages), folder, show=show)
    return rows


def _unmeasured(part, reason):
    return f"### {part.title}\n\n{reason}\n", [replace(r, problem=reason) for r in part.rows]
