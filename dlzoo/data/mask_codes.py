"""What the values of a mask file mean: class numbers, grey levels or colours."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dlzoo.errors import DataError

VOID = 255  # the class number of pixels that count for nothing, as in Pascal VOC's files
UNKNOWN = 254  # in between: a value that means no class
MAX_CLASSES = 254

_VOID_NAMES = ("void", "unlabelled", "unlabeled", "ignore")
_BINARY = ("background", "foreground")
_MANY = 64  # different values in masks without names that speak for a picture, not labels


@dataclass(frozen=True)
class MaskCode:
    """From the values in mask files to class numbers.

    Attributes:
        classes: Names; a class number is an index into them.
        values: The value of each class: a grey level, an index, or a colour packed by
            `pack`.
        void: Values that mean "do not count this pixel"; they become `VOID`.
        colours: Whether the files are colour-coded.

    Example:
        >>> code = MaskCode(("background", "cell"), (0, 255))
        >>> code.numbers(np.array([[0, 255]], "uint8"))
        array([[0, 1]], dtype=uint8)
    """

    classes: tuple[str, ...]
    values: tuple[int, ...]
    void: tuple[int, ...] = ()
    colours: bool = False

    def numbers(self, raw: np.ndarray) -> np.ndarray:
        """Raw values `(height, width)` to class numbers, `VOID` and `UNKNOWN` (`uint8`)."""
        if raw.dtype == np.uint8:
            return self._table[raw]
        keys, labels = self._sorted
        place = np.searchsorted(keys, raw).clip(max=len(keys) - 1)
        return np.where(keys[place] == raw, labels[place], np.uint8(UNKNOWN))

    def describe(self, value: int) -> str:
        """A raw value in words."""
        if not self.colours:
            return str(value)
        return f"({value >> 16}, {value >> 8 & 255}, {value & 255})"

    @cached_property
    def _sorted(self):
        keys = np.array((*self.values, *self.void), np.int64)
        labels = np.array((*range(len(self.values)), *[VOID] * len(self.void)), np.uint8)
        order = np.argsort(keys)
        return keys[order], labels[order]

    @cached_property
    def _table(self):
        table = np.full(256, UNKNOWN, np.uint8)
        keys, labels = self._sorted
        table[keys[keys < 256]] = labels[keys < 256]
        return table


def pack(rgb: np.ndarray) -> np.ndarray:
    """Colours `(..., 3)` as one number each, `0xRRGGBB`.

    Example:
        >>> hex(pack(np.array([1, 2, 255])))
        '0x102ff'
    """
    red, green, blue = np.moveaxis(np.asarray(rgb).astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def make_code(named: Mapping[str, Any], void: Any, *, colours: bool) -> MaskCode:
    """The code that a palette or a list of classes says.

    Args:
        named: Name to value: a grey level, or `(r, g, b)` with `colours`.
        void: A name in `named`, a value, several of them, or None: the names "void",
            "unlabelled" and "ignore", and, where no class has it, the grey level 255.
        colours: Whether the values are colours.
    """
    values = {name: _value(name, value, colours) for name, value in named.items()}
    doubles = sorted(n for n, v in values.items() if list(values.values()).count(v) > 1)
    if doubles:
        raise DataError(
            f"open_masks: each class must have a value of its own; {', '.join(doubles)} "
            f"share theirs."
        )
    ignored = _void_values(values, void, colours)
    classes = {name: value for name, value in values.items() if value not in ignored}
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise DataError(
            f"open_masks: there must be 2 to {MAX_CLASSES} classes besides void; got "
            f"{len(classes)}: {', '.join(classes)}."
        )
    return MaskCode(tuple(classes), tuple(classes.values()), ignored, colours)


def infer_code(found: Mapping[int, int], void: Any) -> MaskCode:
    """The code of grey or indexed masks that nothing is said about.

    0 and 255 (or 1) alone are background and foreground; else each value is the number of
    its class, named by it, up to the largest; 255 is void.

    Args:
        found: Value to how many masks have it.
        void: As in `make_code`.
    """
    ignored = _void_values({}, void, False)
    values = sorted(set(found) - set(ignored))
    if (void is None and set(found) <= {0, 255}) or set(values) <= {0, 1}:
        top = 255 if void is None and 255 in found and 1 not in found else 1
        void_too = tuple(v for v in ignored if v != top)
        return MaskCode(_BINARY, (0, top), void_too)
    if len(values) > _MANY:
        raise DataError(
            f"open_masks: the masks hold {len(values)} different values, {values[0]} to "
            f"{values[-1]}: are they pictures, or labels that were blurred or resized? "
            f"Masks hold one number a class. If they are right, pass classes=."
        )
    if values[-1] >= MAX_CLASSES or len(values) < (values[-1] + 1) / 2:
        raise DataError(
            f"open_masks: the masks hold the values {', '.join(map(str, values))}, which "
            f"do not look like class numbers 0, 1, 2 ... Say what they mean: "
            f'classes={{"name": {values[0]}, ...}}, and void= for those that do not count.'
        )
    return make_code({str(v): v for v in range(values[-1] + 1)}, void, colours=False)


def _value(name, value, colours):
    if not colours:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 65536:
            raise DataError(
                f"open_masks: the value of class {name!r} must be a whole number from 0 "
                f"to 65535; got {value!r}."
            )
        return value
    try:
        red, green, blue = (int(part) for part in value)
    except (TypeError, ValueError):
        red = -1
        green = blue = 0
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise DataError(
            f"open_masks: the colour of class {name!r} must be (red, green, blue), each 0 "
            f"to 255; got {value!r}."
        )
    return red << 16 | green << 8 | blue


def _void_values(values, void, colours):
    """The values that mean void, in order."""
    if void is None:
        named = [v for name, v in values.items() if name.lower() in _VOID_NAMES]
        spare = [] if colours or 255 in values.values() else [VOID]
        return tuple(dict.fromkeys(named + spare))
    several = isinstance(void, list | set | frozenset)
    ignored = []
    for item in void if several else [void]:
        if isinstance(item, str):
            if item not in values:
                raise DataError(
                    f"open_masks: void must be a class of the palette or list, or a value; "
                    f"there is no {item!r} among {', '.join(values) or 'no names'}."
                )
            ignored.append(values[item])
        else:
            ignored.append(_value("void", item, colours))
    return tuple(dict.fromkeys(ignored))
