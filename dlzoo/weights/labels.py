"""Names of the classes that published weights answer with."""

from functools import cache
from importlib.resources import files

from dlzoo._checks import check_choice

_FILES = {
    "imagenet": "imagenet_labels.txt",
    "tiny_imagenet": "tiny_imagenet_labels.txt",
}


@cache
def labels(name: str = "imagenet") -> tuple[str, ...]:
    """Class names in the order of a network's outputs; each occurs once.

    Of ImageNet's two cranes and two maillots, one each has a longer name: "crane" lifts,
    "crane bird" flies; "maillot", "maillot tank suit".

    Example:
        >>> labels("imagenet")[207]
        'golden retriever'
    """
    check_choice("labels", "name", name, _FILES)
    text = files("dlzoo.weights").joinpath(_FILES[name]).read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))
