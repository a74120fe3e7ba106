"""`dlzoo profile`: what one network takes, a layer at a time."""

from typing import Annotated

import typer

from dlzoo.cli.output import print_json


def profile(
    name: Annotated[str, typer.Argument(help="A name from `dlzoo models`.")],
    size: Annotated[
        int | None,
        typer.Option(help="Side of the image in pixels, instead of the published one."),
    ] = None,
    classes: Annotated[
        int | None, typer.Option(help="Of the head, instead of the published ones; 0: none.")
    ] = None,
    origin: Annotated[
        str | None, typer.Option(help="Whose conventions to follow, e.g. `torch`.")
    ] = None,
    depth: Annotated[int, typer.Option(help="How far to look inside layers.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count parameters, multiply-adds and activation memory for one image."""
    import dlzoo

    options = {} if classes is None else {"classes": classes}
    shape = None if size is None else (size, size, dlzoo.card(name).channels)
    model = dlzoo.create_model(name, input_shape=shape, origin=origin, **options)
    found = dlzoo.profile(model)
    if json:
        print_json(found.to_dict())
    else:
        typer.echo(found.table(depth))
