"""JSON lines: one record a line with text, and optionally id, title, date or published, url or
source. A broken line is listed by its number and the others are kept."""

import json
from typing import Any

from qa.errors import LoadError
from qa.loading.dates import first_date, to_date
from qa.loading.text import decode, fallback_title, make, normalise
from qa.types import Document, Failure


def load(data: bytes, source: str, stem: str) -> tuple[list[Document], list[Failure]]:
    """A document a record; its source is the file's with `#` and the record's id or `line-N`."""
    documents, failures, used = list[Document](), list[Failure](), dict[str, int]()
    for number, line in enumerate(decode(data).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = _record(line)
            name = _name(record, number)
            if (earlier := used.setdefault(name, number)) != number:
                raise LoadError(f"the id {name!r} was used by line {earlier}")
            documents.append(_document(record, f"{source}#{name}", stem))
        except LoadError as error:
            failures.append(Failure(f"{source}:{number}", f"line {number}: {error}"))
    if not documents and not failures:
        raise LoadError("the file holds no records")
    return documents, failures


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise LoadError(f"broken JSON: {error}") from None
    if not isinstance(record, dict):
        raise LoadError('not a record: write {"text": "...", "title": "...", "date": "..."}')
    return record


def _name(record: dict[str, Any], number: int) -> str:
    """The record's id, else its line, written so that no id of another record is the same."""
    identity = record.get("id")
    return str(identity) if isinstance(identity, str | int) and identity != "" else f"line-{number}"


def _document(record: dict[str, Any], source: str, stem: str) -> Document:
    text = record.get("text")
    if not isinstance(text, str) or not text.strip():
        raise LoadError('the record has no "text"')
    text = normalise(text)
    stated = record.get("date") or record.get("published")
    published = to_date(stated)
    if stated and published is None:
        raise LoadError(f"{stated!r} is not a date: write 2023-12-25")
    title = record.get("title")
    title = title if isinstance(title, str) and title.strip() else fallback_title(text, stem)
    origin = record.get("url") or record.get("source")
    url = origin if isinstance(origin, str) else ""
    dated = first_date((published, "metadata"), url=url)
    return make(url or source, text, title, dated)
