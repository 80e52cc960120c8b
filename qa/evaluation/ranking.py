"""Measures of a ranking of ids against graded gold, and how sure a mean of them is.

Pure functions. `gold` maps each relevant id to its grade, above 0; `ranking` holds each id once,
best first. Figures equal trec_eval's, which `tests/test_ranking.py` holds them to.
"""

from collections.abc import Mapping, Sequence
from math import log2

import numpy as np

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


def confidence(values: Sequence[float], seed: int = 0, rounds: int = 2_000) -> tuple[float, float]:
    """The 95 % interval of the mean over questions: percentile bootstrap (Efron 1979)."""
    if not values:
        return 0.0, 0.0
    sample = np.asarray(values, np.float64)
    chosen = np.random.default_rng(seed).integers(len(sample), size=(rounds, len(sample)))
    low, high = np.percentile(sample[chosen].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / log2(rank + 1) for rank, grade in enumerate(grades, start=1))
