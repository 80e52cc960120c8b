"""A document as plain data for the source view, in pieces that are marked or not."""

from collections.abc import Sequence
from pathlib import Path

import qa
from qa.web import strings
from qa.web.answer import day, place
from qa.web.components import Data

_AROUND = 60_000  # characters sent on each side of the first mark


def view(document: qa.Document, spans: Sequence[tuple[int, int]], root: Path) -> Data:
    """The document's text without its header, cut into marked and unmarked pieces."""
    text, spans = document.text, _apart(spans, len(document.text))
    first = spans[0][0] if spans else document.body
    low = max(min(document.body, first), first - _AROUND)
    high = min(len(text), first + _AROUND)
    pieces, at = [], low
    for start, end in spans:
        pieces += [(text[at:start], False), (text[start:end], True)]
        at = end
    pieces.append((text[at : max(at, high)], False))
    return {
        "title": document.title,
        "date": day(document.published),
        "origin": strings.DATE_FROM.get(document.published_from or "", ""),
        "also": [place(other, root) for other in document.also_in],
        "place": place(document.source, root),
        "page": document.page(spans[0][0]) if spans else None,
        "url": document.source if document.source.startswith(("http://", "https://")) else "",
        "pieces": [{"text": piece, "marked": mark} for piece, mark in pieces if piece],
        "before": low > document.body,
        "after": max(at, high) < len(text),
    }


def _apart(spans: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """The spans inside the text, in order, without overlaps."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        start = max(start, apart[-1][1] if apart else 0)
        if start < min(end, length):
            apart.append((start, min(end, length)))
    return apart
