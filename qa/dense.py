"""Nearest passages by vector, in Chroma. Derived from the catalog; the only chromadb import.

Chroma holds ids and vectors only: text, dates and titles are the catalog's. Measured on chromadb
1.5.9: a process that is killed while it writes can destroy a collection, and a reader in another
process does not see new rows. So a write is bracketed by a mark in the catalog, a marked index is
rebuilt in a new folder and never opened, and readers reopen when the generation has changed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from qa.errors import StoreError
from qa.models import Vectors

_ROWS_A_CALL = 5_000  # chromadb refuses more than 5,461


class DenseIndex:
    """Ids and unit vectors, searched by cosine."""

    def __init__(self, folder: Path) -> None:
        """Opens or creates the index. Raises StoreError when Chroma cannot."""
        import chromadb
        from chromadb.config import Settings

        with _translated(folder):
            self._client = chromadb.PersistentClient(
                str(folder), Settings(anonymized_telemetry=False, is_persistent=True)
            )
            self._collection = self._client.get_or_create_collection(
                "passages",
                configuration={"hnsw": {"space": "cosine"}},
                embedding_function=None,
            )
        self._folder = folder

    def close(self) -> None:
        """Lets go of the files, so that the next open sees what others have written."""
        self._client.close()  # type: ignore[attr-defined]  # of Client, which this is

    def ids(self) -> set[str]:
        """The id of every vector held."""
        with _translated(self._folder):
            return set(self._collection.get(include=[])["ids"])

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Adds rows; an id that is already held gets the new vector."""
        with _translated(self._folder):
            for first in range(0, len(ids), _ROWS_A_CALL):
                rows = slice(first, first + _ROWS_A_CALL)
                self._collection.upsert(ids=list(ids[rows]), embeddings=vectors[rows])

    def remove(self, ids: Sequence[str]) -> None:
        """Removes rows."""
        with _translated(self._folder):
            for first in range(0, len(ids), _ROWS_A_CALL):
                self._collection.delete(ids=list(ids[first : first + _ROWS_A_CALL]))

    def search(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The `k` nearest ids with their cosines, best first."""
        with _translated(self._folder):
            found = self._collection.query(
                query_embeddings=vector[None, :], n_results=k, include=["distances"]
            )
        distances = found["distances"] or [[]]
        return [(i, 1.0 - d) for i, d in zip(found["ids"][0], distances[0], strict=True)]


def exact_search(
    ids: Sequence[str], vectors: Vectors, vector: Vectors, k: int
) -> list[tuple[str, float]]:
    """What `DenseIndex.search` returns, from the catalog's own vectors, shape (len(ids), d)."""
    if not ids:
        return []
    cosines = vectors @ vector
    best = np.argsort(-cosines, kind="stable")[:k]
    return [(ids[i], float(cosines[i])) for i in best]


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    from chromadb.errors import ChromaError

    # Chroma reports a damaged store in several ways, some of them plain built-in errors.
    causes: tuple[type[Exception], ...] = (
        ChromaError,
        ValueError,
        RuntimeError,
        OSError,
    )
    try:
        yield
    except causes as error:
        raise StoreError(
            f"Chroma cannot use {folder} ({error}): delete that folder and run `qa index` again; "
            "nothing will be embedded twice"
        ) from error
