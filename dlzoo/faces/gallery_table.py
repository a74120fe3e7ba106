"""The table of a gallery on disk: LanceDB, one writer at a time, nothing left behind.

What Lance deletes stays in its files: `delete` marks rows, and compaction rewrites a file only
once a tenth of it is marked (lancedb 0.40). So people are removed by writing the table anew
without them, in one commit, and dropping every older version and index.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from dlzoo._checks import require
from dlzoo._lock import locked
from dlzoo.errors import DataError

NAME, LOCK, UNFINISHED = "faces", ".lock", ".unfinished"
_HEADER = b"dlzoo_gallery"
_FORMAT = 1
_ROWS = 10_000  # in memory at once while the table is written anew
_TIDY = 64  # commits after which small files become large ones
_ATTEMPTS = 4  # of a reader under whom old files are removed


@dataclass(frozen=True)
class MadeBy:
    """What made the embeddings of a gallery.

    Attributes:
        network: A name for people.
        fingerprint: Of architecture, weights, preprocessing and alignment.
        dimensions: Numbers in an embedding.
    """

    network: str
    fingerprint: str
    dimensions: int

    def __str__(self) -> str:
        return (
            f"{self.network} (fingerprint {self.fingerprint[:12]}, {self.dimensions} numbers)"
        )


class FacesTable:
    """Reads and writes; knows names and vectors, but not what is near."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._lancedb = require("lancedb", extra="faces", purpose="A gallery of faces")
        self._open: Any = None

    def made_by(self) -> MadeBy | None:
        """What made the embeddings, None if there is no table yet."""
        table = self.table()
        if table is None:
            return None
        header = json.loads((table.schema.metadata or {}).get(_HEADER, b"{}"))
        if header.pop("format", None) != _FORMAT:
            raise DataError(
                f"{self.folder}: the table {NAME!r} in this folder is not a gallery of this "
                f"version of dlzoo."
            )
        return MadeBy(**header)

    def table(self) -> Any:
        """LanceDB's table as it is now; None if there is none."""
        if self._open is None and (self.folder / f"{NAME}.lance").is_dir():
            with suppress(ValueError):  # its folder is there, but its first commit is not
                self._open = self._base.open_table(NAME)
        return self._open

    def read(self, look: Callable[[Any], Any]) -> Any:
        """What `look` finds in the table, though old files may vanish under it."""
        for attempt in range(1, _ATTEMPTS + 1):
            table = self.table()
            if table is None:
                raise DataError(f"{self.folder}: there is no gallery in this folder.")
            try:
                return look(table)
            except (RuntimeError, OSError):
                if attempt == _ATTEMPTS:
                    raise

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One process at a time; what one left that died is swept up first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / LOCK):
            mark = self.folder / UNFINISHED
            if mark.exists() and (table := self.table()) is not None:
                _forget_the_past(table)
            mark.touch()
            yield
            mark.unlink()

    def create(self, made_by: MadeBy) -> None:
        """An empty table, in `writing`."""
        self._base.create_table(NAME, schema=_schema(made_by))

    def append(self, rows: Any) -> None:
        """Add rows in one commit, in `writing`."""
        table = self.table()
        table.add(rows)
        if table.version % _TIDY == 0:
            table.optimize(cleanup_older_than=timedelta(hours=1))

    def rewrite(self, without: str, rows: Any = None) -> None:
        """Write the table anew, in `writing`, without the rows of a name, and with new ones.

        One commit; then older versions and the index, which holds copies, are deleted.
        """
        table = self.table()
        kept = table.search().where(self.is_not(without)).select(table.schema.names)
        parts = [kept.to_batches(_ROWS), [] if rows is None else rows.to_batches()]
        data = self._arrow.RecordBatchReader.from_batches(table.schema, chain(*parts))
        self._base.create_table(NAME, data=data, schema=table.schema, mode="overwrite")
        _forget_the_past(table)

    def rows(self, names: Any, sources: Any, times: Any, vectors: Any) -> Any:
        """An Arrow table."""
        schema = self.table().schema
        vectors = self._arrow.FixedSizeListArray.from_arrays(
            self._arrow.array(vectors.ravel()), vectors.shape[1]
        )
        return self._arrow.table([names, sources, times, vectors], schema=schema)

    def is_(self, name: str) -> Any:
        """A filter; an expression, not text, so that a name can hold anything."""
        return self._expressions.col("name") == self._expressions.lit(name)

    def is_not(self, name: str) -> Any:
        """The opposite."""
        return self._expressions.col("name") != self._expressions.lit(name)

    @cached_property
    def _base(self):
        # Zero: each reading looks whether another process has written.
        return self._lancedb.connect(self.folder, read_consistency_interval=timedelta(0))

    @cached_property
    def _arrow(self):
        return require("pyarrow", extra="faces", purpose="A gallery of faces")

    @cached_property
    def _expressions(self):
        return require("lancedb.expr", extra="faces", purpose="A gallery of faces")


def _schema(made_by):
    arrow = require("pyarrow", extra="faces", purpose="A gallery of faces")
    header = json.dumps({"format": _FORMAT} | asdict(made_by))
    return arrow.schema(
        [
            arrow.field("name", arrow.string(), nullable=False),
            arrow.field("source", arrow.string(), nullable=False),
            arrow.field("added", arrow.timestamp("us", "UTC"), nullable=False),
            arrow.field("vector", arrow.list_(arrow.float32(), made_by.dimensions)),
        ],
        metadata={_HEADER: header.encode()},
    )


def _forget_the_past(table):
    """Delete the files of all versions but the last, and of writings that did not end.

    Only the holder of the lock may: nobody else is writing.
    """
    with warnings.catch_warnings():  # about readers of older versions; `read` looks again
        warnings.simplefilter("ignore", UserWarning)
        table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)
