"""What `dlzoo verify` and the verbs of `dlzoo faces` share."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

_MODEL = "A name from `dlzoo models --task faces`, a `.keras` file, or a run's folder."
_WEIGHTS = "Of a network by its name: a file, or a name on its card (default: the first)."
_DETECTOR = "MTCNN's weights that find the faces: `wider_face` (fetched once), or a file."
_ALIGNMENT = (
    "`landmarks`, `box`, `none`: pictures are faces in place; `auto`: as the network learnt."
)
_THRESHOLD = "Distance up to which it is the same person, 0 to 4; see `dlzoo faces evaluate`."
_FACE = "Of several in a picture: `only`: an error; `largest`: take that."
_MIN_SIZE = "Side of the smallest faces that are looked for, in pixels."

Model = Annotated[str, Option("--model", "-m", help=_MODEL)]
Weights = Annotated[str | None, Option(help=_WEIGHTS)]
Detector = Annotated[str, Option(help=_DETECTOR)]
Alignment = Annotated[str, Option(help=_ALIGNMENT)]
Threshold = Annotated[float | None, Option(help=_THRESHOLD)]
Which = Annotated[str, Option("--face", help=_FACE)]
MinSize = Annotated[float, Option(help=_MIN_SIZE)]
GalleryFolder = Annotated[Path, Option("--gallery", "-g", help="Folder of the gallery.")]
AsJson = Annotated[bool, Option("--json", help="Print JSON.")]
Picture = Annotated[Path | None, Option(help="File for a picture of the answer.")]

MODEL = "facenet"  # its weights are published; those of the others are files
GALLERY = Path("gallery")


def open_embedder(
    model: str, weights: str | None, detector: str, alignment: str, min_size: float = 40
) -> Any:
    """An `Embedder`, after the options were looked at."""
    if alignment not in ("auto", "landmarks", "box", "none"):
        raise typer.BadParameter(
            f"--alignment: auto, landmarks, box or none; got {alignment!r}."
        )
    from dlzoo.faces import Embedder

    return Embedder(model, weights, detector=detector, alignment=alignment, min_size=min_size)
