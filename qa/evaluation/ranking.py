"""Measures of a ranking of ids against graded gold.

Pure functions. `gold` maps each relevant id to its grade, above 0; `ranking` holds each id once,
best first. Figures equal trec_eval's, which `tests/test_ranking.py` holds them to.
"""

from collections.abc import Mapping, Sequence
from math import log2

Gold = Mapping[str, int]


def reciprocal_rank(ranking: Sequence[str], gold: Gold, k: int) -> float:
    """1 / rank of the first gold id among the first `k`; 0 when none is there."""
    return next((1 / rank for rank, i in enumerate(ranking[:k], start=1) if i in gold), 0.0)


def hit(ranking: Sequence[str], gold: Gold, k: int) -> float:
    """1 when a gold id is among the first `k`, else 0."""
    return float(any(i in gold for i in ranking[:k]))


def recall(ranking: Sequence[str], gold: Gold, k: int) -> float:
    """Share of the gold ids that are among the first `k`; 0 without gold."""
    return sum(i in gold for i in ranking[:k]) / len(gold) if gold else 0.0


def ndcg(ranking: Sequence[str], gold: Gold, k: int) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) of the first `k`: the
    gain is the grade, the discount log2(1 + rank); 0 without gold."""
    ideal = _gain(sorted(gold.values(), reverse=True)[:k])
    return _gain([gold.get(i, 0) for i in ranking[:k]]) / ideal if ideal else 0.0


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / log2(rank + 1) for rank, grade in enumerate(grades, start=1))
