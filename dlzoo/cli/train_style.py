"""`dlzoo train-style`: a network that paints in one pass, in one style or any."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from dlzoo.cli.options import NETWORK, WEIGHTS
from dlzoo.cli.output import print_json

_STYLE = "The picture to paint like; with `--any` a folder of many different ones."
_PHOTOS = "Folders (with all below), files or patterns: what the network learns to paint."
_OUT = "Folder for the model, the report and samples of how far it is."
_WEIGHT = "What it counts against the others (1 of each term: a picture without features)."
_SIZE = "Side of a crop in pixels."
_STYLE_SIZE = "Longer side that the style is shown in: larger, broader brush strokes."
_COPY = "Steps before, in which it learns to copy photographs."
_EVERY = "Steps between two checkpoints and samples."
_WIDTH = "Channels of the first layer; 16 paints nearly 4 times as fast."


def train_style(
    style: Annotated[Path, Argument(help=_STYLE)],
    photos: Annotated[list[Path], Argument(help=_PHOTOS)],
    out: Annotated[Path, Option(help=_OUT)],
    any_style: Annotated[bool, Option("--any", help="Learn any style (AdaIN).")] = False,
    steps: Annotated[int, Option(help="Batches in all.")] = 2000,
    copy_steps: Annotated[int, Option(help=_COPY)] = 200,
    size: Annotated[int, Option(help=_SIZE)] = 256,
    style_size: Annotated[int | None, Option(help=_STYLE_SIZE)] = None,
    batch_size: Annotated[int, Option(help="Crops a step.")] = 4,
    content_weight: Annotated[float | None, Option(help=_WEIGHT)] = None,
    style_weight: Annotated[float | None, Option(help=_WEIGHT)] = None,
    variation_weight: Annotated[float | None, Option(help="More is smoother.")] = None,
    learning_rate: Annotated[float, Option(help="The highest, of Adam.")] = 1e-3,
    width: Annotated[int | None, Option(help=_WIDTH)] = None,
    network: Annotated[str, Option(help=NETWORK)] = "auto",
    weights: Annotated[str, Option(help=WEIGHTS)] = "auto",
    checkpoint_steps: Annotated[int, Option(help=_EVERY)] = 100,
    mixed_bfloat16: Annotated[bool, Option("--mixed-bfloat16", help="Half the bits.")] = False,
    seed: Annotated[int, Option(help="Same seed, same result.")] = 0,
    fresh: Annotated[bool, Option("--fresh", help="Forget an earlier run.")] = False,
    json: Annotated[bool, Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Train a network to paint photographs. Interrupted, the same command continues."""
    chosen: dict[str, Any] = {
        "content_weight": content_weight,
        "style_weight": style_weight,
        "variation_weight": variation_weight,
        "style_size": style_size,
        "width": width,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    foreign = [name for name in ("style_size", "width") if any_style and name in given]
    if foreign:
        raise typer.BadParameter(f"--{foreign[0].replace('_', '-')} is not for --any.")
    from dlzoo import style as styles

    train: Any = styles.train_adain if any_style else styles.train_style
    trained = train(
        style,
        photos,
        out=out,
        network=network,
        weights=None if weights.lower() == "none" else weights,
        steps=steps,
        copy_steps=copy_steps,
        size=size,
        batch_size=batch_size,
        learning_rate=learning_rate,
        checkpoint_steps=checkpoint_steps,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
        fresh=fresh,
        **given,
    )
    if json:
        print_json(trained.report.to_dict())
    else:
        typer.echo(str(trained))
