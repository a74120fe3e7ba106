"""`dlzoo export`: a network for other programs, compared with Keras."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from dlzoo.cli.output import print_json
from dlzoo.cli.pictures import open_model

_IMAGES = (
    "Files, folders (with all below), patterns like `'*.jpg'`; may be given several times."
)


def export(
    model: Annotated[
        str, Argument(help="A name from `dlzoo models`, a run folder, or a `.keras` file.")
    ],
    out: Annotated[Path, Argument(help="New folder, or that of an earlier export.")],
    format: Annotated[
        str, Option(help="`openvino`, `onnx`, `litert`, `saved_model`, `torch` or `jax`.")
    ] = "openvino",
    precision: Annotated[
        str, Option(help="`float32`, `bfloat16` (openvino), `int8` (the first three).")
    ] = "float32",
    calibration: Annotated[
        list[str] | None,
        Option(help=f"For int8: 10 to 300 images like those to come. {_IMAGES}"),
    ] = None,
    evaluate: Annotated[
        str | None,
        Option(help="For int8: folder of class folders, on which both are counted."),
    ] = None,
    images: Annotated[
        list[str] | None, Option(help=f"To compare the answers on. {_IMAGES}")
    ] = None,
    weights: Annotated[
        str | None,
        Option(
            help="Of a network by name: `imagenet`, a file, `hf://...` (default: its first)."
        ),
    ] = None,
    preprocessing: Annotated[
        str | None,
        Option(help="Of a `.keras` file without: `imagenet`, `inception`, `caffe`."),
    ] = None,
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a network for OpenVINO, ONNX Runtime, LiteRT ..., run it again, compare it.

    Preprocessing is inside: it takes RGB of 0 to 255. A mismatch is an error and leaves
    nothing. int8 is a quarter of the size; size, latency and accuracy before and after are
    printed.
    """
    import dlzoo
    from dlzoo import weights as published
    from dlzoo._checks import check_choice
    from dlzoo.exporting import FORMATS

    check_choice("export", "format", format, FORMATS)  # before a network is downloaded
    exported = dlzoo.export(
        open_model(model, weights, preprocessing),
        out,
        format,
        precision=precision,
        preprocessing=getattr(published, str(preprocessing).upper(), preprocessing),
        images=images,
        calibration=calibration,
        evaluate=evaluate,
    )
    if json:
        print_json(exported.to_dict())
    else:
        typer.echo(str(exported))
