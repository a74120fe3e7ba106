"""`dlzoo faces evaluate`: how well a network tells people apart, and the thresholds for it."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from dlzoo.cli import faces_options as options
from dlzoo.cli.options import several_option
from dlzoo.cli.output import print_json


def evaluate(
    data: Annotated[Path, Argument(help="A folder with a folder of pictures for each person.")],
    pairs: Annotated[
        Path | None, Option(help="LFW's `pairs.txt`; without: all pairs of the folder.")
    ] = None,
    model: options.Model = options.MODEL,
    weights: options.Weights = None,
    out: Annotated[
        Path, Option(help="Folder for `evaluation.json`, ROC, distances, map of embeddings.")
    ] = Path("evaluation"),
    far: Annotated[str, Option(help="Wanted false accept rates.")] = "0.1,0.01,0.001",
    face: options.Which = "largest",
    skip_missing: Annotated[
        bool, Option("--skip-missing", help="Leave out pictures without a face.")
    ] = False,
    alignment: options.Alignment = "auto",
    detector: options.Detector = "wider_face",
    min_size: options.MinSize = 40,
    seed: Annotated[int, Option(help="Of the choice, if there are over a million pairs.")] = 0,
    json: options.AsJson = False,
) -> None:
    """Score a network on pairs of pictures: AUC, equal error rate, TAR and thresholds."""
    fars = tuple(several_option(far, float))
    embedder = options.open_embedder(model, weights, detector, alignment, min_size)
    from dlzoo import faces

    found = faces.evaluate(
        data,
        embedder,
        pairs=pairs,
        fars=fars,
        face=face,
        on_missing="skip" if skip_missing else "error",
        seed=seed,
    )
    found.save(out)
    if json:
        print_json(found.to_dict())
    else:
        typer.echo(f"{found}\nPictures and figures are in {out}")
