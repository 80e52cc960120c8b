"""The reader's side of the three stores: the catalog, and the derived indexes as of one
generation of it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import TypeVar

from qa import indexing, sketches, stores
from qa.catalog import Catalog, Store, StoredPassage
from qa.dense import DenseIndex, Server, exact_search
from qa.errors import BusyError, StoreError, UnreachableError
from qa.lexical import LexicalIndex
from qa.models import Embedder, Vectors
from qa.retrieval import Fused, Ranking, hits
from qa.scope import FEW, Scope, within
from qa.sketches import Packed
from qa.stores import Builds, Index
from qa.types import EVERYTHING, Filters, Hit, Passage

Found = TypeVar("Found")
State = tuple[int, Store | None, Store | None]
"""The catalog's generation, and the builds of vectors and of words that are in use."""


class Collection:
    """Finds passages. It follows what other processes write: before each search it compares
    generations and reopens what has changed. A small collection is searched in the catalog's own
    vectors, and so is a large one while its index is being written, or the server that keeps it
    does not answer."""

    def __init__(
        self,
        catalog: Catalog,
        home: Path,
        embedder: Embedder,
        server: Server | None = None,
        exact: int = 0,
    ) -> None:
        """With at most `exact` passages in it, each vector is compared, and Chroma is left
        alone."""
        self.catalog = catalog
        self._home = home
        self._embedder = embedder
        self._server = server
        self._vectors = stores.dense_builds(catalog, home, embedder.name, server)
        self._words = stores.lexical_builds(home)
        self._lock = RLock()
        self._seen: State | None = None
        self._vectors_read: tuple[int, list[str], Vectors] | None = None
        self._scope: tuple[int, Filters, Scope] | None = None
        self._exact_up_to = exact
        self._small = False
        self._dense: DenseIndex | None = None
        self._lexical: LexicalIndex | None = None

    def close(self) -> None:
        """Lets go of the derived indexes; the next search opens them again."""
        with self._lock:
            for index in (self._dense, self._lexical):
                if index is not None:
                    index.close()
            self._dense = self._lexical = None
            self._seen = None

    @property
    def opened(self) -> bool:
        """Whether something is open to search in, be it of an older generation."""
        return self._seen is not None

    def follow(self) -> None:
        """Opens what has changed since the last search, so that the next one need not."""
        with self._lock:
            self._refresh()

    def search(
        self,
        wanted: Sequence[tuple[str, Vectors]],
        k: int,
        fuse: Callable[[Ranking, Ranking], list[Fused]],
        filters: Filters = EVERYTHING,
    ) -> list[list[Hit]]:
        """For each query with its vector what `fuse` makes of the `k` nearest passages, with their
        cosines, and the `k` that share most words, with their BM25 scores, of those that `filters`
        allow. Only the passages that it leaves are read.

        Whatever is written meanwhile, passages are of one generation, and cosines miss none of it.
        """
        with self._lock:
            for may_use_chroma in (True, True, False):
                opened = self._refresh()
                dense = self._dense if may_use_chroma else None
                damaged = list[Builds[DenseIndex] | Builds[LexicalIndex]]()
                with self.catalog.snapshot():
                    if dense is not None and self._state() != self._seen:
                        dense = None
                    scope = self.scope(filters)
                    found = [
                        fuse(
                            self._nearest(dense, vector, k, damaged, scope),
                            self._worded(query, k, damaged, scope),
                        )
                        for query, vector in wanted
                    ]
                    ids = dict.fromkeys(one.id for ranking in found for one in ranking)
                    passages = self.passages(list(ids))
                # A writer that came in between may have changed what Chroma found.
                disturbed = dense is not None and self._state() != self._seen
                _, of_vectors, of_words = opened
                if self._vectors in damaged:
                    self._distrust(self._vectors, of_vectors)
                if self._words in damaged:
                    self._distrust(self._words, of_words)
                if not disturbed and not damaged:
                    break
        return [hits(ranking, passages) for ranking in found]

    def _nearest(
        self,
        dense: DenseIndex | None,
        vector: Vectors,
        k: int,
        damaged: list[Builds[DenseIndex] | Builds[LexicalIndex]],
        scope: Scope | None = None,
    ) -> Ranking:
        if scope is not None and scope.few is not None:
            return exact_search(*scope.few, vector, k)
        if scope is not None:
            return within(scope, lambda n: self._nearest(dense, vector, n, damaged), k)
        if dense is not None and self._vectors not in damaged:
            try:
                return dense.search(vector, k)
            except UnreachableError:
                pass  # it is left alone for a while, and this search is whole without it
            except StoreError:
                damaged.append(self._vectors)
        ids, vectors = self._exact()
        return exact_search(ids, vectors, vector, k)

    def _worded(
        self,
        query: str,
        k: int,
        damaged: list[Builds[DenseIndex] | Builds[LexicalIndex]],
        scope: Scope | None,
    ) -> Ranking:
        if self._lexical is None or self._words in damaged:
            return []
        lexical = self._lexical
        try:
            if scope is not None and scope.few is None:
                return within(scope, lambda n: lexical.search(query, n), k)
            return lexical.search(query, k, scope.few[0] if scope and scope.few else None)
        except StoreError:
            damaged.append(self._words)
            return []

    def scope(self, filters: Filters) -> Scope | None:
        """What may be searched under these filters, None for everything; kept for the next
        question."""
        if not filters:
            return None
        with self._lock, self.catalog.snapshot():
            generation = self.catalog.generation()
            if self._scope is None or self._scope[:2] != (generation, filters):
                documents = self.catalog.allowed(filters)
                total, passages = self.catalog.counts()
                few = None
                if len(documents) * passages <= FEW * max(1, total):
                    few = self.catalog.passage_vectors(self._embedder.name, documents)
                self._scope = generation, filters, Scope(documents, total, few)
            return self._scope[2]

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

    def _exact(self) -> tuple[list[str], Vectors]:
        """Every passage's id and vector, kept for as long as Chroma is not open."""
        generation = self.catalog.generation()
        if self._vectors_read is None or self._vectors_read[0] != generation:
            with self.catalog.snapshot():
                generation = self.catalog.generation()
                read = self.catalog.passage_vectors(self._embedder.name)
            self._vectors_read = generation, *read
        _, ids, vectors = self._vectors_read
        return ids, vectors

    def _by_words(self, look: Callable[[LexicalIndex], Found], nothing: Found) -> Found:
        """What `look` finds in the lexical index, in a rebuilt one when it turns out damaged."""
        for _ in range(2):
            if self._lexical is None:
                self._refresh()
            if self._lexical is None or self._seen is None:
                break
            try:
                return look(self._lexical)
            except StoreError:
                self._distrust(self._words, self._seen[2])
        return nothing

    def _refresh(self, again: bool = True) -> State:
        """Opens what is in use, brought up to date when no other process does that, and returns
        what was opened."""
        if self._behind():
            # While its writer is at work, or the server of the vectors is away, the catalog
            # answers. Each search tries again: a writer that is killed changes nothing that could
            # be seen.
            with suppress(BusyError, UnreachableError), indexing.writing(self._home):
                self.close()
                indexing.synchronise(self.catalog, self._home, self._embedder, self._server)
        state = self._state()
        opened = self._dense is not None or self._small
        if state == self._seen and opened and self._lexical is not None:
            return state
        if state != self._seen:
            self.close()
            self._seen = state
            self._small = self.catalog.counts()[1] <= self._exact_up_to
        _, dense, lexical = state
        wanted = dense if self._dense is None and not self._small else None
        if wanted and not self._vectors.resting and not self._behind():
            self._dense = self._opened(self._vectors, wanted)
            if self._dense is not None:
                self._vectors_read = None
        if self._lexical is None and lexical and not self._words.missing(lexical.folder):
            self._lexical = self._opened(self._words, lexical)
        if again and self._behind():
            return self._refresh(again=False)
        return state

    def _opened(self, builds: Builds[Index], store: Store) -> Index | None:
        try:
            with ExitStack() as opened:
                index = builds.open(store.folder)
                opened.callback(index.close)
                if isinstance(index, DenseIndex) and index.count() != self.catalog.counts()[1]:
                    # A server that lost its disk, or was set back to an earlier day.
                    raise StoreError(f"{store.folder} does not hold the catalog's passages")
                opened.pop_all()
                return index
        except UnreachableError:
            return None
        except StoreError:
            self._distrust(builds, store)
            return None

    def _distrust(self, builds: Builds[Index], opened: Store | None) -> None:
        """Has an index that turned out to be damaged rebuilt at the next refresh, unless a writer
        is or was at work on it: then it was only read at a bad moment."""
        self.close()
        with suppress(BusyError), indexing.writing(self._home):
            if opened and self.catalog.store(builds.name) == opened:
                self.catalog.mark(builds.name, replace(opened, dirty=True))

    def _state(self) -> State:
        with self.catalog.snapshot():
            return (
                self.catalog.generation(),
                self.catalog.store(self._vectors.name),
                self.catalog.store(self._words.name),
            )

    def _behind(self) -> bool:
        """Whether an index that can be reached is not what the catalog says."""
        generation, dense, lexical = self._state()

        def behind(builds: Builds[Index], store: Store | None) -> bool:
            return not builds.resting and (
                store is None
                or store.dirty
                or store.generation != generation
                or builds.missing(store.folder)
            )

        return behind(self._vectors, dense) or behind(self._words, lexical)
