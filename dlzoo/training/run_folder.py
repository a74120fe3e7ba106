"""The folder of a run: what was asked, how far it is, and what came out."""

import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from dlzoo._files import write_json
from dlzoo.errors import DataError

_MISSING = object()


class RunFolder:
    """A folder that belongs to one run with one configuration.

    `run.json` says what the run is and whether it has ended; `checkpoint.npz` and
    `cache/` are there while it has not.

    Args:
        path: Of the folder.
        own: Names of files that may be there before the run's record.
    """

    def __init__(self, path: str | os.PathLike, own: Collection[str] = ()):
        self.path = Path(path).expanduser()
        self.own = own
        self.checkpoint = self.path / "checkpoint.npz"
        self.cache = self.path / "cache"
        self.record = self.path / "run.json"

    def open(self, config: Mapping[str, Any], *, fresh: bool = False) -> bool:
        """Take the folder for a run with `config`; tell whether it has ended already.

        Args:
            config: Plain values, all that the result depends on.
            fresh: Forget what an earlier run left and start again.

        Raises:
            DataError: The folder belongs to a run with another configuration, or holds
                something else.
        """
        config = json.loads(json.dumps(config))
        record = self._read()
        if record is None:
            self._check_empty()
        elif fresh:
            self._clear()
        else:
            self._compare(record["config"], config)
            return record["status"] == "finished"
        write_json(self.record, {"status": "running", "config": config})
        return False

    def finish(self) -> None:
        """Note that the run has ended; remove what only served to resume it."""
        record = self._read()
        if record is None:
            raise DataError(f"{self.record}: the record of this run has disappeared.")
        write_json(self.record, record | {"status": "finished"})
        self._clear()

    def _read(self):
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
            return {"status": record["status"], "config": record["config"]}
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{self.record}: the record of a run cannot be read ({error}). Delete the "
                f"folder or name another."
            ) from error

    def _check_empty(self):
        if self.path.exists() and not self.path.is_dir():
            raise DataError(f"{self.path}: the results need a folder, this is a file.")
        names = [entry.name for entry in self.path.glob("*")]
        others = [name for name in names if name not in self.own]
        if others:
            raise DataError(
                f"{self.path}: this folder holds {len(others)} other files, e.g. "
                f"{sorted(others)[0]!r}. Name a new or empty folder for the results."
            )

    def _compare(self, old, new):
        old, new = _flat(old), _flat(new)
        changes = [
            f"  {key}: {_show(old, key)} there, {_show(new, key)} now"
            for key in sorted(old | new)
            if old.get(key, _MISSING) != new.get(key, _MISSING)
        ]
        if changes:
            raise DataError(
                "\n".join(
                    [
                        f"{self.path}: this folder belongs to a run with other settings:",
                        *changes,
                        "Name another folder, or start again in this one with fresh=True.",
                    ]
                )
            )

    def _clear(self):
        self.checkpoint.unlink(missing_ok=True)
        shutil.rmtree(self.cache, ignore_errors=True)


def _flat(config, prefix=""):
    """Nested dicts as one, keys joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _show(config, key):
    return repr(config[key]) if key in config else "nothing"
