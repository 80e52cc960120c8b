"""Documents to passages: runs of whole sentences, with exact offsets."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from math import ceil

from qa.sentences import Span, sentences
from qa.types import Document, Passage

Counter = Callable[[Sequence[str]], list[int]]
"""Number of the embedding model's tokens in each text."""

VERSION = "1"  # of the rules here; a change splits every document again


def split(document: Document, count: Counter, size: int) -> list[Passage]:
    """Passages of at most `size` model tokens, cut between sentences and of even length.

    A sentence is cut only when it alone is longer. `document.text[p.start:p.end] == p.text`.
    """
    text = document.text
    spans = sentences(text, document.body)
    count = _bounded(count)
    lengths = count([text[start:end] for start, end in spans])
    pieces = [
        piece
        for span, length in zip(spans, lengths, strict=True)
        for piece in ([(span, length)] if length <= size else _cut(text, span, length, count, size))
    ]
    return [
        Passage(
            id=f"{document.id}:{start}-{end}",
            document_id=document.id,
            title=document.title,
            published=document.published,
            source=document.source,
            text=text[start:end],
            start=start,
            end=end,
            pages=document.pages,
        )
        for start, end in _packed(pieces, size)
    ]


def _bounded(count: Counter) -> Counter:
    """`count`, at least one token for 16 characters: to MiniLM a word past 100 letters, and so a
    clause of Thai or a line of base64, is a single token. English has about 5 a token."""
    return lambda texts: [
        max(n, ceil(len(text) / 16)) for text, n in zip(texts, count(texts), strict=True)
    ]


def searchable(passage: Passage) -> str:
    """What is embedded and indexed for a passage: its title and date, then its text."""
    dated = f" ({_in_words(passage.published)})" if passage.published else ""
    return f"{passage.title[:200]}{dated}\n{passage.text}"


@lru_cache(1_000)  # all passages of a document have the same
def _in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _packed(pieces: list[tuple[Span, int]], size: int) -> Iterator[Span]:
    """Runs of pieces, as few as fit and about equally long."""
    left = sum(length for _, length in pieces)
    run, used, goal = list[Span](), 0, left / max(1, ceil(left / size))
    for span, length in pieces:
        # Past what fits, or nearer to the even share without this piece, the next run begins.
        if run and (used + length > size or used + length / 2 > goal):
            yield run[0][0], run[-1][1]
            left -= used
            run, used, goal = [], 0, left / ceil(left / size)
        run.append(span)
        used += length
    if run:
        yield run[0][0], run[-1][1]


def _cut(text: str, span: Span, length: int, count: Counter, size: int) -> list[tuple[Span, int]]:
    """A sentence that is too long, in parts of at most `size` tokens, at spaces where it can."""
    start, end = span
    step = max(1, (end - start) * size // (length + 1))
    parts = list[Span]()
    while start < end:
        stop = min(end, start + step)
        if stop < end and (space := text.rfind(" ", start + max(1, step // 2), stop)) > 0:
            stop = space
        parts.append((start, stop))
        start = stop
    counted = zip(parts, count([text[a:b] for a, b in parts]), strict=True)
    return [
        piece
        for part, n in counted
        for piece in (
            [(part, n)] if n <= size or part[1] - part[0] < 2 else _cut(text, part, n, count, size)
        )
    ]
