"""Which passages a search may return, and how to search only those.

Of a small part of the collection the vectors are compared one by one, which is exact; of a large
one more is fetched than wanted and the rest left out. Chroma's own filter took 178 ms at 100,000.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.models import Vectors

FEW = 5_000  # passages that are compared one by one: 8 MB of vectors, some milliseconds
_MARGIN = 1.5  # more is fetched than the share of the collection calls for

Ranked = Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The documents that filters allow, of `total` in the collection; where they have few passages
    also those, with their vectors, shape (len(passages), d)."""

    documents: frozenset[str]
    total: int
    few: tuple[list[str], Vectors] | None

    def holds(self, passage_id: str) -> bool:
        """Whether a passage, named by its document and its place in it, may be returned."""
        return passage_id.rpartition(":")[0] in self.documents


def within(scope: Scope, search: Callable[[int], Ranked], k: int) -> Ranked:
    """The best `k` in the scope, of a search that takes the number of hits it is to find."""
    if not scope.documents:
        return []
    wanted = int(k * scope.total / len(scope.documents) * _MARGIN) + k
    while True:
        found = search(wanted)
        allowed = [pair for pair in found if scope.holds(pair[0])]
        if len(allowed) >= k or len(found) < wanted:
            return allowed[:k]
        wanted *= 4
