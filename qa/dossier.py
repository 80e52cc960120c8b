"""An answer to be kept: as Markdown for a person, with the whole record below it, and checked later
against the index, quote by quote."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qa.errors import InputError
from qa.plaintext import escaped
from qa.types import Answer, Document

Record = Mapping[str, Any]
"""What `Answer.to_json` gives."""

SUFFIXES = (".md", ".json")
_BEGIN, _END = "\n## Record\n\n```json\n", "\n```\n"
_LONGEST = 20  # characters from which a quote is looked for in all documents


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a quote still stands where it was cited, and what has changed about it."""

    number: int
    title: str
    source: str
    start: int
    end: int
    quote: str
    stands: bool
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of a dossier: `faults` of the file itself, and the standing of each quote."""

    faults: tuple[str, ...]
    quotes: tuple[Standing, ...]

    @property
    def stands(self) -> bool:
        """Whether the file is as it was written, and all that it quotes stands."""
        return not self.faults and all(quote.stands for quote in self.quotes)

    def __str__(self) -> str:
        lines = list(self.faults)
        for quote in self.quotes:
            lines.append(
                f"{'stands' if quote.stands else 'DOES NOT STAND'}  [{quote.number}] {quote.title},"
                f' {quote.start}-{quote.end}: "{" ".join(quote.quote.split())}"'
            )
            lines += [f"    {change}" for change in quote.changes]
        standing = sum(quote.stands for quote in self.quotes)
        return "\n".join([*lines, f"{standing} of {len(self.quotes)} quotes stand"])

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`, as printed by `qa verify --json`."""
        return {"stands": self.stands, **asdict(self)}


def check_name(path: Path) -> None:
    """Raises InputError for a file that a dossier cannot be saved as."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: a dossier is saved as {' or '.join(SUFFIXES)}")
    if path.exists():
        raise InputError(f"{path} is there already: choose another name, or remove it")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent} is no folder: make it first")


def save(answer: Answer, path: Path) -> None:
    """Writes the answer as Markdown or JSON, by the file's suffix, and never over another file.
    Raises InputError."""
    check_name(path)
    written = path.suffix.lower() == ".md"
    text = answer.to_markdown() if written else _dumped(answer.to_json()) + "\n"
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)


def to_markdown(record: Record) -> str:
    """The record for a person to read, and itself below that, with the SHA-256 of what is above.
    Text of documents and models is escaped: nothing in it becomes a link, an image or a tag."""
    above = "\n".join(_above(record))
    digest = hashlib.sha256(above.encode()).hexdigest()
    return f"{above}{_BEGIN}{_dumped({'markdown': digest, **record})}{_END}"


def verify(
    path: Path,
    document: Callable[[str], Document | None],
    documents: Callable[[], Sequence[Document]],
) -> Verification:
    """Checks a dossier against the documents that there are now: one by its id, and all of them,
    asked for only when one is not there. Raises InputError for a file that is no dossier."""
    record, faults = _read(path)
    found = list[Document]()

    def everything() -> Sequence[Document]:
        if not found:
            found.extend(documents())
        return found

    try:
        cited = _citations(record)
        unique = {(c["document"], c["start"], c["end"], c["quote"]): c for c in cited}
        hashes = (record.get("provenance") or {}).get("documents") or {}
        quotes = tuple(
            _standing(c, hashes.get(c["document"], ""), document(c["document"]), everything)
            for c in unique.values()
        )
    except (KeyError, TypeError, AttributeError):
        raise _no_dossier(path) from None
    return Verification(faults, quotes)


def _standing(
    citation: Record,
    sha256: str,
    document: Document | None,
    documents: Callable[[], Sequence[Document]],
) -> Standing:
    start, end, quote = citation["start"], citation["end"], citation["quote"]
    there, changes = document or _retitled(sha256, documents()), list[str]()
    if there is None:
        stands = False
        changes.append(_lost(citation, documents()))
    else:
        stands = there.text[start:end] == quote
        if not stands:
            changes.append(f"the document does not hold this there{_now_at(there, quote, start)}")
        elif document is None:
            day = there.published or "no date"
            changes.append(f"its title or date was changed: it is now {there.title} ({day})")
        if citation["source"] not in there.sources:
            changes.append(f"renamed: {citation['source']} is now {there.source}")
    names = ("number", "title", "source")
    number, title, source = (citation[name] for name in names)
    return Standing(number, title, source, start, end, quote, stands, tuple(changes))


def _retitled(sha256: str, documents: Sequence[Document]) -> Document | None:
    """The same text under another title or date."""
    return next((d for d in documents if sha256 and d.sha256 == sha256), None)


def _lost(citation: Record, documents: Sequence[Document]) -> str:
    """What became of a quote whose document is not in the index as it was."""
    source, quote = citation["source"], citation["quote"]
    for there in documents:
        if source in there.sources:
            now = _now_at(there, quote, citation["start"])
            return f"the text of {source} was changed{now or '; this is not in it any more'}"
    for other in documents:
        if len(quote) >= _LONGEST and quote in other.text:
            at = other.text.index(quote)
            where = f"; the same words stand in {other.source} at {at}-{at + len(quote)}"
            return f"{source} is not in the index any more{where}"
    return f"{source} is not in the index any more"


def _now_at(document: Document, quote: str, start: int) -> str:
    """Where the quote stands in this text now, nearest to where it stood; empty if nowhere."""
    at = min(_places(document.text, quote), key=lambda place: abs(place - start), default=None)
    return "" if at is None else f"; this moved to {at}-{at + len(quote)}"


def _places(text: str, quote: str) -> Iterator[int]:
    at = text.find(quote) if quote else -1
    while at >= 0:
        yield at
        at = text.find(quote, at + 1)


def _read(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The record in a file, and what is wrong with the Markdown above it."""
    try:
        text = path.read_text("utf-8")
        above, begin, below = text.rpartition(_BEGIN)
        record = json.loads(below.removesuffix(_END) if begin else text)
        statements = record["statements"]
        if not isinstance(statements, list):
            raise _no_dossier(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError):
        raise _no_dossier(path) from None
    digest = record.pop("markdown", "")
    if begin and hashlib.sha256(above.encode()).hexdigest() != digest:
        return record, ("the text of this file was edited: it is not what its record says",)
    return record, ()


def _no_dossier(path: Path) -> InputError:
    return InputError(f"{path} holds no answer: give a file that `qa ask --save` wrote")


def _dumped(record: Record) -> str:
    # In ASCII, so that what cannot be seen can be, and Markdown cannot mistake a line for an end.
    return json.dumps(record, indent=2)


def _above(record: Record) -> Iterator[str]:
    made = record.get("provenance") or {}
    yield f"# {escaped(record['question'])}\n"
    yield from _made(record, made)
    yield "\n## Answer\n"
    if record["abstained"]:
        yield escaped(record["answer"])
    for statement in record["statements"]:
        marks = "".join(f" \\[{n}\\]" for n in dict.fromkeys(_numbers(statement)))
        yield f"- {escaped(statement['text'])}{marks} — **{statement['verdict']}**"
        yield from (f"  - {escaped(reason)}" for reason in statement["reasons"])
    for conflict in record.get("conflicts") or ():
        sides = zip(conflict["figures"], conflict["sides"], strict=True)
        said = [f"{escaped(figure)} \\[{c['number']}\\] ({_day(c)})" for figure, c in sides]
        yield f"\nThe documents disagree on “{escaped(conflict['what'])}”: {', but '.join(said)}."
    if record["incomplete"]:
        yield f"\nThe answer is incomplete: {escaped(record['incomplete'])}."
    yield from (f"\n{escaped(note)}" for note in record["notes"])
    cited = {c["number"] for c in _citations(record)}
    if cited:
        yield "\n## Quotes"
    for number in sorted(cited):
        yield from _source(number, record, made.get("documents") or {})
    yield "\n## Evidence\n"
    for entry in record["evidence"]:
        yield f"- \\[{entry['number']}\\] {_named(entry)}, {entry['start']} to {entry['end']}"


def _made(record: Record, made: Record) -> Iterator[str]:
    if made:
        yield f"- asked: {made['asked']}, with qa {escaped(made['version'])}"
    filters = f", only documents {escaped(record['filters'])}" if record["filters"] else ""
    yield f"- searched for: {escaped(record['query'])}{filters}"
    yield f"- written by: {escaped(record['model'])}"
    if usage := ", ".join(f"{name} {count:,}" for name, count in record["usage"].items()):
        price = record.get("cost")
        cost = f"; {price['amount']:.6f} {escaped(price['currency'])}" if price else ""
        yield f"- tokens: {escaped(usage)}{cost}"
    if made.get("prompt"):
        yield f"- prompt: SHA-256 {made['prompt']}"
    if made.get("judge"):
        yield f"- prompt of the judge: SHA-256 {made['judge']}"
    settings = made.get("settings") or {}
    shown = ", ".join(f"{name} {value}" for name, value in settings.items() if value != "")
    if shown:
        yield f"- settings: {escaped(shown)}"


def _source(number: int, record: Record, hashes: Record) -> Iterator[str]:
    cited = [c for c in _citations(record) if c["number"] == number]
    first = cited[0]
    yield f"\n### \\[{number}\\] {_named(first)}\n"
    if sha256 := hashes.get(first["document"]):
        yield f"Text: SHA-256 {sha256}\n"
    for c in {(c["start"], c["end"]): c for c in cited}.values():
        page = f"page {c['page']}, " if c["page"] else ""
        yield f"- {page}characters {c['start']} to {c['end']}:\n  > {escaped(c['quote'])}"


def _citations(record: Record) -> list[Record]:
    """All that is quoted, for statements and then for conflicts."""
    cited: list[Record] = [c for s in record["statements"] for c in s["citations"]]
    return cited + [c for one in record.get("conflicts") or () for c in one["sides"]]


def _named(entry: Record) -> str:
    return f"{escaped(entry['title'])} ({_day(entry)}), {escaped(entry['source'])}"


def _day(entry: Record) -> str:
    return entry["published"] or "no date"


def _numbers(statement: Record) -> list[int]:
    return [citation["number"] for citation in statement["citations"]]
