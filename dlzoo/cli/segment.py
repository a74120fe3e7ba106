"""`dlzoo segment`: masks, overlays and areas of images."""

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from dlzoo.cli.options import several_option
from dlzoo.cli.output import free_name, print_json


def segment(
    model: Annotated[
        Path, Argument(help="Folder that `dlzoo fine-tune` wrote, or a .keras file.")
    ],
    images: Annotated[
        list[str], Argument(help="Files, folders (with all below), patterns like `'*.jpg'`.")
    ],
    out: Annotated[
        Path, Option(help="Folder for masks, overlays, `areas.csv` and `areas.json`.")
    ] = Path("segmented"),
    scale: Annotated[float | None, Option(help="Side of a pixel, for areas.")] = None,
    unit: Annotated[str, Option(help="Of that side, e.g. `mm`.")] = "px",
    tile: Annotated[int, Option(help="Side of the window that is predicted at once.")] = 512,
    overlap: Annotated[int, Option(help="How far windows look beyond what is kept.")] = 64,
    batch_size: Annotated[int, Option(help="Windows at once.")] = 4,
    flip: Annotated[bool, Option(help="Average with the mirror image's scores.")] = False,
    ratios: Annotated[
        str, Option(help="Sizes whose scores are averaged, e.g. `0.75,1,1.25`.")
    ] = "1",
    overlays: Annotated[bool, Option(help="Write overlays, too.")] = True,
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Give each pixel a class: indexed PNGs, overlays, areas. Images may have any size."""
    from dlzoo._files import atomic_path, write_json
    from dlzoo.data import read_image
    from dlzoo.segmentation import segment as segment_images

    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    for one in segment_images(
        model,
        images,
        tile=tile,
        overlap=overlap,
        batch_size=batch_size,
        flip=flip,
        ratios=several_option(ratios, float),
        scale=scale,
        unit=unit,
    ):
        name = free_name(Path(one.source).stem, taken)
        one.save_mask(out / f"{name}_mask.png")
        if overlays:
            one.save_overlay(out / f"{name}_overlay.png", read_image(one.source))
        found.append(one.to_dict() | {"mask": f"{name}_mask.png"})
        if not json:
            typer.echo(str(one))
    write_json(out / "areas.json", found)
    with atomic_path(out / "areas.csv") as temporary:
        temporary.write_text(_table(found), encoding="utf-8")
    if json:
        print_json(found)
    else:
        typer.echo(f"Masks and areas are in {out}")


def _table(found: list[dict[str, Any]]) -> str:
    """A line an image and class."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(("source", "label", "pixels", "fraction", "area", "unit"))
    for one in found:
        for part in one["classes"]:
            cells = (part[k] for k in ("label", "pixels", "fraction", "area"))
            rows.writerow((one["source"], *cells, one["unit"]))
    return lines.getvalue()
