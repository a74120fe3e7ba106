"""The networks by name."""

import difflib
import fnmatch

from dlzoo._checks import check_choice
from dlzoo.weights.cards import CARDS
from dlzoo.weights.facts import Card

_BY_NAME = {row.name: row for row in CARDS}


def list_models(pattern: str = "*", task: str | None = None) -> list[str]:
    """Names of the networks, sorted.

    Args:
        pattern: With `*` and `?`, as file names have them.
        task: Only networks for this task.

    Example:
        >>> list_models("resnet1*")
        ['resnet101', 'resnet152', 'resnet18']
    """
    if task is not None:
        check_choice("list_models", "task", task, {row.task for row in CARDS})
    return sorted(
        row.name
        for row in CARDS
        if fnmatch.fnmatchcase(row.name, pattern) and task in (None, row.task)
    )


def card(name: str) -> Card:
    """What is published about a network: size, accuracy, sources of weights.

    Example:
        >>> card("mobilenet_v2").parameters["keras"]
        3504872
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    close = difflib.get_close_matches(str(name), _BY_NAME)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "there are: "
    rest = "" if close else ", ".join(sorted(_BY_NAME)) + "."
    raise ValueError(f"no network is called {name!r}; {hint}{rest}")
