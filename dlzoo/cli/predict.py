"""`dlzoo predict`: what is on these images?"""

from pathlib import Path
from typing import Annotated

import typer

from dlzoo.cli.output import print_json


def predict(
    model: Annotated[
        Path, typer.Argument(help="Folder that `dlzoo fine-tune` wrote, or a .keras file.")
    ],
    images: Annotated[
        list[str],
        typer.Argument(help="Files, folders (with all below), patterns like `'*.jpg'`."),
    ],
    top: Annotated[int, typer.Option(help="How many classes to name.")] = 5,
    batch_size: Annotated[int, typer.Option(help="Images at once.")] = 32,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Classify images (or answer each target): one line each, the likeliest first."""
    import dlzoo

    predictions = dlzoo.predict(model, images, top=top, batch_size=batch_size)
    if json:
        print_json([prediction.to_dict() for prediction in predictions])
        return
    for prediction in predictions:
        typer.echo(str(prediction))
