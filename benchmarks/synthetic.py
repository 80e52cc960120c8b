"""Large collections made of real passages: distinct texts, real words, and vectors with the
geometry of real ones, without embedding each text.

Passage `n` joins a run of words of one real passage and a run of another; its words keep the
vectors that MiniLM gave them where they stood, and its own vector mixes those of the two passages
in the same shares, with a little noise. Everything follows from `n` alone.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import numpy as np

from qa.models import Vectors, Words
from qa.models.minilm import MiniLM

FIRST_DAY, DAYS = date(2014, 1, 1), 3652  # the dates spread over ten years
NOISE = 0.25  # length of the random part of a vector
_A_FILE = 1_000  # passages
_NUMBER = re.compile(r"#(\d+)")

Base = Sequence[tuple[str, str]]
"""Titles and texts of real passages."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Two base passages, the share of the first, and the run of each: offsets in its text."""

    one: int
    other: int
    share: float
    first: tuple[int, int]
    second: tuple[int, int]
    day: date


class Mixer:
    """A reader of synthetic passages, known by the number in their title; any other text, such
    as a question, is read by MiniLM itself, so an index it built is searched with the default."""

    name = MiniLM.name

    def __init__(self, base: Base) -> None:
        """Reads the base passages, which takes a second for about thirty."""
        self._base, self._reader = base, MiniLM()
        self._read = self._reader.words([f"{title}\n{text}" for title, text in base])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), 384)."""
        return np.stack([words.whole for words in self.words(texts)])

    def words(self, texts: Sequence[str]) -> list[Words]:
        """The words of each text; of a synthetic one without the number and date in its title."""
        numbers = [_NUMBER.search(text.split("\n", 1)[0]) for text in texts]
        rest = [text for text, n in zip(texts, numbers, strict=True) if not n]
        read = iter(self._reader.words(rest) if rest else ())
        return [
            self._mixed(text, int(n[1])) if n else next(read)
            for text, n in zip(texts, numbers, strict=True)
        ]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Number of MiniLM's tokens in each text."""
        return self._reader.count(texts)

    def _mixed(self, text: str, n: int) -> Words:
        recipe = _recipe(n, self._base)
        one, other = self._read[recipe.one], self._read[recipe.other]
        title = len(self._base[recipe.one][0])
        begin = text.find("\n") + 1
        then = begin + recipe.first[1] - recipe.first[0] + 1
        runs = [
            (one, (0, title), 0),
            (one, _shifted(recipe.first, title + 1), begin),
            (other, _shifted(recipe.second, len(self._base[recipe.other][0]) + 1), then),
        ]
        kept = [
            (words.vectors[row], (start - run[0] + to, end - run[0] + to))
            for words, run, to in runs
            for row, (start, end) in enumerate(words.spans)
            if run[0] <= start and end <= run[1]
        ]
        noise = np.random.default_rng(n).normal(size=one.whole.size)
        whole = _unit(recipe.share * one.whole + (1 - recipe.share) * other.whole)
        whole = _unit(whole + NOISE * _unit(noise)).astype(np.float32)
        return Words(text, tuple(s for _, s in kept), np.stack([v for v, _ in kept]), whole)


def record(n: int, base: Base) -> dict[str, str]:
    """Passage `n` as a record to index: title, date and text, short enough to stay one passage."""
    recipe = _recipe(n, base)
    texts = [
        base[recipe.one][1][slice(*recipe.first)],
        base[recipe.other][1][slice(*recipe.second)],
    ]
    title = f"{base[recipe.one][0]} #{n}"
    return {"title": title, "date": recipe.day.isoformat(), "text": " ".join(texts)}


def write(folder: Path, base: Base, size: int) -> None:
    """Writes `size` records into JSONL files of a thousand."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, size, _A_FILE):
        rows = [record(n, base) for n in range(first, min(size, first + _A_FILE))]
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"part-{first // _A_FILE:04d}.jsonl").write_text(lines, "utf-8")


def _recipe(n: int, base: Base) -> _Recipe:
    random = Random(n)
    one, other = random.sample(range(len(base)), 2)
    share, length = random.uniform(0.5, 0.95), random.randint(60, 105)
    first = _run(base[one][1], round(share * length), random)
    second = _run(base[other][1], length - round(share * length), random)
    return _Recipe(one, other, share, first, second, FIRST_DAY + timedelta(random.randrange(DAYS)))


def _run(text: str, length: int, random: Random) -> tuple[int, int]:
    """Offsets of `length` words in a row, or of the whole text."""
    words = list(re.finditer(r"\S+", text))
    start = random.randint(0, max(0, len(words) - length))
    return words[start].start(), words[min(len(words), start + length) - 1].end()


def _shifted(run: tuple[int, int], by: int) -> tuple[int, int]:
    return run[0] + by, run[1] + by


def _unit(vector: Vectors) -> Vectors:
    unit: Vectors = vector / np.linalg.norm(vector)
    return unit
