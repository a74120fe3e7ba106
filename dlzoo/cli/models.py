"""`dlzoo models`: what is in the zoo."""

from typing import Annotated, Any

import typer

from dlzoo.cli.output import print_json, print_table

LONG = ("name", "origin", "parameters", "GMACs", "top-1", "top-5", "input", "year")


def models(
    pattern: Annotated[
        str, typer.Argument(help="Names with `*` and `?`, e.g. `resnet*`.")
    ] = "*",
    task: Annotated[str | None, typer.Option(help="Only networks for this task.")] = None,
    long: Annotated[
        bool, typer.Option("--long", help="A line an origin, with accuracy and year.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the networks: size, work, published weights."""
    import dlzoo

    cards = [dlzoo.card(name) for name in dlzoo.list_models(pattern, task)]
    if not cards:
        raise ValueError(f"no network is called {pattern!r}; `dlzoo models` lists all.")
    if json:
        print_json([_facts(card) for card in cards])
        return
    if long:
        lines = [_line(card, origin) for card in cards for origin in card.origins]
        print_table(LONG, lines, right=range(2, 8))
        return
    head = ("name", "task", "parameters", "GMACs", "input", "weights")
    print_table(head, [_row(card) for card in cards], right=(2, 3, 4))


def _facts(card: Any) -> dict[str, Any]:
    return {
        "name": card.name,
        "task": card.task,
        "parameters": card.parameters[card.default_origin],
        "gmacs": card.gmacs,
        "input_size": card.input_size,
        "weights": list(card.weights_names),
    }


def _row(card: Any) -> tuple[str, ...]:
    return (
        card.name,
        card.task,
        f"{card.parameters[card.default_origin] / 1e6:.2f} M",
        f"{card.gmacs:.2f}" if card.gmacs >= 0.01 else f"{card.gmacs:.1g}",
        str(card.input_size),
        ", ".join(card.weights_names) or "none",
    )


def _line(card: Any, origin: str) -> tuple[str, ...]:
    """What is published of one network under one origin, accuracy of its first weights."""
    weights = next((each for each in card.weights if each.origin == origin), None)
    top = (weights.top1, weights.top5) if weights else (None, None)
    gmacs = card.gmacs_of(origin)
    return (
        card.name,
        origin,
        f"{card.parameters[origin] / 1e6:.2f} M",
        (f"{gmacs:.2f}" if gmacs >= 0.1 else f"{gmacs:.1g}") if gmacs else "-",
        *("-" if value is None else f"{value:.1f}" for value in top),
        str(card.input_size),
        str(card.year),
    )
