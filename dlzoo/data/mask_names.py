"""Files that say what masks hold: a list of classes, or a palette of colours."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlzoo.data.mask_codes import MaskCode, make_code
from dlzoo.errors import DataError

# Where they are looked for, in the folder of the data: names as data sets have them.
PALETTE_FILES = ("palette.csv", "palette.txt", "class_dict.csv", "label_colors.txt")
CLASS_FILES = ("classes.txt", "labels.txt")

_NUMBERS_FIRST = re.compile(r"(\d+)[,;\s]+(\d+)[,;\s]+(\d+)[,;\s]+(.+)")
_NAME_FIRST = re.compile(r"(.+?)[,;\s]+(\d+)[,;\s]+(\d+)[,;\s]+(\d+)[,;\s]*")
_NAME_VALUE = re.compile(r"(.+?)\s*[,;\t]\s*(\d+)")


def read_palette(path: str | os.PathLike) -> dict[str, tuple[int, int, int]]:
    """Name to colour, from lines `name,r,g,b` or `r g b name`; a header may come first.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "palette.csv"
        >>> _ = path.write_text("name,r,g,b\\nroad,128,64,128\\nside walk,244,35,232\\n")
        >>> read_palette(path)["side walk"]
        (244, 35, 232)
    """
    colours: dict[str, tuple[int, int, int]] = {}
    for number, line in _lines(path):
        if found := _NUMBERS_FIRST.fullmatch(line):
            *parts, name = found.groups()
        elif found := _NAME_FIRST.fullmatch(line):
            name, *parts = found.groups()
        elif not colours and number == 1:
            continue  # the header
        else:
            raise DataError(
                f"{path}, line {number}: a line of a palette is 'name,r,g,b'; got {line!r}."
            )
        red, green, blue = (int(part) for part in parts)
        _add(path, number, colours, name, (red, green, blue))
    return colours


def read_class_names(path: str | os.PathLike) -> dict[str, int]:
    """Name to value, from lines `name` (numbered from 0) or `name,value`."""
    values: dict[str, int] = {}
    for number, line in _lines(path):
        found = _NAME_VALUE.fullmatch(line)
        name, value = (found[1], int(found[2])) if found else (line, len(values))
        _add(path, number, values, name, value)
    return values


def code_of(classes: Any, palette: Any, void: Any, folder: Path | None) -> MaskCode | None:
    """The code that the arguments say, or files in `folder`; None if nothing says it."""
    if palette is None and classes is None and folder is not None:
        palette = _first(folder, PALETTE_FILES)
        classes = None if palette else _first(folder, CLASS_FILES)
    if palette is not None:
        if classes is not None:
            raise ValueError(
                "open_masks: pass classes or palette, not both: a palette names the "
                f"classes; got classes={classes!r} and palette={palette!r}."
            )
        named = palette if isinstance(palette, Mapping) else read_palette(palette)
        return make_code(named, void, colours=True)
    if classes is None:
        return None
    return make_code(_name_values(classes), void, colours=False)


def _name_values(classes):
    if isinstance(classes, Mapping):
        return classes
    if isinstance(classes, str | os.PathLike):
        return read_class_names(classes)
    if not isinstance(classes, Sequence) or not all(isinstance(n, str) for n in classes):
        raise ValueError(
            f"open_masks: classes must be names in the order of their numbers, a dict from "
            f"name to value, or the path of a file of names; got {classes!r}."
        )
    if len(set(classes)) != len(classes):
        raise ValueError(f"open_masks: each class must be named once; got {classes!r}.")
    return {name: number for number, name in enumerate(classes)}


def _first(folder, names):
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _lines(path):
    """Numbered lines that say something."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a text file ({error}).") from error
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            yield number, line


def _add(path, number, known, name, value):
    name = name.strip().strip("\"'")
    if name in known:
        raise DataError(f"{path}, line {number}: the class {name!r} is there twice.")
    known[name] = value
