"""`dlzoo detect`: pictures with boxes, and what was found, of images and films."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from dlzoo.cli.output import free_name, print_json


def detect(
    model: Annotated[
        Path, Argument(help="Folder that `dlzoo fine-tune` wrote, or a .keras file.")
    ],
    images: Annotated[
        list[str],
        Argument(help="Files, folders (with all below), patterns like `'*.jpg'`; films."),
    ],
    out: Annotated[
        Path, Option(help="Folder for pictures and `detections.json` (COCO's form).")
    ] = Path("detected"),
    threshold: Annotated[float, Option(help="Lowest score, 0 to 1.")] = 0.25,
    batch_size: Annotated[int, Option(help="Images at once.")] = 8,
    pictures: Annotated[bool, Option(help="Write pictures with boxes, too.")] = True,
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find objects: pictures with boxes, and JSON as COCO has it. Films frame by frame."""
    from dlzoo._files import write_json
    from dlzoo.data import read_image
    from dlzoo.detection import detect as detect_images
    from dlzoo.detection import detect_film, to_coco
    from dlzoo.detection.films import is_film
    from dlzoo.layers.saved_model import open_model

    detector = open_model(model)
    options: dict[str, Any] = {"threshold": threshold, "batch_size": batch_size}
    still = [image for image in images if not is_film(image)]
    found = []
    taken: set[str] = set()
    for one in detect_images(detector, still, **options) if still else ():
        found.append(one)
        if pictures:
            name = free_name(Path(one.source).stem, taken)
            one.save_picture(out / f"{name}.png", read_image(one.source))
        if not json:
            typer.echo(str(one))
    for film in filter(is_film, images):
        name = free_name(Path(film).stem, taken)
        target = out / f"{name}.mp4" if pictures else None
        frames = detect_film(detector, film, target, **options)
        found += frames
        if not json:
            objects = sum(map(len, frames))
            typer.echo(f"{film}: {len(frames)} frames, {objects} objects")
    write_json(out / "detections.json", to_coco(found))
    if json:
        print_json([one.to_dict() for one in found])
    else:
        typer.echo(f"What was found is in {out}")
