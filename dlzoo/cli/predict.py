"""`dlzoo predict`: what is on these images?"""

from pathlib import Path
from typing import Annotated

import typer

from dlzoo.cli.output import print_json


def predict(
    model: Annotated[
        Path,
        typer.Argument(
            help="Folder that `dlzoo fine-tune` or `dlzoo export` wrote, or a .keras file."
        ),
    ],
    images: Annotated[
        list[str],
        typer.Argument(help="Files, folders (with all below), patterns like `'*.jpg'`."),
    ],
    top: Annotated[int | None, typer.Option(help="How many classes to name.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images at once.")] = None,
    engine: Annotated[
        str,
        typer.Option(help="`keras`, or `auto`, `openvino`, `onnxruntime` ...: faster."),
    ] = "keras",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Answer what the model was trained for: one line an image, the likeliest first.

    `dlzoo segment` writes masks, too.
    """
    import dlzoo

    options = {} if top is None else {"top": top}
    predictions = dlzoo.predict(model, images, batch_size=batch_size, engine=engine, **options)
    if json:
        print_json([prediction.to_dict() for prediction in predictions])
        return
    for prediction in predictions:
        typer.echo(str(prediction))
