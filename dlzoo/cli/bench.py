"""`dlzoo bench`: how fast a network answers here, by each engine."""

from typing import Annotated

import typer
from typer import Argument, Option

from dlzoo.cli.output import print_json, print_table


def bench(
    model: Annotated[
        str,
        Argument(
            help="A name from `dlzoo models`, a run folder, a `.keras` file, or the folder of "
            "an exported network."
        ),
    ],
    batch: Annotated[
        list[int] | None, Option(help="Images a call; may be given several times.")
    ] = None,
    engine: Annotated[
        list[str] | None,
        Option(help="Instead of all that are installed; may be given several times."),
    ] = None,
    precision: Annotated[
        list[str] | None, Option(help="`float32`, `bfloat16`, `int8`; several times.")
    ] = None,
    rounds: Annotated[int, Option(help="Turns of each engine, 0.1 s each.")] = 10,
    image_size: Annotated[
        int | None, Option(help="Side in pixels, for a network that takes any.")
    ] = None,
    calibration: Annotated[str | None, Option(help="Folder of images, for int8.")] = None,
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure latency and images a second beside Keras's `predict`."""
    import dlzoo

    found = dlzoo.bench(
        model,
        engines=engine,
        precisions=precision or ("float32",),
        batch_sizes=batch or (1, 8),
        rounds=rounds,
        image_size=image_size,
        calibration=calibration,
    )
    if json:
        print_json(found.to_dict())
        return
    print_table(found.HEAD, found.rows(), right=(0, 3, 4, 5, 6))
    for line in found.notes():
        typer.echo(line)
