"""Measures as pure functions, each with its formula and source. One that does not apply is None.

Those of a ranking are in `qa.evaluation.ranking`; what they all say of one case of a fixture set is
in `qa.evaluation.scores`.
"""

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Interval = tuple[float, float]
"""The lower and the upper end."""
Values = Sequence[float | bool | None]
"""One value a case, None where the measure does not apply to it."""

RESAMPLES = 2_000
SEED = 0

# --- averages -------------------------------------------------------------------------------


def mean(values: Iterable[float | bool | None]) -> float | None:
    """Arithmetic mean of the values that are not None; None when there are none."""
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` of the values do not exceed (nearest rank)."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


# --- answers --------------------------------------------------------------------------------


def normalised(text: str) -> str:
    """As SQuAD's evaluation compares: lowercase, without ASCII punctuation and the articles a, an,
    the, with single spaces (Rajpurkar et al. 2016)."""
    plain = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split())


def exact_match(text: str, answers: Sequence[str]) -> float | None:
    """1 when the normalised text is one of the normalised answers, else 0; None without answers."""
    wanted = _references(answers)
    return float(any(normalised(text) == normalised(a) for a in wanted)) if wanted else None


def token_f1(text: str, answers: Sequence[str]) -> float | None:
    """Harmonic mean of token precision and recall after normalising, the best over the reference
    answers, as SQuAD's evaluation script counts it; None without answers."""
    return max((_f1(text, answer) for answer in _references(answers)), default=None)


def _references(answers: Sequence[str]) -> list[str]:
    """The answers of which something is left; all when nothing is left of any."""
    return [a for a in answers if normalised(a)] or list(answers)


def _f1(text: str, answer: str) -> float:
    said, wanted = normalised(text).split(), normalised(answer).split()
    if not said or not wanted:
        return float(said == wanted)
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted))


# --- citations ------------------------------------------------------------------------------


def citation_precision(supports: Sequence[Sequence[bool]]) -> float | None:
    """Share of an answer's citations that support their statement: `supports` holds, for each
    statement, whether each of its citations does.

    ALCE's citation precision (Gao et al. 2023) with a gold quotation instead of an entailment
    model as the judge; 0 for an answer without citations, None without statements.
    """
    if not supports:
        return None
    cited = [good for citations in supports for good in citations]
    return sum(cited) / len(cited) if cited else 0.0


def citation_recall(supports: Sequence[Sequence[bool]]) -> float | None:
    """Share of an answer's statements that their citations support: ALCE's citation recall (Gao et
    al. 2023), judged as in `citation_precision`; None without statements."""
    return mean(any(citations) for citations in supports)


# --- refusals -------------------------------------------------------------------------------


def risk_coverage(
    confidences: Sequence[float | None], wrong: Sequence[bool]
) -> list[tuple[float, float]]:
    """Coverage and risk, when only the most confident 1, 2, ... answers are given (El-Yaniv and
    Wiener 2010).

    Coverage is the share of all questions that is answered, risk the share of those answers that
    is wrong. A confidence of None is a refusal, which no threshold turns into an answer. Equal
    confidences come together.
    """
    answered = sorted(
        ((c, w) for c, w in zip(confidences, wrong, strict=True) if c is not None),
        key=lambda pair: -pair[0],
    )
    points, errors = list[tuple[float, float]](), 0
    for n, (confidence, bad) in enumerate(answered, start=1):
        errors += bad
        if n == len(answered) or answered[n][0] < confidence:
            points.append((n / len(confidences), errors / n))
    return points


def area_under(points: Sequence[tuple[float, float]]) -> float | None:
    """Mean risk over the coverages that are reached (AURC, Geifman et al. 2019): less is better,
    0 when no answer is wrong; None without an answer."""
    if not points:
        return None
    reached, before = 0.0, 0.0
    for coverage, risk in points:
        reached += (coverage - before) * risk
        before = coverage
    return reached / before


# --- judges ---------------------------------------------------------------------------------


def kappa(pairs: Sequence[tuple[bool | None, bool | None]]) -> float | None:
    """Agreement of two judges beyond chance (Cohen 1960): (p - e) / (1 - e), p the share on which
    they agree, e that expected of two who decide apart; None where both always say the same one
    thing, and of no pairs."""
    if not pairs:
        return None
    n = len(pairs)
    one, other = (sum(map(bool, side)) / n for side in zip(*pairs, strict=True))
    expected = one * other + (1 - one) * (1 - other)
    agreed = sum(a == b for a, b in pairs) / n
    return (agreed - expected) / (1 - expected) if expected < 1 else None


# --- intervals ------------------------------------------------------------------------------


def bootstrap(values: Values, level: float = 0.95) -> Interval | None:
    """Percentile interval of the mean over resampled cases (Efron 1979), `RESAMPLES` times with a
    fixed seed; None without a value.

    Resampling knows nothing of what no case shows. So where every value is 1, or every one 0, the
    exact binomial bound stands for that end (Clopper and Pearson 1934): 7 right of 7 is 59 % to
    100 %.
    """
    known = {float(value) for value in values if value is not None}
    if known in ({0.0}, {1.0}):
        bound = ((1 - level) / 2) ** (1 / sum(value is not None for value in values))
        return (bound, 1.0) if known == {1.0} else (0.0, 1 - bound)
    return _ends(_means(values, _weights(len(values))), level)


def bootstrap_quantile(values: Values, share: float, level: float = 0.95) -> Interval | None:
    """The same for the value that `share` of the values do not exceed."""
    known = np.array(sorted(float(value) for value in values if value is not None))
    if not known.size:
        return None
    reached = _weights(known.size).cumsum(axis=1) > share * known.size
    reached[:, -1] = True
    return _ends(known[reached.argmax(axis=1)], level)


def paired_bootstrap(now: Values, before: Values, level: float = 0.95) -> Interval | None:
    """Percentile interval of mean(now) - mean(before) when the same cases are resampled for both
    (Efron and Tibshirani 1993; Koehn 2004 for systems compared on one test set). An interval
    without 0 is a significant difference; None where either side has no value."""
    weights = _weights(len(now))
    if len(now) != len(before):
        raise ValueError(f"{len(now)} and {len(before)} values are not pairs")
    return _ends(_means(now, weights) - _means(before, weights), level)


def _means(values: Values, weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The mean of each resample; NaN for one that holds no value."""
    known = np.array([value is not None for value in values], np.float32)
    filled = np.array([value or 0 for value in values], np.float32)
    with np.errstate(invalid="ignore"):
        means: npt.NDArray[np.float32] = (weights @ filled) / (weights @ known)
    return means


def _ends(means: npt.NDArray[np.floating], level: float) -> Interval | None:
    means = means[~np.isnan(means)]
    if not means.size:
        return None
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@lru_cache(maxsize=4)
def _weights(n: int) -> npt.NDArray[np.float32]:
    """How often each of `n` cases is drawn in each resample, shape (RESAMPLES, n)."""
    if not n:
        return np.zeros((RESAMPLES, 0), np.float32)
    drawn = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    return drawn.astype(np.float32)
