"""Where in the evidence is a sentence said? The application decides, not the model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qa import checking, figures, matching, wording
from qa.models import Reader, Words
from qa.questions import Matched
from qa.sentences import of_text
from qa.types import Citation, Evidence, page_of

MARK = re.compile(r"\s*\[\s*(?:see\s+)?\d+(?:\s*[,;–-]\s*\d+)*\s*\]", re.IGNORECASE)
"""A model's own `[2]` or `[1, 3]`: a hint, never the citation. In 61 % of a 1.5B model's answers
it named the right passage; word overlap with the reply did in 97 %."""

_QUESTION = 0.3  # what a word of the question counts beside one of the statement
_BARE = 3  # words of content up to which a statement is nothing without its question
_MOST = 2  # sentences a statement may draw on
_GAIN = 0.08  # what the second must add to the share that is said
_MOST_COMPLETED = 4
_LACKING, _SPOKEN = 0.5, 0.75
_REACH = 2
_STRANGE = 0.26
_FLOOR = 0.6  # how good it must be beside the best, unless it stands next to it


def attribute(
    statement: str,
    evidence: Sequence[Evidence],
    read: Mapping[str, Words],
    reader: Reader,
    rarity: matching.Rarity,
    matched: Sequence[Matched] = (),
) -> tuple[tuple[Citation, ...], float, tuple[str, ...]]:
    """The spans of the evidence that say the statement, best first, and the weighted share of its
    words, in [0, 1], that they say. No citation without evidence.

    A verbatim sentence is found by its characters, any other by `matching.cover`. Neighbouring
    sentences become one span. `matched` are the questions with the same evidence matched to them:
    of two places that say "1700" the one that says more of the question is cited, and of a mere
    name or number the share is that of question and statement together.
    """
    for entry in evidence:
        if span := _verbatim(statement, entry):
            return (cite(entry, *span),), 1.0, ()
    (words,) = reader.words([statement])
    wanted = matching.target(words, rarity)
    candidates = matching.compare(wanted, evidence, read)
    scored = [
        (_with_question(wanted, matching.score(wanted, s), [n], matched, _QUESTION), s)
        for n, s in enumerate(candidates)
    ]
    chosen = matching.cover(wanted, scored, _MOST, _GAIN, _FLOOR)
    chosen = _completed(wanted, chosen, candidates)
    said = np.max([s.here for s in chosen], axis=0) if chosen else wanted.weights * 0
    citations, share = merged(chosen), matching.mean(wanted, said)
    if wanted.content.sum() <= _BARE:
        places = [n for n, s in enumerate(candidates) if s in chosen]
        share = _with_question(wanted, share, places, matched, 1.0)
    return citations, share, _strange(wanted, said, citations)


def _with_question(
    wanted: matching.Target,
    said: float,
    places: Sequence[int],
    matched: Sequence[Matched],
    weight: float,
) -> float:
    """The share of the statement that is said, and with it the share of the question, each of whose
    words counts `weight`, that the sentences at these places of the evidence say."""
    shares = [
        (
            max((matching.score(one.target, found[n]) for n in places), default=0.0),
            weight * float(one.target.weights.sum()),
        )
        for one, found in matched
    ]
    if not shares:
        return said
    own, (asked, more) = float(wanted.weights.sum()), max(shares)
    return (own * said + more * asked) / (own + more) if own + more else 0.0


def _completed(
    wanted: matching.Target, chosen: list[matching.Sentence], candidates: list[matching.Sentence]
) -> list[matching.Sentence]:
    """With up to two more sentences of the same document that say words still unsaid: two of them,
    or, near a chosen sentence, a name or number alone, where the statement says "López Obrador" and
    the quotation "he"."""
    while chosen and len(chosen) < _MOST_COMPLETED:
        lacking = wanted.content & (
            (np.max([s.here for s in chosen], axis=0) < _LACKING) | _unnamed(wanted, chosen)
        )
        helped = [
            (_close(sentence, chosen), float(wanted.weights @ more), -n, sentence)
            for n, sentence in enumerate(candidates)
            if (more := _more(wanted, lacking, sentence, chosen, candidates)) is not None
        ]
        if not helped:
            break
        chosen = [*chosen, max(helped, key=lambda entry: entry[:3])[3]]
    return chosen


def _unnamed(wanted: matching.Target, chosen: Sequence[matching.Sentence]) -> Any:
    """Which words are names or numbers that the sentences do not hold, as a mask: similar to one
    that they do hold is not enough."""
    words = {wording.fold(w) for s in chosen for w in re.findall(r"\w+", s.text)}
    keys = {key for s in chosen for key in wording.keys(wording.words(s.text))}
    text = wanted.words.text
    spoken = [text[start:end] for start, end in wanted.words.spans]
    return np.array(
        [
            (w[0].isupper() or w[0].isdigit())
            and wording.key(w) not in keys
            and not any(checking.related(wording.fold(w), other) for other in words)
            for w in spoken
        ],
        bool,
    )


def _more(
    wanted: matching.Target,
    lacking: Any,
    sentence: matching.Sentence,
    chosen: list[matching.Sentence],
    candidates: list[matching.Sentence],
) -> Any:
    """Which of the lacking words a sentence says, as a mask; None when it is of another document,
    or says one word that is no name or number, or too far away and not the year that is meant."""
    document = chosen[0].evidence.hit.passage.document_id
    if sentence in chosen or sentence.evidence.hit.passage.document_id != document:
        return None
    text = wanted.words.text
    spoken = [text[start:end] for start, end in wanted.words.spans]
    values = np.array([w[0].isupper() or w[0].isdigit() for w in spoken], bool)
    there = set(re.findall(r"\w+", sentence.text))
    same = np.array([w in there for w in spoken], bool)
    helped = lacking & ((sentence.here >= _SPOKEN) | (values & same))
    # A name stands for a pronoun that comes later.
    before = sentence.start < chosen[0].start and any(
        w[0].isupper() for w, more in zip(spoken, helped, strict=True) if more
    )
    enough = helped.sum() > 1 or (
        (_close(sentence, chosen) or before) and bool((helped & values).any())
    )
    years = set(figures.years(sentence.text))
    dated = any(more and w in years for w, more in zip(spoken, helped, strict=True))
    return helped if enough or (dated and _dates(sentence, chosen[0], candidates)) else None


def _dates(
    sentence: matching.Sentence, later: matching.Sentence, candidates: list[matching.Sentence]
) -> bool:
    """Whether the year of a sentence is that of a later one of the passage: none has one since."""
    since = [
        s
        for s in candidates
        if s.evidence is later.evidence and sentence.start < s.start <= later.start
    ]
    return later in since and not any(year for s in since for year in figures.years(s.text))


def _close(sentence: matching.Sentence, chosen: list[matching.Sentence]) -> bool:
    """Whether a sentence stands near one of those chosen."""
    return any(
        s.evidence is sentence.evidence and abs(s.order - sentence.order) <= _REACH for s in chosen
    )


def _strange(
    wanted: matching.Target, said: matching.Floats, citations: Sequence[Citation]
) -> tuple[str, ...]:
    """Words of content that have no relation in what is cited, neither by form nor by meaning."""
    # A model may name the file: "according to the passage from minutes.txt".
    texts = [f"{c.quote} {c.title} {re.sub(r'[/._-]', ' ', c.source)}" for c in citations]
    words = {key for text in texts for key in wording.keys(wording.words(text))}
    folded = {wording.fold(word) for text in texts for word in re.findall(r"\w+", text)}
    found = list[str]()
    for n in np.flatnonzero(wanted.content & (said < _STRANGE)):
        word = wanted.words.text[slice(*wanted.words.spans[n])]
        if (
            not any(c.isdigit() for c in word)
            and wording.key(word) not in words
            and not any(checking.related(wording.fold(word), other) for other in folded)
        ):
            found.append(word)
    return tuple(dict.fromkeys(found))


def cite(entry: Evidence, start: int, end: int) -> Citation:
    """A citation of `document.text[start:end]`, which must lie in the entry's passage."""
    passage = entry.hit.passage
    return Citation(
        number=entry.number,
        document_id=passage.document_id,
        title=passage.title,
        published=passage.published,
        source=passage.source,
        start=start,
        end=end,
        quote=passage.text[start - passage.start : end - passage.start],
        page=page_of(passage.pages, start),
    )


def numbered(citations: Sequence[Citation], numbers: dict[int, int]) -> tuple[Citation, ...]:
    """Citations under the numbers that readers see, which count passages in the order of their
    first use; `numbers` maps evidence numbers to them and is extended."""
    return tuple(
        replace(c, number=numbers.setdefault(c.number, len(numbers) + 1)) for c in citations
    )


def merged(sentences: Sequence[matching.Sentence]) -> tuple[Citation, ...]:
    """One citation for each run of sentences with nothing but white space between them."""
    spans = list[tuple[Evidence, int, int]]()
    for sentence in sorted(sentences, key=lambda s: (s.evidence.number, s.start)):
        if spans and spans[-1][0] is sentence.evidence:
            entry, start, end = spans[-1]
            passage = entry.hit.passage
            between = passage.text[end - passage.start : sentence.start - passage.start]
            if not between.strip():
                spans[-1] = entry, start, sentence.end
                continue
        spans.append((sentence.evidence, sentence.start, sentence.end))
    if not sentences:
        return ()
    best = sentences[0]
    number = best.evidence.number

    def rank(span: tuple[Evidence, int, int]) -> tuple[bool, bool]:
        entry, start, end = span
        return entry.number != number, not start <= best.start < end

    return tuple(cite(*span) for span in sorted(spans, key=rank))


def _verbatim(statement: str, entry: Evidence) -> tuple[int, int] | None:
    """Where the passage has this very sentence, the whole of it: "the council had cut the budget"
    is not said by "he denied that the council had cut the budget"."""
    passage, words = entry.hit.passage, statement.split()
    for start, end in of_text(passage.text):
        if passage.text[start:end].split() == words:
            return passage.start + start, passage.start + end
    return None
