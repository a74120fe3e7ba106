"""The card of a network as text."""

from typing import TYPE_CHECKING

from dlzoo._text import columns

if TYPE_CHECKING:
    from dlzoo.weights.facts import Card, Weights


def describe(card: "Card") -> str:
    """What `print(card)` shows."""
    parameters = ", ".join(
        f"{card.parameters[origin]:,} (origin {origin})" for origin in card.origins
    )
    if card.classes is not None:
        parameters = f"{parameters}, for {card.classes} classes"
    facts = [
        ("parameters", parameters),
        ("work", f"{card.gmacs:g} G multiply-adds at {card.input_size} px"),
        ("smallest input", f"{card.minimum_size} px"),
    ]
    head = [("weights", "origin", "for", "top-1", "top-5", "MiB", "licence")]
    table = head + [_row(weights) for weights in card.weights]
    parts = [
        f"{card.name} ({card.task})\n{card.title}, {card.year}, {card.paper}",
        columns(facts),
    ]
    if card.weights:
        parts += [columns(table, right=(3, 4, 5)), "\n".join(map(_source, card.weights))]
    else:
        parts += ["No weights are published: it trains from scratch."]
    return "\n\n".join(parts)


def _row(weights: "Weights") -> tuple[str, ...]:
    options = ", ".join(f"{key}={value}" for key, value in weights.options.items())
    numbers = [
        "-" if number is None else f"{number:.1f}"
        for number in (weights.top1, weights.top5, weights.megabytes)
    ]
    return weights.name, weights.origin, options or "-", *numbers, weights.licence


def _source(weights: "Weights") -> str:
    hash_ = f"  {weights.hash}" if weights.hash else ""
    note = f"\n  {weights.note}" if weights.note else ""
    return f"{weights}\n  {weights.url}{hash_}\n  {weights.preprocessing}{note}"
