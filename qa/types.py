"""The values that flow through the system. All are frozen; a stage returns new ones."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Verdict = Literal["supported", "partial", "unsupported"]
DateOrigin = Literal["metadata", "front matter", "header", "url", "file name"]
"""Where a date of publication was found. Metadata is what a format keeps for it: an element of a
web page, a field of a PDF, Word document or record, the Date of an e-mail."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was read.

    `text` is the whole normalised text (NFC, line ends as `\\n`) and every offset in the system
    counts its characters. `body` is where the body starts, after a header that holds title, date
    or front matter. `pages` are the offsets at which the pages begin, where it has pages. `id` is
    derived from title, date and text, so equal documents share it: it is stored once, under the
    first of its `sources` in the order of their names. `published_from` is where that one has the
    date from, None without a date, and until an index made before this was kept is updated.
    """

    id: str
    source: str
    title: str
    published: date | None
    text: str
    sha256: str
    body: int = 0
    pages: tuple[int, ...] = ()
    published_from: DateOrigin | None = None
    also_in: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Every file or URL that holds this document."""
        return self.source, *self.also_in

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`, without the text, as printed by `qa documents --json`."""
        return {
            "document": self.id,
            "title": self.title,
            "published": _iso(self.published),
            "published_from": self.published_from,
            "sources": list(self.sources),
        }

    def page(self, offset: int) -> int | None:
        """The number, from 1, of the page that holds `offset`; None in a document without pages."""
        return page_of(self.pages, offset)


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one document: `document.text[start:end] == text`, always. `pages`
    are the document's.
    """

    id: str
    document_id: str
    title: str
    published: date | None
    source: str
    text: str
    start: int
    end: int
    pages: tuple[int, ...] = ()

    @property
    def tokens(self) -> int:
        """Number of tiktoken tokens (o200k_base) in the text, in which a model's evidence is
        budgeted; counted when asked for, the first time in a process after .3 s of loading."""
        from qa import tokens

        return tokens.count(self.text)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents a search may use: published from `since` to `until`, both included, so that
    none without a date is; from one of `sources`, each a file, a URL or a folder above them. What
    is empty allows all."""

    since: date | None = None
    until: date | None = None
    sources: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.since or self.until or self.sources)

    def __str__(self) -> str:
        """In words: "from 2023-05-01 to 2023-12-31, of reports"."""
        days = [f"{word} {day}" for word, day in (("from", self.since), ("to", self.until)) if day]
        sources = [f"of {source}" for source in self.sources]
        return ", ".join(filter(None, (" ".join(days), " or ".join(sources))))


EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query. `score`, in [0, 1], is what it is ranked by. `dense` is the
    cosine, `lexical` the BM25 score and `words` the share of the query that it says word by word;
    None where that was not found out."""

    passage: Passage
    score: float
    dense: float | None = None
    lexical: float | None = None
    words: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A hit with the number that the answer's `[n]` refer to."""

    number: int
    hit: Hit


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a statement is said: `document.text[start:end] == quote`, always. `page` is the one the
    quote begins on, None in a document without pages."""

    number: int
    document_id: str
    title: str
    published: date | None
    source: str
    start: int
    end: int
    quote: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer, where it is said, and whether that holds it up."""

    text: str
    citations: tuple[Citation, ...]
    verdict: Verdict
    reasons: tuple[str, ...] = ()

    @property
    def sources(self) -> dict[int, list[Citation]]:
        """Its citations under each number, as it cites them."""
        return _by_number(self.citations)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two documents that disagree. `what` is the question as far as both speak of it; `sides` are
    the two sentences, one that the answer cites first; `figures` is what each of them gives: a
    number, an amount, a year, or a word and its opposite."""

    what: str
    sides: tuple[Citation, Citation]
    figures: tuple[str, str]

    def __str__(self) -> str:
        first, second = (
            f"{figure} [{side.number}] ({_iso(side.published) or 'no date'}, {side.title})"
            for figure, side in zip(self.figures, self.sides, strict=True)
        )
        return f"The documents disagree on \u201c{self.what}\u201d: {first}, but {second}."


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and the answer that was given to it."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a service charges, by the prices that the user keeps."""

    amount: float
    currency: str

    def __str__(self) -> str:
        """Such as "0.00052 USD": two significant digits, and never fewer than two decimals."""
        decimals = 2
        while decimals < 9 and self.amount and round(self.amount, decimals) < 10 ** (1 - decimals):
            decimals += 1
        return f"{self.amount:,.{decimals}f} {self.currency}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer was made with: when, by which version of qa, with which settings (never the
    key), under which prompt (the SHA-256 of its file, empty without a model), from which texts (the
    SHA-256 of each document of the evidence, by document id), and under which prompt it was judged
    (empty without a judge)."""

    asked: datetime
    version: str
    settings: dict[str, Any]
    prompt: str
    documents: dict[str, str]
    judge: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to one question.

    `query` is what was searched for, in the documents that `filters` allow, and `searched` says how
    many those were. `evidence` is what was found, cited passages first. When `abstained`,
    `statements` is empty and `text` says so. `usage` counts the model's tokens (empty without a
    model) and `cost` is their price, where one is known; `timings` are seconds per stage.
    `incomplete` is why a model's reply has no proper end, empty when it has; `notes` are what else
    a reader must know, and `conflicts` where other documents of the evidence do not agree with
    those that are cited. All text of documents and models in it is
    plain: escape it before it is shown as Markdown or HTML.
    """

    question: str
    query: str
    text: str
    statements: tuple[Statement, ...]
    evidence: tuple[Evidence, ...]
    abstained: bool
    model: str
    usage: dict[str, int] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    filters: Filters = EVERYTHING
    incomplete: str = ""
    notes: tuple[str, ...] = ()
    cost: Cost | None = None
    provenance: Provenance | None = None
    conflicts: tuple[Conflict, ...] = ()
    searched: str = ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader must know besides the sentences: that the reply has no end, and notes."""
        broken = (f"The answer is incomplete: {self.incomplete}.",) if self.incomplete else ()
        return broken + self.notes

    @property
    def spent(self) -> str:
        """The model's tokens and their price in words; empty where nothing was counted."""
        names = {"prompt_tokens": "read", "completion_tokens": "written"}
        counts = [f"{self.usage[n]:,} {word}" for n, word in names.items() if n in self.usage]
        tokens = f"{self.model}: tokens {', '.join(counts)}" if counts else ""
        return f"{tokens}; {self.cost}" if self.cost else tokens

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Every citation once, in the order of the text."""
        return tuple(dict.fromkeys(c for s in self.statements for c in s.citations))

    @property
    def sources(self) -> dict[int, list[Citation]]:
        """The citations under each number, by number, each in the order of the text."""
        return _by_number(sorted(self.citations, key=lambda c: c.number))

    @property
    def _disputed(self) -> tuple[Citation, ...]:
        """What conflicts quote that no statement cites."""
        cited = [(c.document_id, c.start, c.end) for c in self.citations]
        return tuple(
            side
            for conflict in self.conflicts
            for side in conflict.sides
            if not any(d == side.document_id and a <= side.start < b for d, a, b in cited)
        )

    def __str__(self) -> str:
        """The text with `[n]` after each sentence, the numbered sources, conflicts, remarks, and
        the tokens that were spent."""
        after = [*map(str, self.conflicts), *self.remarks, self.spent]
        if self.abstained:
            return "\n\n".join(filter(None, (self.text, _nearest(self.evidence), *after)))
        sentences = " ".join(_marked(s) for s in self.statements)
        sources = _by_number(dict.fromkeys((*self.citations, *self._disputed)))
        listed = "\n".join(_source(n, cs) for n, cs in sorted(sources.items()))
        return "\n\n".join([sentences, *filter(None, (listed, *after))])

    def to_markdown(self) -> str:
        """The answer as a dossier: what was asked, said, quoted and with what, and the record that
        `qa verify` checks. What documents and models say is escaped."""
        from qa import dossier  # it needs the values here

        return dossier.to_markdown(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`, as printed by `qa ask --json`."""
        return {
            "question": self.question,
            "query": self.query,
            "filters": str(self.filters),
            "searched": self.searched,
            "answer": self.text,
            "abstained": self.abstained,
            "incomplete": self.incomplete,
            "notes": list(self.notes),
            "statements": [
                {
                    "text": s.text,
                    "verdict": s.verdict,
                    "reasons": list(s.reasons),
                    "citations": [_citation_json(c) for c in s.citations],
                }
                for s in self.statements
            ],
            "conflicts": [
                {
                    "what": c.what,
                    "figures": list(c.figures),
                    "sides": [_citation_json(side) for side in c.sides],
                }
                for c in self.conflicts
            ],
            "evidence": [evidence_json(e) for e in self.evidence],
            "model": self.model,
            "usage": dict(self.usage),
            "cost": asdict(self.cost) if self.cost else None,
            "timings": {stage: round(seconds, 4) for stage, seconds in self.timings.items()},
            "provenance": _provenance_json(self.provenance) if self.provenance else None,
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """A file or record that could not be indexed, and why."""

    source: str
    error: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: `done` of `total` files, the `name` of the next one, empty at the
    end, the `passages` it has stored, and the `seconds` since it began."""

    done: int
    total: int
    name: str = ""
    passages: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Passages a second."""
        return self.passages / self.seconds if self.seconds else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that the others take if they go as those before; None when none is done."""
        return self.seconds * (self.total - self.done) / self.done if self.done else None


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did. Counts are documents; `seconds` is wall time."""

    added: int
    updated: int
    removed: int
    unchanged: int
    failed: tuple[Failure, ...]
    documents: int
    passages: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`, as printed by `qa index --json`."""
        return asdict(self) | {"failed": [asdict(f) for f in self.failed]}


def evidence_json(evidence: Evidence) -> dict[str, Any]:
    """One evidence entry as plain values: the shape that `ask` and `search` print."""
    passage = evidence.hit.passage
    return {
        "number": evidence.number,
        "document": passage.document_id,
        "title": passage.title,
        "published": _iso(passage.published),
        "source": passage.source,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "score": round(evidence.hit.score, 4),
    }


def _provenance_json(provenance: Provenance) -> dict[str, Any]:
    return asdict(provenance) | {"asked": provenance.asked.isoformat(timespec="seconds")}


def _citation_json(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "document": citation.document_id,
        "title": citation.title,
        "published": _iso(citation.published),
        "source": citation.source,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "page": citation.page,
    }


def page_of(pages: tuple[int, ...], offset: int) -> int | None:
    """The number of the page that holds an offset, None where there are no pages."""
    return bisect_right(pages, offset) or None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _by_number(citations: Iterable[Citation]) -> dict[int, list[Citation]]:
    found = dict[int, list[Citation]]()
    for citation in citations:
        found.setdefault(citation.number, []).append(citation)
    return found


def _marked(statement: Statement) -> str:
    marks = "".join(f"[{n}]" for n in statement.sources)
    doubt = "" if statement.verdict == "supported" else f" ({statement.verdict})"
    return f"{statement.text}{' ' if marks else ''}{marks}{doubt}"


def _source(number: int, citations: list[Citation]) -> str:
    first = citations[0]
    heading = f"[{number}] {first.title} ({_iso(first.published) or 'no date'}), {first.source}"
    return "\n".join([heading, *map(_quoted, citations)])


def _quoted(citation: Citation) -> str:
    page = f"page {citation.page}, " if citation.page else ""
    return f'    {page}{citation.start}-{citation.end}: "{" ".join(citation.quote.split())}"'


def _nearest(evidence: tuple[Evidence, ...], most: int = 3) -> str:
    lines = [
        f"  - {e.hit.passage.title} ({_iso(e.hit.passage.published) or 'no date'}): "
        + " ".join(e.hit.passage.text.split())[:160]
        for e in evidence[:most]
    ]
    return "\n".join(["Nearest passages:", *lines]) if lines else ""
