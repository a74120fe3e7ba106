"""`dlzoo verify`: is this the same person?"""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument

from dlzoo.cli import faces_options as options
from dlzoo.cli.output import print_json


def verify(
    first: Annotated[Path, Argument(help="A picture of a face.")],
    second: Annotated[Path, Argument(help="Another one.")],
    model: options.Model = options.MODEL,
    weights: options.Weights = None,
    threshold: options.Threshold = None,
    face: options.Which = "only",
    alignment: options.Alignment = "auto",
    detector: options.Detector = "wider_face",
    min_size: options.MinSize = 40,
    picture: options.Picture = None,
    json: options.AsJson = False,
) -> None:
    """Say whether two pictures show the same person."""
    embedder = options.open_embedder(model, weights, detector, alignment, min_size)
    from dlzoo import faces

    answer = faces.verify(first, second, embedder, threshold=threshold, face=face)
    if picture is not None:
        from dlzoo.visualize import save_figure

        save_figure(faces.show_verification(answer), picture)
    if json:
        print_json(answer.to_dict())
    else:
        typer.echo(str(answer))
