"""`dlzoo visualize`: what a network looks for, and where it looked."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from dlzoo.cli.options import channels_option
from dlzoo.cli.pictures import label_number, open_model, picture_paths

_MODEL = "A name from `dlzoo models`, a `.keras` file, or a folder of `dlzoo fine-tune`."
_IMAGES = "Files, folders (with all below), patterns like `'*.jpg'`."
_WEIGHTS = "Of a network by name: `imagenet`, a file, `hf://...` (default: its first)."
_SCALING = "Of a `.keras` file without: `imagenet`, `inception`, `caffe`, or `included`."
_LAYER = "Name or path of a layer (see `dlzoo profile --depth 2`); default: the last map."
_CHANNELS = "`8`: so many, the most selective; `3,14,15`: these (`3,`: this one)."
_RULE = (
    "How ReLUs pass the projection: `deconvnet`, `guided`, `gradient`; `auto`: deconvnet "
    "where there is max pooling."
)
_CLASS = "Its number or its name; default: the one that the model answers."
_OUT = "Folder for the pictures."

Model = Annotated[str, Argument(help=_MODEL)]
Images = Annotated[list[str], Argument(help=_IMAGES)]
Weights = Annotated[str | None, Option(help=_WEIGHTS)]
Scaling = Annotated[str | None, Option("--preprocessing", help=_SCALING)]
Out = Annotated[Path, Option(help=_OUT)]


def patches(
    model: Model,
    images: Images,
    layer: Annotated[list[str] | None, Option(help=f"{_LAYER} Also several times.")] = None,
    channels: Annotated[str, Option(help=_CHANNELS)] = "8",
    count: Annotated[int, Option(help="Patches for each channel.")] = 9,
    rule: Annotated[str, Option(help=_RULE)] = "auto",
    weights: Weights = None,
    preprocessing: Scaling = None,
    batch_size: Annotated[int, Option(help="Images at once.")] = 32,
    out: Out = Path("visualize"),
) -> None:
    """Draw the image patches that most excite channels, and what in them did."""
    wanted = channels_option(channels)
    network = open_model(model, weights, preprocessing)
    from dlzoo import visualize

    for each in layer or (None,):
        found = visualize.top_patches(
            network, images, each, wanted, count, rule=rule, batch_size=batch_size
        )
        (path,) = picture_paths(out, [f"patches_{found.layer}"])
        visualize.save_figure(visualize.show_patches(found), path)
        typer.echo(f"{path}: {found.layer}, receptive field {found.field}")


def cam(
    model: Model,
    images: Images,
    class_: Annotated[str | None, Option("--class", help=_CLASS)] = None,
    layer: Annotated[str | None, Option(help=_LAYER)] = None,
    weights: Weights = None,
    preprocessing: Scaling = None,
    out: Out = Path("visualize"),
) -> None:
    """Draw where a classifier looked (Grad-CAM), a picture an image."""
    network = open_model(model, weights, preprocessing, whole=True)
    from dlzoo import visualize
    from dlzoo._progress import track
    from dlzoo.data import read_image
    from dlzoo.data.sources import image_sources
    from dlzoo.visualize.receptive import input_shape

    names, sources = image_sources("visualize cam", images)
    label = None if class_ is None else label_number(class_, network)
    height, width, _ = input_shape(network)
    paths = picture_paths(out, [f"cam_{Path(name).stem}" for name in names])
    for path, source in track(list(zip(paths, sources, strict=True)), "Looking"):
        figure = visualize.show_cam(network, read_image(source, (height, width)), label, layer)
        visualize.save_figure(figure, path)
        typer.echo(f"{path}: {figure.get_suptitle()}")


def filters(model: Model, weights: Weights = None, out: Out = Path("visualize")) -> None:
    """Draw the kernels of the first convolution."""
    network = open_model(model, weights, "included")
    from dlzoo import visualize

    (path,) = picture_paths(out, ["filters"])
    figure = visualize.filters(network)
    visualize.save_figure(figure, path)
    typer.echo(f"{path}: {figure.get_suptitle()}")


visualize = (
    "Draw what a network looks for, and where it looked.",
    {"patches": patches, "cam": cam, "filters": filters},
)
