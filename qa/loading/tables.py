"""CSV: a document a row. The first row names the columns."""

import csv
import io
from collections.abc import Iterator, Sequence

from qa.errors import LoadError
from qa.loading.dates import first_date, to_date
from qa.loading.text import decode, fallback_title, make
from qa.types import Document, Failure

_ROLES = {
    "text": ("text", "body", "content", "article"),
    "title": ("title", "headline", "subject"),
    "date": ("date", "published", "published_at", "publication_date", "pub_date"),
    "url": ("url", "link", "source"),
}


def load(data: bytes, source: str, stem: str) -> tuple[list[Document], list[Failure]]:
    """A document a row, named by its url or by the file's name with `#row-N`, as a spreadsheet
    counts rows. Other columns stand in front of the text as `name: value` lines."""
    rows, failures = _rows(decode(data), source)
    if not rows:
        raise LoadError("no row below the one that names the columns: add some, or remove it")
    names, roles = rows[0][1], _columns([cells for _, cells in rows])
    documents = list[Document]()
    for number, cells in rows[1:]:
        if not any(map(str.strip, cells)):
            continue
        try:
            if len(cells) > len(names):
                raise LoadError(f"{len(cells)} cells for {len(names)} columns: quote the text")
            row = dict(zip(names, cells, strict=False))
            documents.append(_document(row, roles, f"{source}#row-{number}", f"{stem}, {number}"))
        except LoadError as error:
            failures.append(Failure(f"{source}:{number}", f"row {number}: {error}"))
    if not documents and not failures:
        raise LoadError("no row below the one that names the columns: add some, or remove it")
    return documents, failures


def _rows(text: str, source: str) -> tuple[list[tuple[int, list[str]]], list[Failure]]:
    """The numbered rows, the first with the columns' names; and where reading had to stop."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a whole text fits in a cell
    head = text.partition("\n")[0]
    mark = max(",;\t|", key=head.count)
    rows, failures = list[tuple[int, list[str]]](), list[Failure]()
    try:
        for number, cells in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True), start=1
        ):
            rows.append((number, cells))
    except csv.Error as error:
        number = len(rows) + 1
        reason = f"{error}: mend its quotes; it and the rows below it were not read"
        failures.append(Failure(f"{source}:{number}", f"row {number}: {reason}"))
    if rows:
        rows[0] = 1, list(_named(rows[0][1]))
    return rows, failures


def _named(names: Sequence[str]) -> Iterator[str]:
    """The columns' names, each once and none empty."""
    used = set[str]()
    for number, name in enumerate((" ".join(name.split()) for name in names), start=1):
        name = name if name and name not in used else f"{name or 'column'} {number}"
        used.add(name)
        yield name


def _columns(rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """The column of each role: by its name, and for the text else the one that says most."""
    names = {name.casefold().replace(" ", "_"): name for name in reversed(rows[0])}
    found = {
        role: next(names[known] for known in wanted if known in names)
        for role, wanted in _ROLES.items()
        if any(known in names for known in wanted)
    }
    free = [n for n, name in enumerate(rows[0]) if name not in found.values()]
    if "text" not in found and free:
        longest = max(free, key=lambda n: sum(len(r[n]) for r in rows[1:] if n < len(r)))
        found["text"] = rows[0][longest]
    return found


def _document(row: dict[str, str], roles: dict[str, str], place: str, stem: str) -> Document:
    cell = {role: row.get(name, "").strip() for role, name in roles.items()}
    said = cell.get("text", "")
    if not said:
        raise LoadError(f"no text in the column {roles.get('text', 'text')!r}: add it")
    stated, url = cell.get("date", ""), cell.get("url", "")
    published = to_date(stated)
    if stated and published is None:
        raise LoadError(f"{stated!r} is not a date: write 2023-12-25")
    others = [
        f"{name}: {' '.join(value.split())}"
        for name, value in row.items()
        if name not in roles.values() and value.strip()
    ]
    text = "\n\n".join(filter(None, ("\n".join(others), said)))
    title = cell.get("title") or fallback_title(said, stem)
    return make(url or place, text, title, first_date((published, "metadata"), url=url))
