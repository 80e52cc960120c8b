"""PDF: the text of each page, and where the pages begin. A page without text is listed."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from threading import Lock
from typing import Any

from qa.errors import LoadError
from qa.loading.dates import to_date
from qa.loading.text import compose, guarded, normalise
from qa.types import Document, Failure

_ONE_AT_A_TIME = Lock()  # PDFium is not safe to use from two threads
_PASSWORD = 4  # FPDF_ERR_PASSWORD
MOST_PAGES = 5_000
_BREAK = "\ufffe"  # PDFium writes this for a hyphen at a line's end, and drops the line end
# What a publisher says of the document (PRISM, Dublin Core) in its XMP, which by the standard is
# plain text in the file. CreationDate and xmp:CreateDate are when the file was made.
_PUBLISHED = re.compile(
    rb"\b(?:prism:(?:publicationDate|coverDate)|dcterms:issued)"
    rb"(?:\s*=\s*[\"']|[^<>]{0,200}>(?:\s*+<rdf:\w{1,9}>){0,2})\s*+(\d[\d:T.Z+-]+)"
)
_PROGRAM = re.compile(r"microsoft word - |untitled|.*\.\w{2,5}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page: where it is, in points from the page's foot, and how large its type is."""

    words: str
    top: float
    bottom: float
    height: float


def load(data: bytes, source: str, stem: str) -> tuple[list[Document], list[Failure]]:
    """One document; the pages that hold something but no text are one failure."""
    with _ONE_AT_A_TIME, guarded("the PDF is damaged: open it in a viewer and save it again"):
        title, pages, silent = _read(data)
    failures = [Failure(source, _unread(silent, len(pages)))] if silent else []
    if not any(pages):
        raise LoadError(failures[0].error if failures else "every page is empty: remove the file")
    text, starts = _joined(_mended(pages))
    published = _published(data)
    return [compose(normalise(text), source, stem, title, published, pages=starts)], failures


def _published(data: bytes) -> date | None:
    """The one date of publication that is stated; photographs in it may state others."""
    packets = [part.partition(b"</x:xmpmeta>")[0] for part in data.split(b"<x:xmpmeta")[1:]]
    stated = [day for packet in packets for day in _PUBLISHED.findall(packet)]
    days = {day for day in (to_date(day.decode("ascii")) for day in stated) if day}
    return days.pop() if len(days) == 1 else None


def _read(data: bytes) -> tuple[str, list[str], list[int]]:
    """Title, the text of each page, and the numbers of those that show something else."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD:
            raise LoadError(
                "the PDF asks for a password: save a copy without one and index that"
            ) from None
        raise LoadError("not a whole PDF: download or export it again") from None
    with document:
        if len(document) > MOST_PAGES:
            raise LoadError(
                f"it has {len(document):,} pages, more than {MOST_PAGES:,}: divide it into files"
            )
        title = document.get_metadata_value("Title").strip()
        pages, silent = list[str](), list[int]()
        for number in range(1, len(document) + 1):
            try:
                page = document[number - 1]
                text = _page_text(page)
                shows = bool(text) or next(page.get_objects(max_depth=1), None) is not None
            except pypdfium2.PdfiumError:
                text, shows = "", True
            pages.append(text)
            if shows and not text:
                silent.append(number)
    return "" if _PROGRAM.match(title) else title, pages, silent


def _page_text(page: Any) -> str:
    """The page's lines, with an empty one where the page shows a gap or another size of type."""
    import pypdfium2.raw as pdfium

    shown = page.get_textpage()
    text, start, lines = shown.get_text_range(), 0, list[_Line]()

    def box(index: int) -> tuple[float, float]:
        """Top and bottom of the type at an index of the text."""
        character = pdfium.FPDFText_GetCharIndexFromTextIndex(shown, index)
        _, bottom, _, top = shown.get_charbox(max(0, character), loose=True)
        return top, bottom

    for line in text.split("\r\n"):
        words = unicodedata.normalize("NFC", re.sub(r"[\0\r\n\x0c]", " ", line)).strip()
        if words:
            first = start + len(line) - len(line.lstrip())
            top, bottom = box(first)
            # A line goes on below where a hyphen ended it.
            end = box(start + len(line.rstrip()) - 1)[1] if _BREAK in line else bottom
            lines.append(_Line(words, top, end, top - bottom))
        start += len(line) + 2
    return "".join(_spaced(lines))


def _spaced(lines: Sequence[_Line]) -> Iterator[str]:
    gaps = sorted(above.bottom - line.top for above, line in pairwise(lines))
    usual = gaps[len(gaps) // 4] if gaps else 0.0
    for above, line in pairwise([None, *lines]):
        assert line is not None
        if above is not None:
            height, last = line.height, above.height
            apart = above.bottom - line.top > usual + 0.35 * min(height, last)
            other = abs(height - last) > 0.15 * max(height, last)
            yield "\n\n" if apart or other else "\n"
        yield line.words


def _mended(pages: Sequence[str]) -> list[str]:
    """The pages with words that a line's end divides: joined when the document also has the word
    whole, else with the hyphen that is printed."""
    whole = {word.casefold() for page in pages for word in re.findall(r"\w+", page)}

    def mend(match: re.Match[str]) -> str:
        joined = match[1] + match[2]
        return joined if joined.casefold() in whole else f"{match[1]}-{match[2]}"

    return [re.sub(rf"(\w*){_BREAK}(\w*)", mend, page) for page in pages]


def _joined(pages: Sequence[str]) -> tuple[str, list[int]]:
    """The text of all pages and where each begins; a sentence may run on over the end of one."""
    parts, starts, length, last = list[str](), list[int](), 0, ""
    for page in pages:
        if last and page:
            runs_on = page[0].islower() and (last.isalnum() or last == ",")
            parts.append("\n" if runs_on else "\n\n")
            length += len(parts[-1])
        starts.append(length)
        parts.append(page)
        length += len(page)
        last = page[-1:] or last
    return "".join(parts), starts


def _unread(numbers: Sequence[int], total: int) -> str:
    shown = ", ".join(map(str, numbers[:20])) + (", …" if len(numbers) > 20 else "")
    if len(numbers) == total:
        which = "no page has text"
    else:
        which = f"page {shown} has no text" if len(numbers) == 1 else f"pages {shown} have no text"
    return f"{which} (scanned?): recognise it first, for one with ocrmypdf, and index the result"
