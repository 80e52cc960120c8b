"""Word documents: headings, paragraphs, lists, tables, text boxes and notes, in their order.

Page headers and footers, comments and deleted text are left out.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Any

from qa.errors import LoadError
from qa.loading.dates import to_date
from qa.loading.text import compose, guarded, normalise, row
from qa.types import Document, Failure

MAIN = "word/document.xml"
LARGEST = 200_000_000  # bytes that the parts may have unpacked
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_P, _BOX = f"{_W}p", f"{_W}txbxContent"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SPACES = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_NOTES = ("footnotes", "endnotes")
_PUBLISH_DATE = re.compile(rb"<(?:\w+:)?PublishDate>\s*([\d:T.Z+-]+)\s*<")


def load(data: bytes, source: str, stem: str) -> tuple[list[Document], list[Failure]]:
    """One document. Its date is what its author filled in as Word's "Publish Date": `created` and
    `modified` are of the file, and `created` often of the template that it was begun from."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise LoadError(
            "an encrypted or old Word document: save it as .docx without a password and index that"
        )
    with guarded("the Word document is damaged: open it in a word processor and save it again"):
        _check(data)
        import docx

        document = docx.Document(io.BytesIO(data))
        styles = {style.style_id: style.name or "" for style in document.styles}
        blocks = [*_blocks(document.element.body, styles), *_notes(document.part, styles)]
        title, published = document.core_properties.title, _published(document.part.package)
    text = normalise("\n\n".join(filter(None, blocks)))
    return [compose(text, source, stem, title, published)], []


def is_docx(file: io.BufferedIOBase) -> bool:
    """Whether an open zip file is a Word document."""
    try:
        with zipfile.ZipFile(file) as parts:
            return MAIN in parts.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _published(package: Any) -> date | None:
    """The "Publish Date" of the cover page, which Word keeps in a part for custom XML."""
    parts = [p.blob for p in package.iter_parts() if str(p.partname).startswith("/customXml/item")]
    found = next(filter(None, map(_PUBLISH_DATE.search, parts)), None)
    return to_date(found[1].decode("ascii")) if found else None


def _check(data: bytes) -> None:
    """Raises LoadError for what cannot be unpacked, or would fill the memory. A part that says it
    is smaller than it is ends as damaged: zipfile unpacks no more than it says."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
            names = parts.namelist()
    except zipfile.BadZipFile:
        raise LoadError("not a whole .docx file: copy or save it again") from None
    if size > LARGEST:
        raise LoadError(
            f"its parts unpack to {size:,} bytes, more than {LARGEST:,}: remove its images, or "
            "save its text as .txt"
        )
    if MAIN not in names:
        raise LoadError(f"a zip archive without {MAIN}: unpack it, or save it as .docx")


def _blocks(parent: Any, styles: dict[str, str]) -> Iterator[str]:
    for child in parent:
        if child.tag == _P:
            yield _paragraph(child, styles)
            for box in child.iter(_BOX):
                if next(box.iterancestors(_P)) is child and not _is_fallback(box):
                    yield from _blocks(box, styles)
        elif child.tag == f"{_W}tbl":
            rows = [[_cell(c) for c in r.iter(f"{_W}tc")] for r in child.iter(f"{_W}tr")]
            yield "\n".join(row(cells) for cells in rows if any(cells))
        elif isinstance(child.tag, str):  # content controls and tracked moves hold paragraphs
            yield from _blocks(child, styles)


def _paragraph(paragraph: Any, styles: dict[str, str]) -> str:
    words = _words(paragraph)
    if not words:
        return ""
    style = styles.get(paragraph.style or "", "")
    if style == "Title" or style.startswith("Heading"):
        level = re.search(r"[1-6]", style)
        return f"{'#' * int(level[0] if level else 1)} {' '.join(words.split())}"
    listed = style.startswith("List ") or paragraph.find(f"{_W}pPr/{_W}numPr") is not None
    return f"- {words}" if listed else words


def _cell(cell: Any) -> str:
    return " ".join(filter(None, map(_words, cell.iter(_P))))


def _words(paragraph: Any) -> str:
    """The paragraph's own text; that of a text box in it is another paragraph's."""
    pieces = [
        node.text or "" if node.tag == f"{_W}t" else _SPACES[node.tag]
        for node in paragraph.iter(f"{_W}t", *_SPACES)
        if next(node.iterancestors(_P), None) is paragraph
    ]
    return "".join(pieces).strip()


def _is_fallback(element: Any) -> bool:
    """Whether it repeats, for old programs, what stands beside it."""
    return next(element.iterancestors(_FALLBACK), None) is not None


def _notes(part: Any, styles: dict[str, str]) -> Iterator[str]:
    from docx.oxml import parse_xml

    for relation in part.rels.values():
        if not relation.is_external and relation.reltype.rpartition("/")[2] in _NOTES:
            for note in parse_xml(relation.target_part.blob):
                if note.get(f"{_W}type") is None:  # the others are separators
                    yield from _blocks(note, styles)
