"""People and their embeddings on disk: enrol, find, list, remove.

Distances are squared Euclidean between unit vectors: 0 (alike) to 4 (opposite), 2 - 2 cos.
"""

import difflib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from dlzoo._checks import check_positive_int
from dlzoo.errors import DataError
from dlzoo.faces.gallery_index import LEAST, build, nearest
from dlzoo.faces.gallery_table import FacesTable, MadeBy
from dlzoo.faces.people import Match, Person, check_name, unit_vectors

_SAME = 1e-6  # distances that differ by less are equal


class Gallery:
    """Embeddings of people, in a folder (LanceDB; extra `faces`).

    What is enrolled is there once the call returns, whatever happens to the process then;
    what was interrupted is not there at all. Several processes may read and write at once.
    A removed person is gone from every file of the folder (copies and backups are yours).

    Args:
        folder: Where the gallery is, or will be with the first enrolment.
        made_by: What makes the embeddings: `Embedder.made_by`. None for a gallery that is
            there: whatever made it.

    Raises:
        DataError: Another network or preprocessing made what is in the folder, or there is
            nothing and `made_by` is None.
        dlzoo.errors.MissingExtraError: LanceDB is not installed.

    Example:
        >>> import tempfile
        >>> gallery = Gallery(tempfile.mkdtemp(), MadeBy("example", "0123", dimensions=2))
        >>> gallery.enrol("Ann Lee", [[0.6, 0.8], [1, 0]])
        >>> gallery.enrol("Joe Doe", [0, 1])
        >>> print(gallery.search([0, 1])[0].name, [p.images for p in gallery.people()])
        Joe Doe [2, 1]
        >>> gallery.remove("Joe Doe")
        1
    """

    def __init__(self, folder: str | os.PathLike, made_by: MadeBy | None = None):
        self.folder = Path(folder).expanduser()
        self._table = FacesTable(self.folder)
        found = self._table.made_by() or made_by
        if found is None:
            raise DataError(f"{self.folder}: there is no gallery in this folder.")
        self.made_by: MadeBy = found
        if made_by is not None:
            self.check(made_by)

    def check(self, made_by: MadeBy) -> None:
        """Raise `DataError` unless embeddings of `made_by` can be compared with these."""
        ours = self.made_by
        if (made_by.fingerprint, made_by.dimensions) != (ours.fingerprint, ours.dimensions):
            raise DataError(
                f"{self.folder}: embeddings must come from {ours}, because that made those of "
                f"this gallery, and distances between two networks or two ways of preparing "
                f"images mean nothing; got {made_by}. Use the former, or enrol everybody anew "
                f"in another folder."
            )

    def enrol(
        self,
        name: str,
        vectors: Any,
        sources: Sequence[str] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Add embeddings of a person, or put them in the place of all that were there.

        Args:
            name: Of the person: any text, kept as it is. One that is there gets more images.
            vectors: Embeddings of unit length, `(images, dimensions)` or `(dimensions,)`.
            sources: Where each came from, e.g. paths; kept with it.
            replace: The person's former embeddings go, as by `remove`.

        Raises:
            ValueError: The name is empty, or the vectors do not fit.
        """
        names = [name] * len(np.atleast_2d(np.asarray(vectors, np.float32)))
        self.enrol_many(names, vectors, sources, replace=name if replace else None)

    def enrol_many(
        self,
        names: Sequence[str],
        vectors: Any,
        sources: Sequence[str] | None = None,
        *,
        replace: str | None = None,
    ) -> None:
        """Add embeddings of many people in one commit.

        Args:
            names: `(images,)`, of the person on each.
            vectors, sources: As in `enrol`.
            replace: A person whose former embeddings go.
        """
        for name in set(names):
            check_name("enrol", name)
        vectors = unit_vectors("enrol", vectors, self.made_by.dimensions)
        sources = [""] * len(vectors) if sources is None else [str(s) for s in sources]
        if not len(vectors) == len(names) == len(sources) > 0:
            raise ValueError(
                f"enrol: there must be a name and a source for each embedding; got "
                f"{len(names)} names, {len(sources)} sources, {len(vectors)} embeddings."
            )
        with self._writing():
            times = [datetime.now(UTC)] * len(vectors)
            rows = self._table.rows(list(names), sources, times, vectors)
            if replace is None:
                self._table.append(rows)
            else:
                self._table.rewrite(replace, rows)

    def remove(self, name: str) -> int:
        """Remove a person wholly; return how many embeddings that were.

        No file of the folder holds one any more, which takes writing all others anew:
        seconds in a gallery of a million. An index goes, too; build it again if needed.

        Raises:
            DataError: Nobody is called so.
        """
        with self._writing():
            count = self._count(name)
            if not count:
                raise DataError(f"{self.folder}: {self._nobody(name)}")
            self._table.rewrite(name)
        return count

    def people(self) -> tuple[Person, ...]:
        """Everybody, by name."""
        if self._table.table() is None:
            return ()
        rows = self._table.read(lambda t: t.search().select(["name", "added"]).to_arrow())
        found = rows.group_by("name").aggregate([("added", "count"), ("added", "min")])
        each = (found[column].to_pylist() for column in ("name", "added_count", "added_min"))
        return tuple(Person(*row) for row in sorted(zip(*each, strict=True)))

    def search(
        self, vector: Any, most: int = 1, *, exact: bool | None = None
    ) -> tuple[Match, ...]:
        """The people nearest to an embedding, the nearest first.

        Args:
            vector: `(dimensions,)`, of unit length.
            most: So many people at most.
            exact: Compare with all. None: unless there is an index.
        """
        check_positive_int("search", "most", most)
        (vector,) = unit_vectors("search", vector, self.made_by.dimensions)
        if self._table.table() is None:
            return ()
        indexed = not exact and self.indexed() is not None
        wanted = 1 if most == 1 else 4 * most
        while True:
            rows = self._nearest(vector, wanted, indexed)
            found: dict[str, Match] = {}
            for row in rows:
                match = Match(row["name"], max(0.0, row["_distance"]), row["source"])
                found.setdefault(match.name, match)
            if len(found) >= most or len(rows) < wanted:
                return tuple(found.values())[:most]
            wanted *= 4  # one person has many images

    def build_index(self) -> None:
        """Make searching quicker at the price of sometimes missing the nearest.

        Worth it from some 100,000 embeddings; `recall` measures the price. What is enrolled
        later is found all the same, and gets into the index by building it again.

        Raises:
            DataError: There are fewer than 256 embeddings.
        """
        with self._writing():
            if len(self) < LEAST:
                raise DataError(
                    f"{self.folder}: there must be at least {LEAST} embeddings for an index, "
                    f"because it divides them into groups; got {len(self)}. Exact search "
                    f"needs none."
                )
            build(self._table.table())

    def indexed(self) -> int | None:
        """How many embeddings are in the index; None: there is none."""
        found = self._table.read(lambda t: [i.num_indexed_rows for i in t.list_indices()])
        return found[0] if found else None

    def recall(self, vectors: Any) -> float:
        """How often search by the index finds one as near as exact search does."""
        vectors = unit_vectors("recall", vectors, self.made_by.dimensions)
        exact, found = (
            np.array([self.search(vector, exact=how)[0].distance for vector in vectors])
            for how in (True, False)
        )
        return float((found <= exact + _SAME).mean())

    def __len__(self) -> int:
        """How many embeddings there are."""
        return 0 if self._table.table() is None else self._table.read(lambda t: t.count_rows())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and len(self) > 0 and self._count(name) > 0

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Alone, with a table that is of our network."""
        with self._table.writing():
            found = self._table.made_by()
            if found is None:
                self._table.create(self.made_by)
            elif found != self.made_by:  # another process was first
                ours, self.made_by = self.made_by, found
                self.check(ours)
            yield

    def _nearest(self, vector, count, indexed):
        return self._table.read(lambda table: nearest(table, vector, count, indexed))

    def _count(self, name):
        filtered = self._table.is_(name)
        return self._table.read(
            lambda t: t.search().where(filtered).select(["name"]).to_arrow().num_rows
        )

    def _nobody(self, name):
        close = difflib.get_close_matches(str(name), [p.name for p in self.people()])
        hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
        return f"nobody is enrolled as {name!r}.{hint}"
