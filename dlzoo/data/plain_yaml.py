"""The little of YAML that descriptions of data sets use, without another package."""

import json
from pathlib import Path
from typing import Any

from dlzoo.errors import DataError


def read_plain_yaml(path: Path) -> dict[str, Any]:
    """Read names, texts, and lists and tables of texts.

    What is nested deeper is left out: nothing in it says where images are.

    Raises:
        DataError: It cannot be read, or a line is something else; the message has its number.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "data.yaml"
        >>> _ = path.write_text("train: images/train  # 128\\nnames:\\n  0: cat\\n  1: 'a dog'")
        >>> read_plain_yaml(path)
        {'train': 'images/train', 'names': {'0': 'cat', '1': 'a dog'}}
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a text file ({error}).") from error
    content: dict[str, Any] = {}
    key = ""  # of the latest line that begins at the margin
    open_list = ""  # a list in brackets may go over several lines
    for number, line in enumerate(lines, 1):
        line = _without_comment(line)
        if not line.strip() or line.strip() in ("---", "..."):
            continue
        if open_list:
            open_list += line.strip()
        elif line[0] not in " \t-":
            key, colon, value = line.partition(":")
            key = key.strip()
            if not colon:
                raise DataError(
                    f"{path}, line {number}: a line is 'name: value'; got {line.strip()!r}."
                )
            if not value.strip().startswith(("[", "{")):
                content[key] = _plain(value)
                continue
            open_list = value.strip()
        elif key:
            _add(content, key, line.strip())
        if open_list and open_list[-1] in "]}":
            content[key] = _bracketed(path, number, open_list)
            open_list = ""
    if open_list:
        raise DataError(f"{path}: the list of {key!r} does not end.")
    return content


def _add(content, key, line):
    """One entry of a list or table below `key`."""
    if line.startswith("-"):
        content[key] = content[key] if isinstance(content[key], list) else []
        content[key].append(_plain(line[1:]))
        return
    name, colon, value = line.partition(":")
    if colon:
        content[key] = content[key] if isinstance(content[key], dict) else {}
        content[key][_plain(name)] = _plain(value)


def _bracketed(path, number, text):
    """`[a, 'b']` or `{0: a}`."""
    inner = text[1:-1].strip().rstrip(",")
    parts = _parted(inner) if inner else []
    if text[0] == "[" and text[-1] == "]":
        return [_plain(part) for part in parts]
    pairs = [part.partition(":") for part in parts]
    if text[0] != "{" or text[-1] != "}" or not all(colon for _, colon, _ in pairs):
        raise DataError(f"{path}, line {number}: this list cannot be read: {text[:60]!r}.")
    return {_plain(name): _plain(value) for name, _, value in pairs}


def _parted(text):
    """Divided at commas that are not inside of quotes."""
    parts, quote = [""], ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == ",":
            parts.append("")
            continue
        parts[-1] += sign
    return parts


def _plain(text):
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return json.loads(text)
        except ValueError:
            return text[1:-1]
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text


def _without_comment(line):
    """The line before ` #`, outside of quotes."""
    quote = ""
    for place, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"" and (not place or line[place - 1] in " [,{:\t-"):
            quote = sign
        elif sign == "#" and (not place or line[place - 1] in " \t"):
            return line[:place]
    return line
