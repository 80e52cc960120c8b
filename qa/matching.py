"""How much of one text another one says, word by word.

Each word of the text in question looks for its nearest word in the other, by the vectors that both
have in context (late interaction, Khattab and Zaharia 2020), and counts by its rarity. One measure
serves four stages: which sentences answer a question, where a statement is said, how much of it
is said there, and whether the documents speak of what was asked at all. On SQuAD the best
sentence by it holds the answer in 77 %, by word overlap in 69, by cosine in 59
(benchmarks/quoting.py).
"""

from calendar import month_name
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qa.lexical import analyse
from qa.models import Words
from qa.sentences import is_heading, of_text
from qa.types import Evidence

Floats = npt.NDArray[np.float32]
Rarity = Callable[[Sequence[str]], Mapping[str, float]]
"""Inverse document frequency of index terms."""

# What a word counts that is found beside the sentence, in its neighbours or the title: a name or
# number stands there for a pronoun, any other word is only near.
NAME_BESIDE, WORD_BESIDE = 0.9, 0.5
INEXACT = 0.3  # what another number or month than the wanted one counts
_MONTHS = frozenset(month.casefold() for month in month_name if month)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A text to be matched: its words, what each counts, and which of them carry content."""

    words: Words
    weights: Floats
    content: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A sentence of the evidence and how well it says each word of the target.

    `here` holds for each word of the target the best similarity in the sentence itself, `near`
    also what its neighbours, the title and the date add. `order` counts the sentences of the
    passage; `start` and `end` are offsets in the document.
    """

    evidence: Evidence
    order: int
    start: int
    end: int
    text: str
    here: Floats
    near: Floats


def target(words: Words, rarity: Rarity) -> Target:
    """Weighs words: the fourth root of the rarity for content, 1 for function words ("when" finds
    dates), nothing for punctuation. Rarity itself, and its square root, ranked no better."""
    terms = [analyse(words.text[start:end]) for start, end in words.spans]
    rarities = rarity([term for found in terms for term in found])
    weights = [
        max(rarities[term] for term in found) ** 0.25
        if found
        else float(any(c.isalnum() for c in words.text[start:end]))
        for found, (start, end) in zip(terms, words.spans, strict=True)
    ]
    return Target(words, np.array(weights, np.float32), np.array([bool(t) for t in terms], bool))


def compare(
    wanted: Target, evidence: Sequence[Evidence], read: Mapping[str, Words]
) -> list[Sentence]:
    """Every sentence of the evidence, matched; `read` holds the words of each passage's
    `searchable` text by passage id."""
    words = [read[entry.hit.passage.id] for entry in evidence]
    if not words:
        return []
    # One product for all: on a busy machine each costs more to begin than to do.
    cuts = np.cumsum([len(some.spans) for some in words])[:-1]
    similar = np.split(_similarities(wanted.words, words), cuts, axis=1)
    return [
        sentence
        for entry, some, found in zip(evidence, words, similar, strict=True)
        for sentence in _sentences(entry, some, found)
    ]


def score(wanted: Target, sentence: Sentence) -> float:
    """Weighted mean, in [0, 1], of how well the sentence, read in its place, says the target."""
    return mean(wanted, sentence.near)


def said(wanted: Target, words: Floats, in_passages: Iterable[Floats]) -> list[float]:
    """Weighted mean, in [0, 1], of how well each passage, read as one, says the target. `words`
    are the target's word vectors as comparable with those of the passages, shapes (n, d)."""
    # One by one: a passage fits into the processor's cache, and for all at once the library of
    # matrices would wake every core.
    return [mean(wanted, (words @ p.T).max(axis=1, initial=0)) for p in in_passages]


def mean(wanted: Target, similarities: Floats) -> float:
    """Weighted mean of similarities over the target's words; 0 where none counts."""
    total = float(wanted.weights.sum())
    return float(wanted.weights @ similarities) / total if total else 0.0


def cover(
    wanted: Target, scored: Sequence[tuple[float, Sentence]], most: int, gain: float, floor: float
) -> list[Sentence]:
    """The best sentence, then each that adds at least `gain` to the weighted mean of what those
    chosen say, at most `most`: greedy maximisation of a submodular coverage.

    A neighbour of a chosen sentence may always be added, another only when it scores at least
    `floor` times the best.
    """
    if not scored:
        return []
    top, best = max(scored, key=lambda pair: pair[0])
    chosen, said = [best], best.here
    while len(chosen) < most:
        added = [
            (mean(wanted, np.maximum(said, s.here)) - mean(wanted, said), s)
            for value, s in scored
            if s not in chosen and (value >= floor * top or any(_adjacent(s, c) for c in chosen))
        ]
        more, best = max(added, key=lambda pair: pair[0], default=(0.0, best))
        if more < gain:
            break
        chosen, said = [*chosen, best], np.maximum(said, best.here)
    return chosen


def _adjacent(one: Sentence, other: Sentence) -> bool:
    return one.evidence is other.evidence and abs(one.order - other.order) == 1


def _sentences(entry: Evidence, words: Words, similar: Floats) -> list[Sentence]:
    """The sentences of a passage, `similar` being how well its words say those of the target."""
    passage = entry.hit.passage
    # Offsets in the passage; the words of title and date in front of it become negative.
    starts = np.array([start for start, _ in words.spans]) - (len(words.text) - len(passage.text))
    beside = similar * _beside(words, starts)
    spans = [span for span in of_text(passage.text) if not is_heading(passage.text[slice(*span)])]
    found = list[Sentence]()
    for order, (start, end) in enumerate(spans):
        first, last = spans[max(0, order - 1)][0], spans[min(order + 1, len(spans) - 1)][1]
        here = _best(similar, (starts >= start) & (starts < end))
        around = _best(beside, (starts < 0) | ((starts >= first) & (starts < last)))
        found.append(
            Sentence(
                entry,
                order,
                passage.start + start,
                passage.start + end,
                passage.text[start:end],
                here,
                np.maximum(here, around),
            )
        )
    return found


def _beside(words: Words, starts: npt.NDArray[np.int_]) -> Floats:
    """What each word counts for the sentences next to it. A number or month of a neighbour belongs
    to another fact; in front of the passage it is the date of all."""
    counts = []
    for start, (first, last) in zip(starts, words.spans, strict=True):
        word = words.text[first:last]
        dated = word[0].isdigit() or word.casefold() in _MONTHS
        named = word[0].isupper() or dated
        counts.append(NAME_BESIDE if named and (start < 0 or not dated) else WORD_BESIDE)
    return np.array(counts, np.float32)


def _similarities(wanted: Words, passages: Sequence[Words]) -> Floats:
    """Cosine of each wanted word with each word of the passages, in order, negative ones as 0;
    numbers and months count in full only where they are the same."""
    vectors = np.concatenate([words.vectors for words in passages])
    similar: Floats = np.maximum(wanted.vectors @ vectors.T, 0)
    spoken = [words.text[start:end] for words in passages for start, end in words.spans]
    texts = np.array([word.casefold() for word in spoken])
    for row, (start, end) in enumerate(wanted.spans):
        word = wanted.text[start:end].casefold()
        if word in _MONTHS or any(c.isdigit() for c in word):
            similar[row] *= np.where(texts == word, 1, INEXACT)
    return similar


def _best(similar: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    if not where.any():
        return np.zeros(len(similar), np.float32)
    best: Floats = similar[:, where].max(axis=1)
    return best
