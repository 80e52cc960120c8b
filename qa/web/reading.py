"""A document as plain data for reading: its text, cut where the index cuts it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import qa
from qa.web import source, strings
from qa.web.components import Data
from qa.web.strings import say

AT_ONCE = 100  # passages


def view(
    document: qa.Document,
    passages: Sequence[qa.Passage],
    first: int,
    spans: Sequence[tuple[int, int]],
    root: Path,
) -> Data:
    """The document from its `first` passage on, `AT_ONCE` of them, and what lies between them, with
    marked spans."""
    head = source.view(document, [], root)
    some = passages[first : first + AT_ONCE]
    if len(some) == len(passages):
        count = say(strings.PASSAGE_COUNT, n=len(passages))
    else:
        last = first + len(some)
        count = say(strings.PASSAGES_OF, first=first + 1, last=last, n=len(passages))
    origin = f" ({head['origin']})" if head["origin"] else ""
    return {
        "title": document.title,
        "count": count,
        "about": f"{head['date']}{origin} · {'' if head['url'] else head['place']}",
        "url": head["url"],
        "also": head["also"],
        "parts": list(_parts(document, some, first, spans)),
    }


def _parts(
    document: qa.Document,
    passages: Sequence[qa.Passage],
    first: int,
    spans: Sequence[tuple[int, int]],
) -> Iterator[Data]:
    at = passages[0].start if first else document.body
    for number, passage in enumerate(passages, start=first + 1):
        if between := document.text[at : passage.start].strip():
            yield {"pieces": [{"text": between, "marked": False}], "label": ""}
        label = [say(strings.PASSAGE_NUMBERED, number=number)]
        if page := document.page(passage.start):
            label.append(say(strings.PAGE, page=page))
        pieces = source.pieces(document.text, passage.start, passage.end, spans)
        yield {"pieces": pieces, "label": " · ".join(label)}
        at = max(at, passage.end)
