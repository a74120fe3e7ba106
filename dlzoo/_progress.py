"""Progress on the terminal (standard error): a bar with time left, silent when piped."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def progress_bar() -> Progress:
    """A context manager; `bar.track(items, description=...)` or `add_task` and `update`."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        disable=not console.is_terminal,
    )


def track(items, what, total=None):
    """Yield `items` while a bar named `what` runs."""
    with progress_bar() as bar:
        task = bar.add_task(what, total=len(items) if total is None else total, note="")
        for item in items:
            yield item
            bar.advance(task)
