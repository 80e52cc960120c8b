"""Web pages: the main text alone, with its headings, lists and tables; title and date from what the
page says of itself to machines, the date never from a guess."""

import json
import logging
import re
from collections import deque
from collections.abc import Iterator
from datetime import date
from typing import Any

from qa.errors import LoadError
from qa.loading.dates import to_date
from qa.loading.text import compose, decode, guarded, normalise, row
from qa.types import Document, Failure

_CHARSET = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_UNSEEN = (
    "//*[@hidden or contains(translate(@style, ' ', ''), 'display:none')"
    " or contains(translate(@style, ' ', ''), 'visibility:hidden')]|//template|//noscript"
)
_MEANS_PUBLISHED = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "citation_publication_date",
    "dcterms.issued",
    "dc.date.issued",
    "publish_date",
    "publish-date",
    "pubdate",
    "parsely-pub-date",
    "sailthru.date",
    "dcterms.date",
    "dc.date",
    "date",
)


def load(data: bytes, source: str, stem: str) -> tuple[list[Document], list[Failure]]:
    """One document: the page's main text."""
    import trafilatura

    logging.getLogger("trafilatura").addHandler(logging.NullHandler())  # else it writes to stderr
    with guarded("the page cannot be read: open it in a browser and save it again"):
        tree = _tree(_decoded(data))
        published, url = _published(tree), _url(tree)
        for element in tree.xpath(_UNSEEN):
            if element.getparent() is not None:
                element.drop_tree()
        # htmldate, which comes with it, guesses (05/06/2023 is 5 June): its date is not used.
        page: Any = trafilatura.bare_extraction(
            tree,
            include_comments=False,
            with_metadata=True,
            date_extraction_params={"extensive_search": False, "original_date": True},
        )
        text = "\n\n".join(filter(None, _blocks(page.body))) if page is not None else ""
    if not text.strip():
        raise LoadError("no main text was found in the page: save what it says as .txt or .md")
    return [compose(normalise(text), source, stem, page.title or "", published, url)], []


def _decoded(data: bytes) -> str:
    """Text of the page: UTF-8 where it is, else what the page declares, else what can be told."""
    declared = _CHARSET.search(data[:4096])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        try:
            return normalise(data.decode("utf-8"))
        except UnicodeDecodeError:
            name = declared[1].decode("ascii", "replace").lower()
            # Browsers read both as Windows-1252, and so do those who write them.
            name = "cp1252" if name in ("iso-8859-1", "latin1", "latin-1", "us-ascii") else name
            try:
                return normalise(data.decode(name))
            except (LookupError, UnicodeDecodeError):
                pass
    return decode(data)


def _tree(text: str) -> Any:
    """The page as lxml has it. Nothing is fetched and no entity of a file is followed."""
    import lxml.html

    parser = lxml.html.HTMLParser(
        encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True
    )
    tree = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    # libxml2 stops there, and what follows would be missing without a word.
    if any("Excessive depth" in entry.message for entry in parser.error_log):
        raise LoadError("the page is nested too deeply to be read: save what it says as .txt")
    return tree


def _published(tree: Any) -> date | None:
    """The publication date in meta elements, JSON-LD or a marked time element, in that order."""
    stated = dict[str, str]()
    for meta in tree.iter("meta"):
        for key in ("property", "name", "itemprop"):
            stated.setdefault((meta.get(key) or "").lower(), meta.get("content") or "")
    days = [to_date(stated.get(name, "")) for name in _MEANS_PUBLISHED]
    for script in tree.xpath('//script[@type="application/ld+json"]'):
        days.append(to_date(_linked_data(script.text_content())))
    for time in tree.xpath('//time[@pubdate or @itemprop="datePublished"]/@datetime'):
        days.append(to_date(str(time)))
    return next(filter(None, days), None)


def _linked_data(script: str) -> str:
    """`datePublished` of the first object in the script that has one."""
    try:
        found = json.loads(script)
    except (ValueError, RecursionError):
        return ""
    waiting = deque([found])
    while waiting:
        item = waiting.popleft()
        if isinstance(item, dict):
            if isinstance(stated := item.get("datePublished"), str):
                return stated
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return ""


def _url(tree: Any) -> str:
    found = tree.xpath('//link[@rel="canonical"]/@href|//meta[@property="og:url"]/@content')
    return str(found[0]) if found else ""


def _blocks(body: Any) -> Iterator[str]:
    """Paragraphs as they stand, headings and list items with the marks of Markdown, table rows."""
    for element in body:
        if element.tag == "head":
            level = (element.get("rend") or "h2")[-1]
            yield f"{'#' * int(level) if level in '123456' else '##'} {_words(element)}"
        elif element.tag == "list":
            yield "\n".join(f"- {words}" for i in element.iter("item") if (words := _own(i)))
        elif element.tag == "table":
            rows = [[_words(cell) for cell in r.iter("cell")] for r in element.iter("row")]
            yield "\n".join(row(cells) for cells in rows if any(cells))
        elif element.tag in ("div", "quote") and any(c.tag in _BLOCKS for c in element):
            yield element.text.strip() if element.text else ""
            yield from _blocks(element)
        else:
            yield _words(element)
        if element.tail and element.tail.strip():
            yield " ".join(element.tail.split())


_BLOCKS = ("p", "head", "list", "table", "quote", "div")


def _words(element: Any) -> str:
    """The words of an element, a line for each of its lines."""
    text = "".join(_pieces(element))
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))


def _own(item: Any) -> str:
    """The words of a list item without those of the lists inside it."""
    return " ".join("".join(_pieces(item, "list")).split())


def _pieces(element: Any, without: str = "") -> Iterator[str]:
    # A line end in the source is a space, `<br>` a line end, and in preformatted text both are.
    plain = element.tag == "code"
    yield (element.text or "") if plain else (element.text or "").replace("\n", " ")
    for child in element:
        if child.tag == "lb":
            yield "\n"
        elif child.tag != without:
            yield from _pieces(child, without)
        tail = child.tail or ""
        yield tail if plain else tail.replace("\n", " ")
