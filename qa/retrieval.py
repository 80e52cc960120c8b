"""From two rankings to the evidence: pure functions over hits."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

from qa import figures, splitting, tokens
from qa.checking import fold
from qa.sentences import sentences
from qa.types import Evidence, Hit, Passage

Ranking = Sequence[tuple[str, float]]
"""Passage ids with their scores, best first."""

SAME = 0.8  # share of the runs of words that two reports have in common when one is a copy
_RUN = 5  # words
DATED = 0.07  # what the dates of a question count; .05 to .1 ranked the same, .2 worse
FUSED = 0.15  # what the fused score counts beside the words; .1 to .3 ranked the same


class Fused(NamedTuple):
    """A passage of two rankings: its score in both together, its cosine, its BM25 score."""

    id: str
    score: float
    dense: float | None
    lexical: float | None


def fuse(dense: Ranking, lexical: Ranking, weight: float) -> list[Fused]:
    """One ranking, best first, by a convex combination of min-max normalised scores (Bruch, Gai
    and Ingber 2023): `weight` for dense, the rest for lexical."""
    cosines, bm25 = dict(dense), dict(lexical)
    near, worded = _normalised(dense), _normalised(lexical)
    fused = [
        Fused(
            i,
            weight * near.get(i, 0.0) + (1 - weight) * worded.get(i, 0.0),
            cosines.get(i),
            bm25.get(i),
        )
        for i in cosines | bm25
    ]
    return sorted(fused, key=lambda one: (-one.score, one.id))


def hits(ranking: Iterable[Fused], passages: Mapping[str, Passage]) -> list[Hit]:
    """A ranking with its passages; ids that have none are dropped."""
    return [Hit(passages[one.id], *one[1:]) for one in ranking if one.id in passages]


def holding(hits: Sequence[Hit], phrases: Sequence[str]) -> list[Hit]:
    """The hits whose title or text holds every phrase, case, accents and line breaks apart."""
    wanted = [fold(" ".join(phrase.split())) for phrase in phrases]
    return [hit for hit in hits if not wanted or all(p in _plain(hit.passage) for p in wanted)]


def rerank(hits: Sequence[Hit], said: Mapping[str, float]) -> list[Hit]:
    """Hits by how much of the question each passage says, word by word, with a little of the score
    they had; those of which that is not known follow in the order that they had."""
    known = [
        replace(hit, score=(said[i] + FUSED * hit.score) / (1 + FUSED), words=said[i])
        for hit in hits
        for i in (hit.passage.id,)
        if i in said
    ]
    known.sort(key=lambda hit: (-hit.score, hit.passage.id))
    worst = known[-1].score if known else 1.0
    rest = [hit for hit in hits if hit.passage.id not in said]
    return known + [replace(hit, score=hit.score * worst) for hit in rest]


def dated(hits: Sequence[Hit], question: str) -> list[Hit]:
    """Hits of the days that a question names ("in May", "on December 27") before others that are
    about as good; none is left out. "Last week" means nothing here: nobody knows the day it is
    asked from. Lone years are words like others."""
    wanted = figures.moments(question)
    if not wanted:
        return list(hits)
    again = [
        replace(hit, score=(hit.score + DATED * _held(wanted, hit.passage)) / (1 + DATED))
        for hit in hits
    ]
    return sorted(again, key=lambda hit: (-hit.score, hit.passage.id))


def distinct(hits: Sequence[Hit]) -> list[Hit]:
    """Hits without those that say again what a better one says, as the same agency report in two
    papers does. One with another number is another report."""
    kept = list[Hit]()
    said = list[tuple[frozenset[tuple[str, ...]], frozenset[str]]]()
    for hit in hits:
        words = re.findall(r"\w+", fold(hit.passage.text))
        runs = frozenset(zip(*(words[n:] for n in range(_RUN)), strict=False))
        numbers = frozenset(word for word in words if word[0].isdigit())
        if not any(
            len(runs & before) >= SAME * min(len(runs), len(before)) > 0 and numbers <= counted
            for before, counted in said
        ):
            kept.append(hit)
            said.append((runs, numbers))
    return kept


def select(hits: Sequence[Hit], most: int, budget: int | None) -> list[Evidence]:
    """The best hits, at most `most`, that fit into `budget` tiktoken tokens if there is one,
    numbered from 1.

    A passage that does not fit is cut after its last sentence that does, when at least half of it
    does. The first is always there, with one sentence at least: an answer needs something to stand
    on.
    """
    if budget is None:
        return [Evidence(number, hit) for number, hit in enumerate(hits[:most], start=1)]
    chosen, left = list[Hit](), budget
    for hit in hits:
        if len(chosen) == most:
            break
        part = hit
        if hit.passage.tokens > left:
            part = replace(hit, passage=shortened(hit.passage, left))
            if chosen and not hit.passage.tokens / 2 <= part.passage.tokens <= left:
                continue
        chosen.append(part)
        left -= part.passage.tokens
    return [Evidence(number, hit) for number, hit in enumerate(chosen, start=1)]


def shortened(passage: Passage, budget: int) -> Passage:
    """A passage up to its last sentence that fits into `budget` tiktoken tokens, or its first."""
    ends = [end for _, end in sentences(passage.text)] or [len(passage.text)]
    fitting = [end for end in ends if tokens.count(passage.text[:end]) <= budget]
    text = passage.text[: fitting[-1] if fitting else ends[0]]
    if text == passage.text:
        return passage
    end = passage.start + len(text)
    return replace(
        passage,
        id=f"{passage.document_id}:{passage.start}-{end}",
        text=text,
        end=end,
    )


def interleave(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The best hit of each ranking, then the second of each, and so on; each passage once."""
    hits = dict[str, Hit]()
    for tier in zip_longest(*rankings):
        for hit in tier:
            if hit is not None:
                hits.setdefault(hit.passage.id, hit)
    return list(hits.values())


def renumbered(evidence: Sequence[Evidence], numbers: Mapping[int, int]) -> tuple[Evidence, ...]:
    """Evidence under new numbers: what `numbers` maps keeps its new one, the rest follows."""
    cited = sorted((e for e in evidence if e.number in numbers), key=lambda e: numbers[e.number])
    rest = [e for e in evidence if e.number not in numbers]
    return tuple(Evidence(n, e.hit) for n, e in enumerate([*cited, *rest], start=1))


def _held(wanted: Sequence[figures.Moment], passage: Passage) -> float:
    """Share of the dates wanted that a passage, or the day it was published on, holds."""
    text = splitting.searchable(passage)
    given, years = figures.moments(text, passage.published), set(figures.years(text))
    return sum(figures.held(moment, given, years) for moment in wanted) / len(wanted)


def _plain(passage: Passage) -> str:
    return fold(" ".join(f"{passage.title} {passage.text}".split()))


def _normalised(ranking: Ranking) -> dict[str, float]:
    if not ranking:
        return {}
    scores = [score for _, score in ranking]
    low, high = min(scores), max(scores)
    return {i: (score - low) / (high - low) if high > low else 1.0 for i, score in ranking}
