"""The catalog, a SQLite file: the only truth about documents, passages and vectors.

Chroma and tantivy are derived from it. `Store` rows say which generation of the catalog each of
them holds and whether a write to it was cut short.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import RLock

import numpy as np
import numpy.typing as npt

from qa import __version__
from qa.errors import DamagedError, StoreError
from qa.models import Vectors
from qa.sketches import WORD, Packed, is_name
from qa.types import DateOrigin, Document, Filters, Passage

SCHEMA_VERSION = 5
_SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, published TEXT, text TEXT NOT NULL,
    sha256 TEXT NOT NULL, body INTEGER NOT NULL, scheme TEXT NOT NULL,
    pages TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE sources (
    file TEXT NOT NULL, ordinal INTEGER NOT NULL, document_id TEXT NOT NULL,
    source TEXT NOT NULL, file_sha256 TEXT NOT NULL, published_from TEXT,
    PRIMARY KEY (file, ordinal)
);
CREATE INDEX sources_document ON sources (document_id);
CREATE TABLE passages (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, sha TEXT NOT NULL
);
CREATE INDEX passages_document ON passages (document_id, ordinal);
CREATE TABLE vectors (
    embedder TEXT NOT NULL, sha TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (embedder, sha)
);
CREATE TABLE stores (
    name TEXT PRIMARY KEY, folder TEXT NOT NULL, generation INTEGER NOT NULL, dirty INTEGER NOT NULL
);
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO meta VALUES ('generation', 0);
"""
# What brings an older catalog to the next version. Version 2 keeps where pages begin, version 3
# where dates come from; so files are read again by the next `qa index`, which embeds nothing twice.
# Version 4 keeps vectors in a table with row ids: 2.3 kB each, not 4.8, in half the time. Version 5
# leaves tokens to be counted where a model is to read them.
_STEPS = {
    1: """
ALTER TABLE documents ADD COLUMN pages TEXT NOT NULL DEFAULT '[]';
UPDATE sources SET file_sha256 = '';
""",
    2: """
ALTER TABLE sources ADD COLUMN published_from TEXT;
UPDATE sources SET file_sha256 = '';
""",
    3: """
ALTER TABLE vectors RENAME TO vectors_3;
CREATE TABLE vectors (
    embedder TEXT NOT NULL, sha TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (embedder, sha)
);
INSERT INTO vectors SELECT embedder, sha, vector FROM vectors_3;
DROP TABLE vectors_3;
""",
    4: """
ALTER TABLE passages DROP COLUMN tokens;
""",
}
# As JSON: the source and the origin of the date for each file that holds the document.
_DOCUMENT = """
SELECT id, title, published, text, sha256, body, pages,
       (SELECT json_group_array(json_array(source, published_from)) FROM sources s
        WHERE s.document_id = d.id)
FROM documents d
"""
# What a passage needs of its document.
_QUOTED = """
SELECT id, title, published, text, pages,
       (SELECT min(source) FROM sources s WHERE s.document_id = d.id)
FROM documents d
"""
_PASSAGE = 'SELECT document_id, id, start, "end", sha FROM passages'
_LOCKED = 30  # seconds that another process may take with the file
_AT_ONCE = 500  # values in one statement; an old SQLite takes 999


@dataclass(frozen=True, slots=True)
class Store:
    """State of a derived index: its folder (on a server its collection), the generation it holds,
    and whether a write to it has begun and not ended."""

    folder: str
    generation: int
    dirty: bool


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage and the hash of the text that is embedded and searched for it."""

    passage: Passage
    sha: str


class Catalog:
    """One connection, shared by threads behind a lock. Writers hold the home folder's lock."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file, and brings one of an older version up to date. Raises
        StoreError when it cannot be read or is newer, DamagedError when it is damaged."""
        self._lock = RLock()
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_LOCKED, check_same_thread=False, isolation_level=None
            )
            # Of a new file: a vector has 1.5 kB, and takes 2.1 in pages of 4 kB, which cost up to
            # twice the time.
            self._connection.execute("PRAGMA page_size=8192")
            self._log_ahead()
            version = self._one("PRAGMA user_version")
            if version < SCHEMA_VERSION:
                with self.transaction():
                    version = self._one("PRAGMA user_version")  # another process may have been here
                    if version < SCHEMA_VERSION:
                        self._bring_up_to_date(version)
        except (OSError, sqlite3.Error) as error:
            if _is_damage(error):
                self._connection.close()
                raise DamagedError(
                    f"{path} is damaged ({error}): run `qa doctor --repair`, or give another "
                    "folder with --home"
                ) from None
            raise StoreError(
                f"{path.parent} cannot be used as the index folder ({error}): "
                "give another one with --home or QA_HOME"
            ) from None
        if version > SCHEMA_VERSION:
            needed = self._rows("SELECT value FROM meta WHERE name = 'written by'")
            self._connection.close()
            raise StoreError(
                f"{path} was written by a newer version (schema {version}, this one reads "
                f"{SCHEMA_VERSION}): update to {needed[0][0] if needed else 'the newest qa'} or "
                "newer, or give another folder with --home"
            )

    def _log_ahead(self) -> None:
        """Readers and a writer beside each other. While another process does the same to a new
        file, SQLite says at once that it is locked, whatever the timeout."""
        given_up = time.monotonic() + _LOCKED
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > given_up:
                    raise
            time.sleep(0.01)

    def _bring_up_to_date(self, version: int) -> None:
        scripts = [_STEPS[v] for v in range(version, SCHEMA_VERSION)] if version else [_SCHEMA]
        for statement in filter(str.strip, ";".join(scripts).split(";")):
            self._connection.execute(statement)
        # Which version can read it; with a word, since the column turns "1.0" into a number.
        self._connection.execute(
            "INSERT OR REPLACE INTO meta VALUES ('written by', ?)", (f"qa {__version__}",)
        )
        self._connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def close(self) -> None:
        """Closes the connection."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commits at the end, rolls back on any exception.

        Raises StoreError when SQLite cannot write, on a full disk for one.
        """
        with self._between("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read inside is of one moment, whatever other processes write meanwhile; inside
        a transaction, of that one."""
        with self._lock:
            if self._connection.in_transaction:
                yield
            else:
                with self._between("BEGIN"):
                    yield

    @contextmanager
    def _between(self, begin: str) -> Iterator[None]:
        with self._lock, self._translated():
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                # SQLite has already rolled back by itself after some errors.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if _is_damage(error):
                raise DamagedError(
                    f"the catalog is damaged ({error}): run `qa doctor --repair`"
                ) from error
            raise StoreError(
                f"the catalog cannot be read or written ({error}): check the disk and its space, "
                "then run `qa doctor`"
            ) from error

    def _rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock, self._translated():
            return self._connection.execute(sql, values).fetchall()

    def _rows_of(self, sql: str, some: Sequence[str], *values: object) -> list[tuple[object, ...]]:
        """Rows of a statement that ends in IN, for at most `_AT_ONCE` values."""
        return self._rows(f"{sql} ({','.join('?' * len(some))})", *values, *some)

    def _one(self, sql: str, *values: object) -> int:
        ((value,),) = self._rows(sql, *values)
        assert isinstance(value, int)
        return value

    # --- state -------------------------------------------------------------------------------

    def generation(self) -> int:
        """Grows by one with each committed change of documents."""
        return self._one("SELECT value FROM meta WHERE name = 'generation'")

    def advance(self) -> None:
        """Begins the next generation; called inside the transaction that changes documents."""
        with self._lock:
            self._connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'generation'")

    def identity(self) -> str:
        """Names this catalog and no other: a number drawn once, and the file's own, which a copy
        does not share."""
        drawn = "SELECT value FROM meta WHERE name = 'home'"
        if not self._rows(drawn):
            with self.transaction():
                self._connection.execute(
                    "INSERT OR IGNORE INTO meta VALUES ('home', ?)", (secrets.randbits(63),)
                )
        return f"{self._one(drawn):016x}-{self.path.stat().st_ino:x}"

    def store(self, name: str) -> Store | None:
        """State of the derived index of that name, None before it was first built."""
        rows = self._rows("SELECT folder, generation, dirty FROM stores WHERE name = ?", name)
        return Store(str(rows[0][0]), int(str(rows[0][1])), bool(rows[0][2])) if rows else None

    def mark(self, name: str, store: Store) -> None:
        """Records the state of a derived index."""
        with self.transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO stores VALUES (?, ?, ?, ?)",
                (name, store.folder, store.generation, store.dirty),
            )

    # --- documents ---------------------------------------------------------------------------

    def documents(self) -> list[Document]:
        """Every document, newest first and undated ones last; a document that several files hold
        is listed once, under the first of their names."""
        rows = self._rows(f"{_DOCUMENT} ORDER BY published IS NULL, published DESC, title, id")
        return [_document(row) for row in rows]

    def document(self, document_id: str) -> Document | None:
        """One document, or None."""
        rows = self._rows(f"{_DOCUMENT} WHERE id = ?", document_id)
        return _document(rows[0]) if rows else None

    def hashes(self, document_ids: Iterable[str]) -> dict[str, str]:
        """The SHA-256 of the text of each of these documents that exists, by id."""
        sql = "SELECT id, sha256 FROM documents WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._rows(sql, json.dumps(sorted(set(document_ids))))
        return {str(identity): str(sha) for identity, sha in rows}

    def allowed(self, filters: Filters) -> frozenset[str]:
        """The ids of the documents that filters allow."""
        sql, values = "SELECT id FROM documents WHERE 1", list[str]()
        for day, comparison in ((filters.since, ">="), (filters.until, "<=")):
            if day:
                sql += f" AND published {comparison} ?"
                values.append(day.isoformat())
        if filters.sources:
            # Whole steps of a path, so that "reports" is not found in "old-reports".
            one = "instr('/' || replace(source, '#', '/') || '/', '/' || ? || '/')"
            of = " OR ".join([one] * len(filters.sources))
            sql += f" AND id IN (SELECT document_id FROM sources WHERE {of})"
            values += [source.strip("/").replace("#", "/") for source in filters.sources]
        return frozenset(str(i) for (i,) in self._rows(sql, *values))

    def counts(self) -> tuple[int, int]:
        """Number of documents and of passages."""
        return self._one("SELECT count(*) FROM documents"), self._one(
            "SELECT count(*) FROM passages"
        )

    def passage_counts(self) -> dict[str, int]:
        """The number of passages of each document that has any, by its id."""
        rows = self._rows("SELECT document_id, count(*) FROM passages GROUP BY document_id")
        return {str(document): int(str(n)) for document, n in rows}

    def schemes(self) -> dict[str, str]:
        """How each document was split, by its id."""
        return {str(i): str(scheme) for i, scheme in self._rows("SELECT id, scheme FROM documents")}

    def files(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """For each file that was indexed: the sha256 of its bytes and its documents' ids."""
        files = dict[str, tuple[str, list[str]]]()
        for file, sha, document_id in self._rows(
            "SELECT file, file_sha256, document_id FROM sources ORDER BY file, ordinal"
        ):
            files.setdefault(str(file), (str(sha), []))[1].append(str(document_id))
        return {file: (sha, tuple(ids)) for file, (sha, ids) in files.items()}

    def put_document(
        self, document: Document, scheme: str, passages: Sequence[StoredPassage]
    ) -> None:
        """Stores a document whole, in place of what was stored under its id."""
        with self._lock:
            execute = self._connection.execute
            execute("DELETE FROM passages WHERE document_id = ?", (document.id,))
            published = document.published.isoformat() if document.published else None
            execute(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document.id,
                    document.title,
                    published,
                    document.text,
                    document.sha256,
                    document.body,
                    scheme,
                    json.dumps(document.pages),
                ),
            )
            self._connection.executemany(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (p.id, p.document_id, ordinal, p.start, p.end, stored.sha)
                    for ordinal, stored in enumerate(passages)
                    for p in (stored.passage,)
                ],
            )

    def put_file(self, file: str, sha256: str, documents: Sequence[Document]) -> set[str]:
        """Records that `file` holds `documents`, in place of what it held before: the ids of those
        are returned for `drop_orphans`."""
        with self._lock:
            before = self.remove_files([file])
            self._connection.executemany(
                "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (file, n, d.id, d.source, sha256, d.published_from)
                    for n, d in enumerate(documents)
                ],
            )
            return before

    def remove_files(self, files: Iterable[str]) -> set[str]:
        """Forgets files; the documents they held, whose ids are returned, stay until
        `drop_orphans`."""
        held = set[str]()
        with self._lock:
            for file in files:
                rows = self._rows("SELECT document_id FROM sources WHERE file = ?", file)
                held.update(str(i) for (i,) in rows)
                self._connection.execute("DELETE FROM sources WHERE file = ?", (file,))
        return held

    def remove_document(self, document_id: str) -> None:
        """Forgets every file's claim to a document; it goes with `drop_orphans`."""
        with self._lock:
            self._connection.execute("DELETE FROM sources WHERE document_id = ?", (document_id,))

    def drop_orphans(self, document_ids: Iterable[str]) -> set[str]:
        """Removes those of these documents that no file holds any more, with their passages; gives
        their ids. The vectors that only they needed stay until `drop_unused_vectors`."""
        gone = set[str]()
        with self._lock:
            for i in document_ids:
                if not self._rows("SELECT 1 FROM sources WHERE document_id = ? LIMIT 1", i):
                    self._connection.execute("DELETE FROM passages WHERE document_id = ?", (i,))
                    self._connection.execute("DELETE FROM documents WHERE id = ?", (i,))
                    gone.add(i)
        return gone

    def drop_unused_vectors(self) -> None:
        """Removes vectors that no passage needs. It looks at every key, so once a run and not with
        each document."""
        with self._lock:
            self._connection.execute(
                "DELETE FROM vectors WHERE sha NOT IN (SELECT sha FROM passages)"
            )

    # --- passages and vectors ----------------------------------------------------------------

    def passage_ids(self) -> list[str]:
        """The id of every passage."""
        return [str(i) for (i,) in self._rows("SELECT id FROM passages ORDER BY rowid")]

    def passages(self, ids: Sequence[str]) -> dict[str, StoredPassage]:
        """The passages of these ids that exist, by id."""
        found = dict[str, StoredPassage]()
        for first in range(0, len(ids), _AT_ONCE):
            # One moment for both: between them a writer could replace a document.
            with self.snapshot():
                rows = self._rows_of(f"{_PASSAGE} WHERE id IN", ids[first : first + _AT_ONCE])
                # Each text is read once: cut out of it in SQL, 18,000 passages of one document of
                # 5 MB read it 18,000 times.
                among = sorted({str(row[0]) for row in rows})
                held = self._rows_of(f"{_QUOTED} WHERE id IN", among)
            documents = {str(document[0]): document for document in held}
            for row in rows:
                if document := documents.get(str(row[0])):
                    stored = _stored(document, row)
                    found[stored.passage.id] = stored
        return found

    def missing_vectors(self, embedder: str, shas: Sequence[str]) -> set[str]:
        """Which of these hashes have no vector of this embedder."""
        held = set[str]()
        for first in range(0, len(shas), _AT_ONCE):
            rows = self._rows_of(
                "SELECT sha FROM vectors WHERE embedder = ? AND sha IN",
                shas[first : first + _AT_ONCE],
                embedder,
            )
            held.update(str(sha) for (sha,) in rows)
        return set(shas) - held

    def without_vector(self, embedder: str) -> list[str]:
        """The id of every passage whose text has no vector of this embedder."""
        rows = self._rows(
            "SELECT id FROM passages WHERE sha NOT IN"
            " (SELECT sha FROM vectors WHERE embedder = ?) ORDER BY rowid",
            embedder,
        )
        return [str(i) for (i,) in rows]

    def put_vectors(
        self, embedder: str, shas: Sequence[str], vectors: Iterable[npt.NDArray[np.generic]]
    ) -> None:
        """Stores one vector, or sketch, a hash, at once."""
        with self.transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(embedder, sha, v.tobytes()) for sha, v in zip(shas, vectors, strict=True)],
            )

    def sketches(self, name: str, passages: Sequence[str]) -> dict[str, Packed]:
        """The sketches of that name which these passages have, by passage id."""
        marks = ",".join("?" * len(passages))
        rows = self._rows(
            "SELECT p.id, v.vector FROM passages p JOIN vectors v ON v.sha = p.sha"
            f" WHERE v.embedder = ? AND p.id IN ({marks})",
            name,
            *passages,
        )
        return {
            str(i): np.frombuffer(blob, np.uint8) for i, blob in rows if isinstance(blob, bytes)
        }

    def passage_vectors(
        self, embedder: str, documents: Collection[str] | None = None
    ) -> tuple[list[str], Vectors]:
        """The id of every passage, or of those of some documents, and their vectors, shape
        (passages, dimensions).

        Raises StoreError when one is missing.
        """
        those, values = "", [embedder]
        if documents is not None:
            those = " WHERE p.document_id IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(sorted(documents)))
        rows = self._rows(
            "SELECT p.id, v.vector FROM passages p LEFT JOIN vectors v"
            f" ON v.embedder = ? AND v.sha = p.sha{those} ORDER BY p.rowid",
            *values,
        )
        blobs = [vector for _, vector in rows if isinstance(vector, bytes)]
        if len(blobs) < len(rows):
            raise _missing(embedder)
        flat = np.frombuffer(b"".join(blobs), np.float32)
        return [str(i) for i, _ in rows], flat.reshape(len(rows), -1) if rows else flat

    def vectors(self, embedder: str, shas: Sequence[str]) -> Vectors:
        """Vectors, float32, shape (len(shas), dimensions), in the order of `shas`.

        Raises StoreError when one is missing.
        """
        found = dict[str, bytes]()
        for first in range(0, len(shas), _AT_ONCE):
            for sha, vector in self._rows_of(
                "SELECT sha, vector FROM vectors WHERE embedder = ? AND sha IN",
                shas[first : first + _AT_ONCE],
                embedder,
            ):
                assert isinstance(vector, bytes)
                found[str(sha)] = vector
        try:
            rows = [np.frombuffer(found[sha], np.float32) for sha in shas]
        except KeyError:
            raise _missing(embedder) from None
        return np.stack(rows) if rows else np.zeros((0, 0), np.float32)

    def vectors_after(self, row: int, embedder: str, most: int) -> tuple[int, list[str], Vectors]:
        """Ids and vectors of up to `most` passages that were stored after the one of that row, in
        that order, and the row of the last; those that have no vector are passed over."""
        rows = self._rows(
            "SELECT p.rowid, p.id, v.vector FROM passages p JOIN vectors v"
            " ON v.embedder = ? AND v.sha = p.sha WHERE p.rowid > ? ORDER BY p.rowid LIMIT ?",
            embedder,
            row,
            most,
        )
        vectors = [np.frombuffer(v, np.float32) for _, _, v in rows if isinstance(v, bytes)]
        if not rows:
            return row, [], np.zeros((0, 0), np.float32)
        return int(str(rows[-1][0])), [str(i) for _, i, _ in rows], np.stack(vectors)

    # --- check-up ----------------------------------------------------------------------------

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file, in its words; of that much, the beginning."""
        try:
            found = [str(row) for (row,) in self._rows("PRAGMA integrity_check(20)")]
        except DamagedError as error:
            return [str(error.__cause__)]
        return [] if found == ["ok"] else found

    def reindex(self) -> None:
        """Builds the file's own indexes anew; raises DamagedError when the rows are damaged."""
        try:
            with self.transaction():
                self._connection.execute("REINDEX")
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):  # two rows with one key
                raise DamagedError(str(error)) from error
            raise

    def passages_of(self, document_id: str) -> list[StoredPassage]:
        """The passages of a document, in order."""
        with self.snapshot():
            documents = self._rows(f"{_QUOTED} WHERE id = ?", document_id)
            rows = self._rows(f"{_PASSAGE} WHERE document_id = ? ORDER BY ordinal", document_id)
        return [_stored(document, row) for document in documents for row in rows]

    def sources(self, document_id: str) -> list[str]:
        """Every source of a document, also of one that cannot be read."""
        rows = self._rows("SELECT source FROM sources WHERE document_id = ?", document_id)
        return sorted({str(source) for (source,) in rows})

    def strays(self) -> int:
        """Rows that belong to nothing: documents of no file, passages and files of no document."""
        return sum(self._one(f"SELECT count(*) FROM {t} WHERE {test}") for t, test in _STRAY)

    def drop_strays(self) -> None:
        """Removes them."""
        with self._lock:
            for table, test in _STRAY:
                self._connection.execute(f"DELETE FROM {table} WHERE {test}")

    def unusable_vectors(self) -> list[tuple[str, str]]:
        """Embedder and hash of each vector that is of another size than most, or not of numbers,
        and of each sketch that is not of whole words."""
        sizes = dict[object, object]()
        for embedder, size in self._rows(
            "SELECT embedder, length(CAST(vector AS BLOB)) FROM vectors"
            " GROUP BY 1, 2 ORDER BY count(*)"
        ):
            sizes[embedder] = size  # the last is the most frequent
        with self._lock, self._translated():
            # Cast, since a value that turned into text would be decoded.
            rows = self._connection.execute(
                "SELECT embedder, sha, CAST(vector AS BLOB) FROM vectors"
            )
            return [
                (str(embedder), str(sha))
                for embedder, sha, vector in rows
                if (
                    len(vector) % WORD
                    if is_name(str(embedder))
                    else len(vector) != sizes[embedder]
                    or len(vector) % 4
                    or not np.isfinite(np.frombuffer(vector, np.float32)).all()
                )
            ]

    def drop_vectors(self, vectors: Iterable[tuple[str, str]]) -> None:
        """Removes vectors, each named by its embedder and hash."""
        with self._lock:
            self._connection.executemany(
                "DELETE FROM vectors WHERE embedder = ? AND sha = ?", list(vectors)
            )

    def salvage(self, damaged: Path) -> None:
        """Takes over the rows of a damaged catalog that can be read: those before the first damaged
        page of a table, and those after the last. What they say has to be checked."""
        source = sqlite3.connect(damaged)
        source.text_factory = lambda text: text.decode("utf-8", "replace")
        with closing(source), self.transaction():
            for table, key in _SALVAGED:
                for way in ("ASC", "DESC"):
                    with suppress(sqlite3.Error):
                        rows = source.execute(
                            f"SELECT * FROM {table} ORDER BY {key.format(way)} {way}"
                        )
                        names = ", ".join(f'"{column[0]}"' for column in rows.description)
                        marks = ", ".join("?" * len(rows.description))
                        into = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"
                        for row in rows:
                            self._connection.execute(into, row)


_STRAY = (
    ("sources", "document_id NOT IN (SELECT id FROM documents)"),
    ("documents", "id NOT IN (SELECT document_id FROM sources)"),
    ("passages", "document_id NOT IN (SELECT id FROM documents)"),
)
_SALVAGED = (
    ("documents", "rowid"),
    ("sources", "rowid"),
    ("passages", "rowid"),
    ("vectors", "embedder {0}, sha"),
)


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says which kind
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _missing(embedder: str) -> StoreError:
    return StoreError(f"vectors of {embedder} are missing: run `qa index` on the folder again")


def _document(row: tuple[object, ...]) -> Document:
    identity, title, published, text, sha, body, pages, held = row
    origins = dict[str, DateOrigin | None](json.loads(str(held)))
    source, *others = sorted(origins) or [""]
    return Document(
        str(identity),
        source,
        str(title),
        _day(published),
        str(text),
        str(sha),
        int(str(body)),
        tuple(json.loads(str(pages))),
        origins.get(source),
        tuple(others),
    )


def _stored(document: tuple[object, ...], row: tuple[object, ...]) -> StoredPassage:
    identity, title, published, text, pages, source = document
    _, passage, start, end, sha = map(str, row)
    quoted = Passage(
        id=passage,
        document_id=str(identity),
        title=str(title),
        published=_day(published),
        source=str(source or ""),
        text=str(text)[int(start) : int(end)],
        start=int(start),
        end=int(end),
        pages=() if pages == "[]" else tuple(json.loads(str(pages))),
    )
    return StoredPassage(quoted, sha)


def _day(value: object) -> date | None:
    return date.fromisoformat(str(value)) if value else None
