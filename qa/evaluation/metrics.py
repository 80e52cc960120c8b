"""Measures of one answer and of many. Pure functions; a measure that does not apply is None."""

from collections.abc import Iterable, Sequence

from qa.checking import fold
from qa.evaluation.cases import ACROSS, Case, Gold
from qa.types import Answer, Citation, Hit


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


def includes(case: Case, text: str) -> bool:
    """Answer inclusion: of each group one alternative is in the text, and nothing unwanted, case
    and accents apart."""
    said = fold(" ".join(text.split()))
    wanted = all(any(fold(a) in said for a in group) for group in case.must_include)
    return wanted and not any(fold(words) in said for words in case.must_not_include)


def reciprocal_rank(case: Case, hits: Sequence[Hit]) -> float | None:
    """1 / rank of the first hit that holds a gold quotation; 0 when none does."""
    if not case.gold:
        return None
    ranks = [n for n, hit in enumerate(hits, start=1) if any(_holds(hit, g) for g in case.gold)]
    return 1 / ranks[0] if ranks else 0.0


def recall(case: Case, hits: Sequence[Hit]) -> float | None:
    """Share of the gold that the hits hold: of every document for cases across documents, else
    whether any gold quotation is there."""
    if not case.gold:
        return None
    found = {g.document for g in case.gold if any(_holds(hit, g) for hit in hits)}
    if ACROSS not in case.tags:
        return float(bool(found))
    return len(found) / len({g.document for g in case.gold})


def passage_precision(case: Case, answer: Answer) -> float | None:
    """Share of the citations that lie in a passage which holds a gold quotation."""
    passages = {e.number: e.hit for e in answer.evidence}
    return mean(any(_holds(passages[c.number], g) for g in case.gold) for c in answer.citations)


def document_precision(case: Case, answer: Answer) -> float | None:
    """Share of the citations whose document holds a gold quotation."""
    return mean(any(_names(c.source, g) for g in case.gold) for c in answer.citations)


def sentence_precision(case: Case, answer: Answer) -> float | None:
    """Share of the citations that share text with a gold quotation."""
    return mean(any(_overlaps(c, g) for g in case.gold) for c in answer.citations)


def citation_recall(case: Case, answer: Answer) -> float | None:
    """Share of the gold that a citation shares text with, counted as in `recall`."""
    if not case.gold:
        return None
    found = {g.document for g in case.gold if any(_overlaps(c, g) for c in answer.citations)}
    if ACROSS not in case.tags:
        return float(bool(found))
    return len(found) / len({g.document for g in case.gold})


def _names(source: str, gold: Gold) -> bool:
    """Whether a source is the document that gold names: its file name, with `#record`."""
    return source == gold.document or source.endswith("/" + gold.document)


def _holds(hit: Hit, gold: Gold) -> bool:
    passage = hit.passage
    return _names(passage.source, gold) and _flat(gold.quote)[:60] in _flat(passage.text)


def _overlaps(citation: Citation, gold: Gold) -> bool:
    said, wanted = _flat(citation.quote), _flat(gold.quote)
    return _names(citation.source, gold) and (said in wanted or wanted in said)


def _flat(text: str) -> str:
    return " ".join(text.split())
