"""Fill a derived index from the catalog: what it lacks is added, and what it holds too much of is
removed first."""

from collections.abc import Iterator
from itertools import chain

from qa import splitting
from qa.catalog import Catalog, StoredPassage
from qa.dense import DenseIndex
from qa.lexical import LexicalIndex

_ROWS = 5_000  # passages between two writes


def fill_vectors(catalog: Catalog, embedder: str, index: DenseIndex) -> None:
    """Brings the rows of the index to what the catalog holds. Raises StoreError when passages have
    no vector of that embedder."""
    for rows in _missing(catalog, index):
        vectors = catalog.vectors(embedder, [row.sha for row in rows])
        index.add([row.passage.id for row in rows], vectors)


def fill_texts(catalog: Catalog, index: LexicalIndex) -> None:
    """Brings the rows of the index to what the catalog holds, the new ones in one commit."""
    rows = chain.from_iterable(_missing(catalog, index))
    if first := next(rows, None):
        texts = chain([first], rows)
        index.add((row.passage.id, splitting.searchable(row.passage)) for row in texts)


def _missing(catalog: Catalog, index: DenseIndex | LexicalIndex) -> Iterator[list[StoredPassage]]:
    """The passages that an index lacks, a part at a time, after what it holds too much of was
    removed."""
    held, wanted = index.ids(), catalog.passage_ids()
    if stale := sorted(held - set(wanted)):
        index.remove(stale)
    ids = [i for i in wanted if i not in held]
    for first in range(0, len(ids), _ROWS):
        some = ids[first : first + _ROWS]
        found = catalog.passages(some)
        yield [found[i] for i in some]
