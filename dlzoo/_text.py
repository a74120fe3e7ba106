"""Tables as plain text."""

from collections.abc import Collection, Sequence


def columns(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """Rows of words as aligned columns, those numbered in `right` to the right.

    Example:
        >>> print(columns([("name", "n"), ("resnet50", "25")], right=[1]))
        name       n
        resnet50  25
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            word.rjust(width) if number in right else word.ljust(width)
            for number, (word, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)
