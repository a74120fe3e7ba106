"""`dlzoo faces train`: from a folder of people to a network that embeds faces."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from dlzoo.cli import tuning_options as given
from dlzoo.cli.options import numbers_option, pairs_option
from dlzoo.cli.output import print_json

_DATA = "Folder with a folder of face images, cut out and aligned, for each person."
_MODEL = "`mobilefacenet`, `facenet`, `siamese` ..., or a classification network."
_LOSS = "`triplet`, `contrastive`, `arcface`, or `siamese`: a learnt distance."
_MINING = "Of triplets: `semi_hard`, `batch_hard` or `batch_all`."
_MARGIN = "Of the loss, in its own unit (default: 0.2, contrastive 1, arcface 0.5)."
_IMAGES = "Images of each person in a batch."
_BACKBONE = "Of `siamese`: the network below."
_OPTIONS = "Of the network, once an option: `alpha=0.35`."


def train(
    data: Annotated[Path, Argument(help=_DATA)],
    out: given.Out,
    model: Annotated[str, Option(help=_MODEL)] = "mobilefacenet",
    loss: Annotated[str | None, Option(help=_LOSS)] = None,
    mining: Annotated[str, Option(help=_MINING)] = "semi_hard",
    margin: Annotated[float | None, Option(help=_MARGIN)] = None,
    scale: Annotated[float, Option(help="Of `arcface`; fewer people need less.")] = 64.0,
    dimensions: Annotated[int | None, Option(help="Of the embeddings.")] = None,
    images_per_person: Annotated[int, Option(help=_IMAGES)] = 4,
    backbone: Annotated[str | None, Option(help=_BACKBONE)] = None,
    model_options: Annotated[list[str] | None, Option("--model-option", help=_OPTIONS)] = None,
    weights: given.Weights = "auto",
    epochs: given.Epochs = None,
    batch_size: given.BatchSize = None,
    learning_rate: given.LearningRate = None,
    image_size: given.ImageSize = None,
    unfreeze: given.Unfreeze = "auto",
    augment: given.Augment = None,
    no_augment: given.NoAugment = False,
    optimizer: given.Optimizer = "adamw",
    patience: given.Patience = None,
    mixed_bfloat16: given.MixedBfloat16 = False,
    seed: given.Seed = 0,
    on_bad_image: given.OnBadImage = "error",
    on_duplicate: given.OnDuplicate = "error",
    fresh: given.Fresh = False,
    json: given.Json = False,
) -> None:
    """Train a network to embed faces; judged on people whom it has never seen.

    Interrupted, the same command continues.
    """
    names = None if augment is None else [name.strip() for name in augment.split(",")]
    own: dict[str, Any] = {"batch_size": batch_size, "patience": patience}
    optional = {name: value for name, value in own.items() if value is not None}
    from dlzoo import faces

    trained = faces.train(
        model,
        data,
        out=out,
        loss=loss,
        mining=mining,
        margin=margin,
        scale=scale,
        dimensions=dimensions,
        images_per_person=images_per_person,
        backbone=backbone,
        model_options=pairs_option(model_options),
        weights=None if weights.lower() == "none" else weights,
        epochs=numbers_option(epochs, int),
        learning_rate=numbers_option(learning_rate, float),
        image_size=numbers_option(image_size, int),
        unfreeze=int(unfreeze) if unfreeze.isdecimal() else unfreeze,
        augment=False if no_augment else True if names is None else names,
        optimizer=optimizer,  # type: ignore[arg-type]
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
        on_bad_image=on_bad_image,
        on_duplicate=on_duplicate,
        fresh=fresh,
        **optional,
    )
    if json:
        print_json(trained.report.to_dict())
    else:
        typer.echo(str(trained))
