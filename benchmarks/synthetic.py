"""Large collections made of real passages: distinct texts, real words, and vectors with the
geometry of real ones, without embedding each text.

Passage `n` joins a run of words of one real passage and a run of another; its vector mixes their
MiniLM vectors in the same shares, with a little noise. Everything follows from `n` alone.
"""

import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

import numpy as np

from qa.models import Vectors
from qa.models.minilm import MiniLM

FIRST_DAY, DAYS = date(2014, 1, 1), 3652  # the dates spread over ten years
NOISE = 0.25  # length of the random part of a vector
_A_FILE = 1_000  # passages
_NUMBER = re.compile(r"#(\d+)")

Base = Sequence[tuple[str, str]]
"""Titles and texts of real passages."""


class Mixer:
    """An embedder of synthetic passages, known by the number in their title; any other text, such
    as a question, is read by MiniLM itself, so an index it built is searched with the default."""

    name = MiniLM.name

    def __init__(self, base: Base, vectors: Vectors) -> None:
        """`vectors` are MiniLM's of the base passages, shape (len(base), 384)."""
        self._base, self._vectors, self._reader = base, vectors, MiniLM()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), 384)."""
        numbers = [_NUMBER.search(text.split("\n", 1)[0]) for text in texts]
        rest = [text for text, n in zip(texts, numbers, strict=True) if not n]
        read = iter(self._reader.embed(rest) if rest else ())
        rows = [self._mixed(int(n[1])) if n else next(read) for n in numbers]
        return np.stack(rows) if rows else np.zeros((0, self._vectors.shape[1]), np.float32)

    def _mixed(self, n: int) -> Vectors:
        one, other, share, _ = _recipe(n, len(self._base))
        noise = np.random.default_rng(n).normal(size=self._vectors.shape[1])
        mixed = share * self._vectors[one] + (1 - share) * self._vectors[other]
        mixed = mixed / np.linalg.norm(mixed) + NOISE * noise / np.linalg.norm(noise)
        unit: Vectors = (mixed / np.linalg.norm(mixed)).astype(np.float32)
        return unit


def record(n: int, base: Base) -> dict[str, str]:
    """Passage `n` as a record to index: title, date and text, short enough to stay one passage."""
    one, other, share, random = _recipe(n, len(base))
    length = random.randint(60, 105)
    first = round(share * length)
    words = _run(base[one][1], first, random) + _run(base[other][1], length - first, random)
    day = FIRST_DAY + timedelta(random.randrange(DAYS))
    return {"title": f"{base[one][0]} #{n}", "date": day.isoformat(), "text": " ".join(words)}


def write(folder: Path, base: Base, size: int) -> None:
    """Writes `size` records into JSONL files of a thousand."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, size, _A_FILE):
        rows = [record(n, base) for n in range(first, min(size, first + _A_FILE))]
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"part-{first // _A_FILE:04d}.jsonl").write_text(lines, "utf-8")


def _recipe(n: int, passages: int) -> tuple[int, int, float, Random]:
    """Two base passages, the share of the first, and what draws the rest."""
    random = Random(n)
    one, other = random.sample(range(passages), 2)
    return one, other, random.uniform(0.5, 0.95), random


def _run(text: str, length: int, random: Random) -> list[str]:
    words = text.split()
    start = random.randint(0, max(0, len(words) - length))
    return words[start : start + length]
