"""Do the documents speak of what is asked? Which words of a question have no relation in the
passages that come nearest to answering it.

This tells questions of another topic from answerable ones almost without error, and the plainer
near misses ("how many tanks ..."). It cannot tell a question whose every word is there, but not the
fact; that takes a language model.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from qa import matching
from qa.checking import fold, initials, related
from qa.lexical import analyse
from qa.models import Embedder
from qa.questions import Asked
from qa.wording import FEW, GENERAL, SOME_OF

# Shares of the question that the best sentence must say: to be quoted, and for a model to be
# called, which knows more words for the same than this does, and is checked afterwards.
ON_TOPIC, WORTH_A_MODEL = 0.44, 0.405
NAMED = 0.5  # similarity in context that stands in for a name that is not there
# Similarity in context and by itself, added up, at which another word stands for a missing one:
# "hosted" for "held" reaches 1.0, "caravans" for "tanks" 0.7.
RELATED = 0.8
_LIFE = re.compile(r"\((?:[^()]*\s)?\d{3,4}\s?[–-]\s?(?:c\.\s?)?\d{3,4}\)")  # "(1249–1314)"
# Behind "what" and "which" these say of what kind the answer is, which need not say so itself, and
# so does a number there, or before "of": "in which region", "who were two of the advisers".
_KINDS_WORDS = """
area areas region regions city cities town towns state states nation nations province location
continent body bodies organization organisation institution agency company event events concept
idea term title topic issue problem reason cause effect result factor feature aspect category class
example role position decade century period era season
"""
_KIND = re.compile(rf"(?:{'|'.join(_KINDS_WORDS.split())}|{FEW})\b", re.IGNORECASE)
_ASKED_FOR = re.compile(rf"\b(?:what|which)\s(?:{FEW}\s)?\Z", re.IGNORECASE)
_TYPO = 0.88  # share of letters that a mistyped word has in common with the one meant


def unspoken(
    asked: Asked,
    best: matching.Sentence,
    sentences: Sequence[matching.Sentence],
    embedder: Embedder,
) -> list[str]:
    """The names of the question that the document of its best sentence does not speak of, and the
    words that the passage does not; all its words when even that sentence says too little of it.

    One word that is missing does not count while no name of the question is found: then the
    passage may say all in other words.
    """
    target, text = asked.target, asked.target.words.text
    words = [
        (n, text[start:end], start > 0 and text[start].isupper())
        for n, (start, end) in enumerate(target.words.spans)
        if target.content[n]
    ]
    if matching.score(target, best) < ON_TOPIC:
        return [word for _, word, _ in words] or [asked.query.question]
    passage = best.evidence.hit.passage
    lives = "born died" if _LIFE.search(passage.text) else ""
    here = _Vocabulary(f"{passage.title} {passage.text} {lives}")
    # What a document is about it need not name in each passage.
    others = {s.evidence.hit.passage for s in sentences} - {passage}
    around = " ".join(p.text for p in others if p.document_id == passage.document_id)
    near = np.max([s.near for s in sentences if s.evidence is best.evidence], axis=0)
    unheld = [(n, w, named) for n, w, named in words if w.isalpha() and not here.holds(w)]
    nameless = [w for n, w, named in unheld if named and near[n] < NAMED]
    elsewhere = _Vocabulary(around if nameless else "")
    absent = [w for w in nameless if not elsewhere.holds(w)]
    strange = [
        (n, w)
        for n, w, named in unheld
        if not named
        and near[n] < RELATED
        and w.casefold() not in GENERAL
        and not _is_asked_for(text, target.words.spans[n][0])
    ]
    related = here.nearest([w for _, w in strange], embedder)
    missing = [w for (n, w), by in zip(strange, related, strict=True) if near[n] + by < RELATED]
    found = any(named and here.holds(w) for _, w, named in words)
    return absent + missing if absent or found or len(missing) > 1 else []


def _is_asked_for(question: str, start: int) -> bool:
    """Whether the word that begins there says of what kind the answer is, or how many."""
    if SOME_OF.match(question, start):
        return True
    return bool(_KIND.match(question, start) and _ASKED_FOR.search(question, 0, start))


class _Vocabulary:
    """The words of some passages."""

    def __init__(self, text: str) -> None:
        words = re.findall(r"\w+", text)
        self._words = sorted({w.casefold() for w in words if len(w) > 1})
        self._folded = {fold(w) for w in self._words}
        self._terms = {term for w in self._words for term in analyse(w)}
        self._initials = initials(text)

    def holds(self, word: str) -> bool:
        """Whether the word is there, in another form, as initials, or but for a slip."""
        folded = fold(word)
        return (
            set(analyse(word)) <= self._terms
            or folded in self._initials
            or any(related(folded, other) or _slip(folded, other) for other in self._folded)
        )

    def nearest(self, words: Sequence[str], embedder: Embedder) -> list[float]:
        """For each word the best cosine with a word that is there, both taken by themselves."""
        if not words or not self._words:
            return [0.0] * len(words)
        vectors = embedder.embed([*words, *self._words])
        similar = vectors[: len(words)] @ vectors[len(words) :].T
        return [float(best) for best in similar.max(axis=1)]


def _slip(word: str, other: str) -> bool:
    return (
        len(word) > 5
        and word[0] == other[0]
        and abs(len(word) - len(other)) < 2
        and (SequenceMatcher(None, word, other).ratio() >= _TYPO or sorted(word) == sorted(other))
    )
