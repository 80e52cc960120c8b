"""Nearest passages by vector, in Chroma. Derived from the catalog; the only chromadb import.

Chroma holds ids and vectors only: text, dates and titles are the catalog's. It runs in this
process on a folder, or as a server (`chroma run`) that has a URL. Measured on a folder with
chromadb 1.5.9: a process that is killed while it writes can destroy a collection, and a reader in
another process does not see new rows, and can damage what is being written. So a folder is written
to before the catalog names it and never after, and readers open the next one when the generation
has changed; on a server a write is bracketed by a mark, and what is marked is built anew.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copytree, ignore_patterns
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from qa.errors import StoreError, UnreachableError, unusable
from qa.models import Vectors

if TYPE_CHECKING:
    import httpx
    from chromadb import Collection
    from chromadb.api import ClientAPI

_SQLITE = "chroma.sqlite3"
CONNECT = 2.0  # seconds to wait for a server to take a connection
ANSWER = 5.0  # seconds to wait for it to answer a reader, who can do without
WRITE = 120.0  # the same for a writer, who cannot
_NUMBERS_A_CALL = 1_500_000  # of 22 bytes at worst, below the 40 MB that a server takes at once
_REST = 1.0  # seconds that readers leave a server alone that failed, or
_SHARE = 10  # so many times the time that it cost them, whichever is longer
# Candidates that a search of the HNSW graph keeps (Malkov and Yashunin 2016). Of 100,000 passages
# Chroma's own 100 finds 93 % of the true ten nearest, 200 finds 97, 400 finds 99, 800 finds 99.6
# (benchmarks/speed.py); 400 costs 0.4 ms more than 200.
_EF_SEARCH = 400
_OPEN = 100  # indexes that Chroma keeps in memory; a folder has one


class DenseIndex:
    """Ids and unit vectors, searched by cosine."""

    def __init__(self, place: "Path | OnServer") -> None:
        """Opens the index in a folder, which is created when it is not there, or on a server.

        Raises StoreError when Chroma cannot, UnreachableError when the server does not answer.
        """
        self._translated: Callable[[], AbstractContextManager[None]]
        if isinstance(place, Path):
            self._translated = partial(_in_folder, place)
            with self._translated():
                self._collection: Collection | _Local = _Local(place)
                self._rows_a_call = self._collection.rows_a_call
        else:
            self._translated = partial(place.server.asked, place.writing)
            with self._translated():
                client = place.server.client(place.writing)
                self._collection = (
                    client.get_or_create_collection(place.name, **SETTINGS)
                    if place.writing
                    else client.get_collection(place.name, embedding_function=None)
                )
                self._rows_a_call = client.get_max_batch_size()

    def close(self) -> None:
        """Lets go of the files, so that the next open sees what others have written."""
        if isinstance(self._collection, _Local):  # a server keeps its connections
            self._collection.close()

    def ids(self) -> set[str]:
        """The id of every vector held."""
        with self._translated():
            return set(self._collection.get(include=[])["ids"])

    def count(self) -> int:
        """Number of vectors held."""
        with self._translated():
            return self._collection.count()

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Adds rows; an id that is already held gets the new vector."""
        step = min(self._rows_a_call, _NUMBERS_A_CALL // max(1, vectors.shape[1]))
        for first in range(0, len(ids), step):
            rows = slice(first, first + step)
            with self._translated():
                self._collection.upsert(ids=list(ids[rows]), embeddings=vectors[rows])

    def remove(self, ids: Sequence[str]) -> None:
        """Removes rows."""
        for first in range(0, len(ids), self._rows_a_call):
            with self._translated():
                self._collection.delete(ids=list(ids[first : first + self._rows_a_call]))

    def search(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The `k` nearest ids with their cosines, best first."""
        with self._translated():
            found = self._collection.query(
                query_embeddings=vector[None, :], n_results=k, include=["distances"]
            )
        distances = found["distances"] or [[]]
        return [(i, 1.0 - d) for i, d in zip(found["ids"][0], distances[0], strict=True)]


_CONFIGURATION: dict[str, Any] = {"hnsw": {"space": "cosine", "ef_search": _EF_SEARCH}}
SETTINGS: dict[str, Any] = {"configuration": _CONFIGURATION, "embedding_function": None}
"""With which a collection is created."""


class _Local:
    """The collection in a folder, with those methods of chromadb's `Collection` that are used here.

    It is the compiled part of chromadb alone, called as `chromadb.api.rust` of version 1.5.9 calls
    it: importing the rest takes half a second, which the first question would wait for.
    """

    def __init__(self, folder: Path) -> None:
        import chromadb_rust_bindings as chroma

        self._bindings = chroma.Bindings(
            allow_reset=False,
            sqlite_db_config=chroma.SqliteDBConfig(
                hash_type=chroma.MigrationHash.MD5,
                migration_mode=chroma.MigrationMode.Apply,
                url=str(folder / _SQLITE),
            ),
            persist_path=str(folder),
            hnsw_cache_size=_OPEN,
        )
        self._where = ("default_tenant", "default_database")
        configuration = _CONFIGURATION | {"spann": None, "embedding_function": {"type": "legacy"}}
        made = self._bindings.create_collection(
            "passages", json.dumps(configuration), None, None, True, *self._where
        )
        self._id = str(made.id)
        self.rows_a_call: int = self._bindings.get_max_batch_size()

    def close(self) -> None:
        self._bindings = None

    def count(self) -> int:
        return int(self._bindings.count(self._id, *self._where))

    def get(self, include: list[str]) -> dict[str, Any]:
        found = self._bindings.get(self._id, None, None, None, 0, None, include, *self._where)
        return {"ids": found.ids}

    def upsert(self, ids: list[str], embeddings: Vectors) -> None:
        self._bindings.upsert(self._id, ids, list(embeddings), None, None, None, *self._where)

    def delete(self, ids: list[str]) -> None:
        self._bindings.delete(self._id, ids, None, None, None, *self._where)

    def query(
        self, query_embeddings: Vectors, n_results: int, include: list[str]
    ) -> dict[str, Any]:
        found = self._bindings.query(
            self._id, None, list(query_embeddings), n_results, None, None, include, *self._where
        )
        return {"ids": found.ids, "distances": found.distances}


def copy_vectors(source: Path, target: Path) -> None:
    """Copies an index that readers may have open. When they open it, Chroma writes to its SQLite
    file, and to nothing else. Raises StoreError when it cannot be copied."""
    import sqlite3  # of Chroma's own file: a copy of its bytes could be of two moments

    with _in_folder(source):
        copytree(source, target, ignore=ignore_patterns(f"{_SQLITE}*"))
        try:
            with (
                closing(sqlite3.connect(f"file:{source / _SQLITE}?mode=rw", uri=True)) as old,
                closing(sqlite3.connect(target / _SQLITE)) as new,
            ):
                old.backup(new)
        except sqlite3.Error as error:
            raise OSError(error) from error


class Server:
    """A running Chroma, shared by threads. Connections are made when they are needed and kept.

    A server that did not answer is left alone for a while, so that readers spend a small part of
    their time on it; `version` asks it in any case.
    """

    def __init__(self, url: str, answer: float = ANSWER) -> None:
        """`url` is http(s)://host[:port], as `Settings.chroma_url` has it; a reader waits `answer`
        seconds. Connects to nothing."""
        self.url = url
        self._answer = answer
        self._clients: dict[bool, ClientAPI] = {}
        self._lock = RLock()
        self._failed_until = 0.0

    @property
    def resting(self) -> bool:
        """Whether it failed a moment ago and is not asked now."""
        return time.monotonic() < self._failed_until

    def version(self) -> str:
        """Version of the server's interface. Raises UnreachableError when there is no server, or
        one of another kind."""
        began = time.monotonic()
        try:
            version = self._version()
        except UnreachableError:
            self._rest(began)
            raise
        self._failed_until = 0.0
        return version

    def _version(self) -> str:
        import chromadb
        import httpx

        try:
            reply = httpx.get(
                f"{self.url}/api/v2/version",
                timeout=_timeout(self._answer),
                verify=self._verified,
            )
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        try:
            version = str(reply.raise_for_status().json())
        except (httpx.HTTPStatusError, ValueError):
            version = ""
        if not re.fullmatch(r"\d+\.\d+\.\w+", version):
            raise UnreachableError(
                f"what answers at {self.url} is no Chroma server, or one older than 0.6 (status "
                f"{reply.status_code}): check QA_CHROMA_URL"
            )
        major = chromadb.__version__.partition(".")[0]
        if version.partition(".")[0] != major:
            raise UnreachableError(
                f"the Chroma server at {self.url} speaks version {version}, and this program "
                f"version {major}: start one of chromadb {major}.x, or unset QA_CHROMA_URL"
            )
        return version

    def client(self, writing: bool = False) -> "ClientAPI":
        """A connected client; one that writes waits longer for answers."""
        with self._lock:
            if writing not in self._clients:
                self.version()  # in time: chromadb's own first requests wait for ever
                self._clients[writing] = self._connected(WRITE if writing else self._answer)
            return self._clients[writing]

    def _connected(self, seconds: float) -> "ClientAPI":
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        if not self._verified:
            settings.chroma_server_ssl_verify = False
        client = chromadb.HttpClient(self.url, settings=settings)
        _session(client).timeout = _timeout(seconds)
        _session(client._admin_client).close()  # type: ignore[attr-defined]  # used only above
        return client

    @property
    def _verified(self) -> bool:
        # Reading the certificates takes 40 to 70 ms, and plain http has no use for them.
        return self.url.startswith("https:")

    @contextmanager
    def asked(self, writing: bool = False) -> Iterator[None]:
        """Around every request: raises UnreachableError when the server does not answer as it
        should, to a reader also while it rests, and StoreError when what it holds cannot be
        used."""
        import httpx
        from chromadb import errors

        if self.resting and not writing:
            raise UnreachableError(
                f"the Chroma server at {self.url} did not answer a moment ago: look at it with "
                "`qa doctor`"
            )
        damage = (
            errors.NotFoundError,
            errors.InvalidArgumentError,
            errors.InvalidDimensionException,
            errors.InternalError,
        )
        began = time.monotonic()
        try:
            yield
        except StoreError:
            self._rest(began)
            raise
        except damage as error:
            raise StoreError(
                f"the Chroma server at {self.url} cannot use its collection ({error}): run "
                "`qa index` again; nothing will be embedded twice"
            ) from error
        except (httpx.HTTPError, errors.ChromaError, ValueError) as error:
            self._rest(began)
            raise self._unreachable(error) from error
        except Exception as error:
            if type(error) is not Exception:
                raise
            # How chromadb reports a status that it does not know, a proxy's 502 for one.
            self._rest(began)
            raise self._unreachable(error) from error

    def _rest(self, began: float) -> None:
        now = time.monotonic()
        self._failed_until = now + max(_REST, _SHARE * (now - began))

    def _unreachable(self, error: Exception) -> UnreachableError:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        return UnreachableError(
            f"the Chroma server at {self.url} does not answer ({reason}): start it with "
            "`chroma run`, or unset QA_CHROMA_URL to keep vectors in the home folder"
        )

    def close(self) -> None:
        """Closes the connections."""
        with self._lock:
            for client in self._clients.values():
                _session(client).close()
                client.close()  # type: ignore[attr-defined]  # of Client, which this is
            self._clients.clear()


@dataclass(frozen=True, slots=True)
class OnServer:
    """A collection of a server. A reader's must be there; a writer's is created, and its requests
    may take longer."""

    server: Server
    name: str
    writing: bool = False


def collection_names(server: Server, stem: str) -> list[str]:
    """The server's collections whose names are `stem` and a build's eight hexadecimal digits."""
    with server.asked(writing=True):
        held = server.client(writing=True).list_collections()
        return [c.name for c in held if re.fullmatch(rf"{re.escape(stem)}-[0-9a-f]{{8}}", c.name)]


def delete_collection(server: Server, name: str) -> None:
    """Deletes a collection, if it is there."""
    from chromadb.errors import NotFoundError

    with server.asked(writing=True), suppress(NotFoundError):
        server.client(writing=True).delete_collection(name)


def exact_search(
    ids: Sequence[str], vectors: Vectors, vector: Vectors, k: int
) -> list[tuple[str, float]]:
    """What `DenseIndex.search` returns, from the catalog's own vectors, shape (len(ids), d)."""
    if not ids or k < 1:
        return []
    cosines = np.vecdot(vectors, vector)  # on one core: two that wait for each other are slower
    some = np.argpartition(-cosines, k)[:k] if k < len(ids) else np.arange(len(ids))
    best = some[np.lexsort((some, -cosines[some]))]
    return [(ids[i], float(cosines[i])) for i in best]


def _session(client: Any) -> "httpx.Client":
    """The connections of a client, which chromadb neither limits in time nor closes."""
    session: httpx.Client = client._server._session
    return session


def _timeout(seconds: float) -> "httpx.Timeout":
    import httpx

    return httpx.Timeout(seconds, connect=CONNECT)


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        from chromadb.errors import ChromaError

        # Chroma reports a damaged store in several ways, some of them plain built-in errors.
        if isinstance(error, ChromaError | ValueError | RuntimeError | OSError):
            raise unusable("Chroma's index in", folder, error) from error
        raise
