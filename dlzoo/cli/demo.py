"""`dlzoo demo`: the whole way on real data that needs no network, in two minutes."""

from pathlib import Path
from typing import Annotated, Any

import typer

# A network from scratch on digits of 8 x 8 pixels: small, shown often, never mirrored.
_SETTINGS: dict[str, Any] = {
    "image_size": 32,
    "batch_size": 64,
    "epochs": 8,
    "learning_rate": 2e-3,
    "augment": ["shift", "rotate", "zoom"],
}
_SHOWN = 3


def demo(
    out: Annotated[
        Path, typer.Option(help="Folder for the images, the model and its report.")
    ] = Path("dlzoo-demo"),
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Train again, even if it was done.")
    ] = False,
) -> None:
    """Train a classifier of handwritten digits and show what comes out.

    The images are scikit-learn's 1,797 real digits, written as a folder with a folder for
    each class; then the steps are those for your own folder.
    """
    import dlzoo

    images = dlzoo.data.write_digits(out / "images")
    run = out / "run"
    typer.echo(f"Real images: {images}, a folder for each class. Training resnet18:")
    tuned = dlzoo.fine_tune("resnet18", images, out=run, weights=None, fresh=fresh, **_SETTINGS)
    typer.echo(f"{tuned}\n")
    digits = [images / str(digit) for digit in range(_SHOWN)]
    some = [sorted(folder.glob("*.png"))[0] for folder in digits]
    for prediction in dlzoo.predict(run, some, top=2):
        typer.echo(str(prediction))
    typer.echo(
        f"\nLook at {run / 'report.txt'} and the pictures beside it:\n"
        f"  learning_curves.png, confusion_matrix.png, mistakes.png\n"
        f"With your own images:\n"
        f"  dlzoo fine-tune FOLDER --model mobilenet_v2 --out RUN\n"
        f"  dlzoo predict RUN IMAGE..."
    )
