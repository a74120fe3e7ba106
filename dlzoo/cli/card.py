"""`dlzoo card`: what is published about one network."""

from typing import Annotated

import typer

from dlzoo.cli.output import print_json


def card(
    name: Annotated[str, typer.Argument(help="A name from `dlzoo models`.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a network's card: paper, size, weights with accuracy, address and licence."""
    import dlzoo

    found = dlzoo.card(name)
    if json:
        print_json(found.to_dict())
    else:
        typer.echo(str(found))
