"""The reader's side of the three stores: the catalog, and the derived indexes as of one
generation of it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import TypeVar

from qa import indexing, sketches
from qa.catalog import Catalog, Store, StoredPassage
from qa.dense import DenseIndex, exact_search
from qa.errors import BusyError, StoreError
from qa.lexical import LexicalIndex
from qa.models import Embedder, Vectors
from qa.sketches import Packed
from qa.types import Passage

Index = TypeVar("Index", DenseIndex, LexicalIndex)


Found = TypeVar("Found")


class Collection:
    """Finds passages. It follows what other processes write: before each search it compares
    generations and reopens what has changed, and while an index is being written it searches the
    catalog's own vectors instead."""

    def __init__(self, catalog: Catalog, home: Path, embedder: Embedder) -> None:
        self.catalog = catalog
        self._home = home
        self._embedder = embedder
        self._lock = RLock()
        self._seen: tuple[object, ...] = ()
        self._dense: DenseIndex | None = None
        self._lexical: LexicalIndex | None = None

    def close(self) -> None:
        """Lets go of the derived indexes; the next search opens them again."""
        with self._lock:
            for index in (self._dense, self._lexical):
                if index is not None:
                    index.close()
            self._dense = self._lexical = None
            self._seen = ()

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """Passage ids and cosines, best first."""
        with self._lock:
            self._refresh()
            if self._dense is not None:
                try:
                    return self._dense.search(vector, k)
                except StoreError:
                    self._distrust(indexing.dense_store(self._embedder))
        with self.catalog.snapshot():
            ids = self.catalog.passage_ids()
            rows = self.catalog.passages(ids)
            vectors = self.catalog.vectors(self._embedder.name, [rows[i].sha for i in ids])
        return exact_search(ids, vectors, vector, k)

    def worded(self, query: str, k: int) -> list[tuple[str, float]]:
        """Passage ids and BM25 scores, best first."""
        with self._lock:
            return self._by_words(lambda index: index.search(query, k), [])

    def rarity(self, terms: Sequence[str]) -> dict[str, float]:
        """Inverse document frequency of index terms."""
        with self._lock:
            return self._by_words(lambda index: index.rarity(terms), dict.fromkeys(terms, 1.0))

    def cognate(self, word: str) -> str | None:
        """The index term that shares most of its beginning with a word, five letters at least."""
        with self._lock:
            return self._by_words(lambda index: index.cognate(word), None)

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """The passages of these ids that exist."""
        stored: dict[str, StoredPassage] = self.catalog.passages(ids)
        return {i: row.passage for i, row in stored.items()}

    def sketches(self, ids: Sequence[str]) -> dict[str, Packed]:
        """The sketches of these passages, by id, as far as the embedder left some."""
        return self.catalog.sketches(sketches.name(self._embedder), ids)

    def _by_words(self, look: Callable[[LexicalIndex], Found], nothing: Found) -> Found:
        """What `look` finds in the lexical index, in a rebuilt one when it turns out damaged."""
        for _ in range(2):
            self._refresh()
            if self._lexical is None:
                break
            try:
                return look(self._lexical)
            except StoreError:
                self._distrust(indexing.LEXICAL_STORE)
        return nothing

    def _refresh(self, again: bool = True) -> None:
        if not self._current():
            # While its writer is at work the catalog answers. Each search tries again: a writer
            # that is killed changes nothing that could be seen.
            with suppress(BusyError), indexing.writing(self._home):
                self.close()
                indexing.synchronise(self.catalog, self._home, self._embedder)
        state = self._state()
        if state == self._seen:
            return
        self.close()
        dense, lexical = self._stores()
        if dense and self._current():
            self._dense = self._opened(DenseIndex, indexing.dense_store(self._embedder), dense)
        if lexical and (self._home / lexical.folder).is_dir():
            self._lexical = self._opened(LexicalIndex, indexing.LEXICAL_STORE, lexical)
        self._seen = state
        if again and not self._current():
            self._refresh(again=False)

    def _opened(self, kind: Callable[[Path], Index], name: str, store: Store) -> Index | None:
        try:
            return kind(self._home / store.folder)
        except StoreError:
            self._distrust(name)
            return None

    def _distrust(self, name: str) -> None:
        """Has an index that turned out to be damaged rebuilt at the next refresh, unless a writer
        is at work on it: then it was only read at a bad moment."""
        self.close()
        with suppress(BusyError), indexing.writing(self._home):
            if store := self.catalog.store(name):
                self.catalog.mark(name, replace(store, dirty=True))

    def _stores(self) -> tuple[Store | None, Store | None]:
        return (
            self.catalog.store(indexing.dense_store(self._embedder)),
            self.catalog.store(indexing.LEXICAL_STORE),
        )

    def _state(self) -> tuple[object, ...]:
        return self.catalog.generation(), *self._stores()

    def _current(self) -> bool:
        generation = self.catalog.generation()
        return all(
            store is not None
            and not store.dirty
            and store.generation == generation
            and (self._home / store.folder).is_dir()
            for store in self._stores()
        )
