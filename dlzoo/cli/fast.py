"""What `dlzoo stylize --fast` does: a trained network paints many photographs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

_FAST = (
    "Folder of `dlzoo train-style`, or a .keras file: one pass each; all files are photographs."
)
_STYLE = "With `--fast` and a model of any style: the picture whose manner is taken."
_STRENGTH = "The same: 0 for none of the style to 1."

Fast = Annotated[Path | None, Option("--fast", help=_FAST)]
FastStyle = Annotated[Path | None, Option("--style", help=_STYLE)]
Strength = Annotated[float, Option("--strength", help=_STRENGTH)]

SEVERAL = Path("stylized")  # folder of the pictures where no name was given


def paint(
    model: Path,
    photos: Sequence[Path],
    out: Path | None,
    style: Path | None,
    strength: float,
    size: int | None,
) -> None:
    """Paint `photos` and say what was done; leave with 1 if some could not be."""
    from dlzoo.style import stylize_fast

    out = out or SEVERAL
    result = stylize_fast(model, photos, out, style=style, strength=strength, size=size)
    typer.echo(f"{out}: {str(result).splitlines()[0]}")
    for problem in result.failed:
        typer.echo(f"Error: {problem}", err=True)
    if result.failed:
        raise typer.Exit(1)
