"""A document as plain data for the source view, in pieces that are marked or not."""

from collections.abc import Sequence
from pathlib import Path

import qa
from qa.web import strings
from qa.web.answer import day, place
from qa.web.components import Data
from qa.web.strings import say

_AROUND = 60_000  # characters sent on each side of the first mark


def view(document: qa.Document, spans: Sequence[tuple[int, int]], root: Path) -> Data:
    """The document's text without its header, cut into marked and unmarked pieces."""
    text = document.text
    spans = _apart(spans, 0, len(text))
    first = spans[0][0] if spans else document.body
    low = max(min(document.body, first), first - _AROUND)
    high = max(min(len(text), first + _AROUND), spans[-1][1] if spans else 0)
    return {
        "title": document.title,
        "date": day(document.published),
        "origin": _origin(document),
        "also": [place(other, root) for other in document.also_in],
        "place": place(document.source, root),
        "page": document.page(spans[0][0]) if spans else None,
        "url": document.source if document.source.startswith(("http://", "https://")) else "",
        "pieces": pieces(text, low, high, spans),
        "before": low > document.body,
        "after": high < len(text),
    }


def pieces(text: str, low: int, high: int, spans: Sequence[tuple[int, int]]) -> list[Data]:
    """The text from `low` to `high`, cut where a span begins or ends, and what of it is marked."""
    found, at = list[tuple[str, bool]](), low
    for start, end in _apart(spans, low, high):
        found += [(text[at:start], False), (text[start:end], True)]
        at = end
    found.append((text[at:high], False))
    return [{"text": piece, "marked": mark} for piece, mark in found if piece]


def _origin(document: qa.Document) -> str:
    place = strings.DATE_FROM.get(document.published_from or "")
    return say(strings.DATE_IS_FROM, place=place) if place else ""


def _apart(spans: Sequence[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    """What of the spans lies from `low` to `high`, in order, without overlaps."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        start = max(start, apart[-1][1] if apart else low)
        if start < min(end, high):
            apart.append((start, min(end, high)))
    return apart
