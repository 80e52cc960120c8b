"""A document as plain data for reading: its text, cut where the index cuts it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import qa
from qa.web import source
from qa.web.components import Data

AT_ONCE = 100  # passages


def view(document: qa.Document, passages: Sequence[qa.Passage], first: int, root: Path) -> Data:
    """The document from its `first` passage on, `AT_ONCE` of them, and what lies between them."""
    head = source.view(document, [], root)
    some = passages[first : first + AT_ONCE]
    whole = "1 passage" if len(passages) == 1 else f"{len(passages):,} passages"
    part = f"passages {first + 1:,} to {first + len(some):,} of {whole}"
    origin = f" ({head['origin']})" if head["origin"] else ""
    return {
        "title": document.title,
        "count": whole if len(some) == len(passages) else part,
        "about": f"{head['date']}{origin} · {'' if head['url'] else head['place']}",
        "url": head["url"],
        "also": head["also"],
        "parts": list(_parts(document, some, first)),
    }


def _parts(document: qa.Document, passages: Sequence[qa.Passage], first: int) -> Iterator[Data]:
    at = passages[0].start if first else document.body
    for number, passage in enumerate(passages, start=first + 1):
        if between := document.text[at : passage.start].strip():
            yield {"text": between, "label": ""}
        page = document.page(passage.start)
        size = f"{passage.tokens} token{'' if passage.tokens == 1 else 's'}"
        label = [f"Passage {number:,}", size, *([f"page {page}"] if page else [])]
        yield {"text": passage.text, "label": " · ".join(label)}
        at = max(at, passage.end)
