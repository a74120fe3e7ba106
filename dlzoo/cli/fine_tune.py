"""`dlzoo fine-tune`: from a folder of images to a classifier and its report."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from dlzoo.cli.options import numbers_option, targets_option
from dlzoo.cli.output import print_json

_DATA = (
    "Folder with a folder of images for each class, a `.csv` with a column `path` and what "
    "is known about each image, or `tfds:NAME`."
)
_TARGETS = (
    "Of a CSV, once a column: `age=regression`, `tags=multilabel`, `id=ignore`, also `binary`, "
    "`multiclass`; `weather=sun,rain`: these columns of 0 and 1 as labels of one target; "
    "names only: learn no other columns."
)
_WEIGHTS = (
    "`imagenet`, a file, `hf://...`, or `none`: from scratch (`auto`: if none are published)."
)
_EPOCHS = "At most; `30,10`: for head and later stages."
_RATE = "`3e-3`, or `3e-3,1e-4`: for head and later stages."
_UNFREEZE = "After the head: `auto`, `head`, `last`, `all` or a number of stages."
_AUGMENT = (
    "Change images by these only: `shift,rotate,zoom` (without `flip`) where "
    "left and right differ (default: all)."
)
_DUPLICATE = "The same image in two splits: `error`, `drop` or `keep`."
_CLASS_WEIGHTS = "`balanced`: rare classes count as much as others."
_HUMAN = "Error of people on such images, 0 to 1, for the diagnosis."


def fine_tune(
    data: Annotated[str, Argument(help=_DATA)],
    model: Annotated[str, Option(help="A name from `dlzoo models`.")],
    out: Annotated[Path, Option(help="Folder for model, report and pictures.")],
    targets: Annotated[list[str] | None, Option("--target", help=_TARGETS)] = None,
    weights: Annotated[str, Option(help=_WEIGHTS)] = "auto",
    epochs: Annotated[str | None, Option(help=_EPOCHS)] = None,
    batch_size: Annotated[int, Option(help="Images a step.")] = 32,
    learning_rate: Annotated[str | None, Option(help=_RATE)] = None,
    image_size: Annotated[int | None, Option(help="Side in pixels.")] = None,
    unfreeze: Annotated[str, Option(help=_UNFREEZE)] = "auto",
    augment: Annotated[str | None, Option(help=_AUGMENT)] = None,
    no_augment: Annotated[bool, Option("--no-augment", help="No changes.")] = False,
    optimizer: Annotated[str, Option(help="`adamw` or `sgd`.")] = "adamw",
    label_smoothing: Annotated[float, Option(help="0 to 1.")] = 0.0,
    class_weights: Annotated[str | None, Option(help=_CLASS_WEIGHTS)] = None,
    patience: Annotated[int, Option(help="Epochs without progress.")] = 10,
    human_error: Annotated[float | None, Option(help=_HUMAN)] = None,
    mixed_bfloat16: Annotated[bool, Option("--mixed-bfloat16", help="Half the bits.")] = False,
    seed: Annotated[int, Option(help="Same seed, same result.")] = 0,
    on_bad_image: Annotated[str, Option(help="`error` or `skip`.")] = "error",
    on_duplicate: Annotated[str, Option(help=_DUPLICATE)] = "error",
    fresh: Annotated[bool, Option("--fresh", help="Forget an earlier run.")] = False,
    json: Annotated[bool, Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Fine-tune a network on your images. Interrupted, the same command continues."""
    names = None if augment is None else [name.strip() for name in augment.split(",")]
    changed: dict[str, Any] = {
        "targets": targets_option(targets),
        "weights": None if weights.lower() == "none" else weights,
        "optimizer": optimizer,
        "epochs": numbers_option(epochs, int),
        "learning_rate": numbers_option(learning_rate, float),
        "unfreeze": int(unfreeze) if unfreeze.isdecimal() else unfreeze,
        "augment": False if no_augment else True if names is None else names,
    }
    import dlzoo

    tuned = dlzoo.fine_tune(
        model,
        data,
        out=out,
        batch_size=batch_size,
        image_size=image_size,
        label_smoothing=label_smoothing,
        class_weights=class_weights,
        patience=patience,
        human_error=human_error,
        mixed_bfloat16=mixed_bfloat16,
        seed=seed,
        on_bad_image=on_bad_image,
        on_duplicate=on_duplicate,
        fresh=fresh,
        **changed,
    )
    if json:
        print_json(tuned.report.to_dict())
    else:
        typer.echo(str(tuned))
