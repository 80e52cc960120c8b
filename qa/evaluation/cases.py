"""Cases of a fixture test set: what is asked, what the answer must hold, where that stands.

A file holds one JSON object a line. `schema()` is its published JSON Schema; the dataclasses here
are both that schema and the validator.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from qa import types
from qa.errors import InputError
from qa.types import Document

Words = Annotated[str, Field(min_length=1)]

ACROSS = "across-documents"
"""The tag of cases that need evidence of every gold document; elsewhere any one will do."""
DISAGREEMENT = "disagreement"
"""The tag of cases whose documents give different values, each of which the answer must hold."""
TAGS = {
    "single-fact": "one fact of one sentence",
    "several-facts": "several facts, all of them wanted",
    ACROSS: "facts of several documents, every one of which must be found and cited",
    "by-date": "the date of the report or of the event decides",
    DISAGREEMENT: "sources give different values; the answer must hold each of them",
    "who-said": "who said, asked or denied something",
    "number-unit": "a number with its unit",
    "paraphrase": "asked in other words than the document's",
    "no-accents": "accents missing or letters mistyped",
    "spanish": "asked in Spanish of English documents",
    "follow-up": "leans on one earlier turn",
    "follow-up-3": "leans on two or more earlier turns",
    "false-premise": "takes for granted what is not so; to be refused",
    "near-miss": "the right people and places, a fact that is not there; to be refused",
    "off-topic": "about something else; to be refused",
    "injection": "a document or the question tries to give orders",
}
"""Tags with an agreed meaning; any other may be used as well."""


@dataclass(frozen=True, slots=True)
class Gold:
    """Where an answer stands: a document, and a verbatim quotation of it. Without a quotation the
    whole document counts; `relevance` grades it for nDCG."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    document: Annotated[
        Words, Field(description="end of the document's source: a file name, with #id of a record")
    ]
    quote: Annotated[str, Field(description="verbatim; empty for the whole document")] = ""
    relevance: Annotated[int, Field(ge=1, le=10, description="grade, for nDCG")] = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence as a model might write it, and whether the documents support it. What the checks
    say of it is compared with that."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    text: Annotated[Words, Field(description="one sentence")]
    supported: Annotated[bool, Field(description="whether the documents say it")]


@dataclass(frozen=True, slots=True)
class Filters:
    """What part of the documents is searched: dates are inclusive, sources as Engine.ask's."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    since: Annotated[date | None, Field(description="published on or after, 2023-12-25")] = None
    until: Annotated[date | None, Field(description="published on or before")] = None
    sources: Annotated[tuple[Words, ...], Field(description="sources to search")] = ()

    def given(self) -> types.Filters:
        """As `Engine.ask` and `Engine.search` take them."""
        return types.Filters(self.since, self.until, self.sources)


@dataclass(frozen=True, slots=True)
class Case:
    """One question and what a right answer to it is.

    `must_include` is a conjunction of groups; of each, one alternative must be in the answer. When
    it is empty, one of the reference `answers` must. Where there are none either, a right answer
    cites gold.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    question: Annotated[Words, Field(description="as a person would ask it")]
    id: Annotated[str, Field(description="unique; default line-N")] = ""
    history: Annotated[
        tuple[tuple[str, str], ...],
        Field(description="earlier turns, oldest first: [question, answer]"),
    ] = ()
    must_include: Annotated[
        tuple[Annotated[tuple[Words, ...], Field(min_length=1)], ...],
        Field(description="groups; of each, one alternative must be in the answer"),
    ] = ()
    must_not_include: Annotated[
        tuple[Words, ...], Field(description="words that a right answer does not hold")
    ] = ()
    answers: Annotated[
        tuple[Words, ...], Field(description="short reference answers, for token F1")
    ] = ()
    references: Annotated[
        tuple[Words, ...],
        Field(description="long reference answers, for token F1; no answer must hold one"),
    ] = ()
    gold: Annotated[tuple[Gold, ...], Field(description="where the answer stands")] = ()
    answerable: Annotated[bool, Field(description="false: a refusal is right")] = True
    filters: Annotated[Filters, Field(description="search a part of the documents")] = Filters()
    claims: Annotated[
        tuple[Claim, ...], Field(description="sentences to check against the documents")
    ] = ()
    tags: Annotated[
        tuple[Words, ...], Field(description="kinds; agreed are: " + ", ".join(TAGS))
    ] = ()
    note: Annotated[str, Field(description="for who reads the case; not measured")] = ""

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Of each of these groups a right answer holds one."""
        return self.must_include or ((self.answers,) if self.answers else ())

    def to_json(self) -> dict[str, Any]:
        """Plain values that `read_cases` reads back; fields at their default are left out."""
        record = json.loads(json.dumps(asdict(self), default=str))
        plain = json.loads(json.dumps(asdict(Case(question=".")), default=str))
        for gold in record["gold"]:
            if gold["relevance"] == 1:
                del gold["relevance"]
        return {name: value for name, value in record.items() if value != plain[name]}


@dataclass(frozen=True, slots=True)
class Problem:
    """A case that cannot be used: its line, the field, and what is wrong with the next step."""

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.reason}"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The usable cases of a file, the line of each by its id, and the problems of the others."""

    path: Path
    cases: tuple[Case, ...]
    lines: Mapping[str, int]
    problems: tuple[Problem, ...]

    def without(self, problems: Sequence[Problem]) -> "CaseFile":
        """This file less the cases on the lines of more problems."""
        bad = {problem.line for problem in problems}
        kept = tuple(case for case in self.cases if self.lines[case.id] not in bad)
        every = sorted([*self.problems, *problems], key=lambda problem: problem.line)
        return replace(self, cases=kept, problems=tuple(every))


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one line of a case file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_adapter().json_schema(),
        "title": "A case of a qa fixture test set, one JSON object a line",
    }


def load_cases(path: Path) -> list[Case]:
    """The cases of a JSONL file. Raises InputError that names every unusable line and field."""
    file = read_cases(path)
    if file.problems:
        raise InputError(f"{path}, " + "; ".join(map(str, file.problems)))
    return list(file.cases)


def read_cases(path: Path) -> CaseFile:
    """The usable cases of a JSONL file and the problems of the others. Raises InputError for a
    file that cannot be read or holds nothing."""
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as cases: {error}") from None
    cases, seen, problems = list[Case](), dict[str, int](), list[Problem]()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = _adapter().validate_json(line, strict=True)
        except ValidationError as error:
            problems += [_problem(number, details) for details in error.errors()]
            continue
        case = replace(case, id=case.id or f"line-{number}")
        found = [Problem(number, *wrong) for wrong in _wrong(case)]
        if case.id in seen:
            reason = f"{case.id!r} is used in line {seen[case.id]}: give each case its own"
            found.append(Problem(number, "id", reason))
        problems += found
        if not found:
            seen[case.id] = number
            cases.append(case)
    if not cases and not problems:
        raise InputError(
            f'{path} holds no cases: write {{"question": "...", "must_include": [["..."]]}}, '
            "one a line (`qa eval --schema` shows every field)"
        )
    return CaseFile(path, tuple(cases), seen, tuple(problems))


def check_gold(file: CaseFile, documents: Iterable[Document]) -> CaseFile:
    """The file less the cases whose gold document is not among the documents or does not hold the
    quotation, white space apart."""
    texts, elsewhere = dict[str, list[Document]](), dict[str, str]()
    for document in documents:
        for name in _endings(document.source):
            texts.setdefault(name, []).append(document)
        elsewhere |= {n: document.source for other in document.also_in for n in _endings(other)}
    flat: Callable[[str], str] = cache(flatten)
    return file.without(
        [
            Problem(file.lines[case.id], f"gold[{n}].{field}", reason)
            for case in file.cases
            for n, gold in enumerate(case.gold)
            for field, reason in _misplaced(gold, texts, elsewhere, flat)
        ]
    )


def flatten(text: str) -> str:
    """Composed characters (NFC), and one space for each run of white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _misplaced(
    gold: Gold,
    texts: Mapping[str, Sequence[Document]],
    elsewhere: Mapping[str, str],
    flat: Callable[[str], str],
) -> Iterable[tuple[str, str]]:
    if gold.document not in texts and gold.document in elsewhere:
        yield "document", f"is the same as {elsewhere[gold.document]}: name that one"
        return
    if gold.document not in texts:
        near = get_close_matches(gold.document, texts, 1, 0.6)
        step = f"did you mean {near[0]!r}?" if near else "index it with `qa index`"
        yield "document", f"{gold.document!r} is not in the index: {step}"
        return
    quote = flatten(gold.quote)
    held = [flat(document.text) for document in texts[gold.document]]
    if not any(quote in text for text in held):
        low, high = 0, len(quote)  # the longest beginning that is there, by bisection
        while low < high:
            middle = (low + high + 1) // 2
            begun = any(quote[:middle] in text for text in held)
            low, high = (middle, high) if begun else (low, middle - 1)
        there = f"it goes only as far as {quote[max(0, low - 40) : low]!r}" if low > 9 else "at all"
        yield (
            "quote",
            f"is not in {gold.document} ({there}): copy it from the document, letter by letter",
        )


def _wrong(case: Case) -> Iterable[tuple[str, str]]:
    """Field and reason of what no schema says."""
    if not case.question.strip():
        yield "question", "the question is empty: write what a person would ask"
    said = case.groups or case.references
    if case.answerable and not (said or case.gold or case.claims):
        yield (
            "must_include",
            'a case without an answer: add "must_include", "answers" or "gold", or say '
            '"answerable": false',
        )
    if not case.answerable and (said or case.gold):
        yield (
            "answerable",
            'false, but there is an answer: take "must_include", "answers" and "gold" out, or say '
            "true",
        )
    if case.claims and case.history:
        yield "claims", "need a question without history: put them into a case of their own"
    since, until = case.filters.since, case.filters.until
    if since and until and since > until:
        yield "filters", f"since {since} is after until {until}: turn them around"


def _problem(line: int, details: ErrorDetails) -> Problem:
    kind, loc = details["type"], [part for part in details["loc"] if part != "Case"]
    field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in loc).lstrip(".")
    if kind == "unexpected_keyword_argument":
        place = str(loc[0]) if len(loc) > 1 else ""
        owners: dict[str, Any] = {"gold": Gold, "claims": Claim, "filters": Filters}
        known = [entry.name for entry in fields(owners.get(place, Case))]
        near = get_close_matches(str(loc[-1]), known, 1, 0.6)
        step = f"did you mean {near[0]!r}?" if near else f"use {', '.join(known)}"
        return Problem(line, field, f"unknown field {str(loc[-1])!r}: {step}")
    if kind == "missing" or kind == "missing_argument":
        return Problem(line, field, f"no field {str(loc[-1])!r}: add it")
    if kind == "json_invalid":
        return Problem(line, "line", f"broken JSON ({details['msg']}): write one object a line")
    if kind in ("dataclass_type", "dataclass_exact_type") and not loc:
        return Problem(line, "line", "not a case: write one JSON object a line")
    return Problem(line, field, f"{details['msg']}: see `qa eval --schema`")


def _endings(source: str) -> Iterable[str]:
    """A source and everything after one of its slashes: the names it may be called by."""
    parts = source.split("/")
    return ("/".join(parts[n:]) for n in range(len(parts)))


@cache
def _adapter() -> TypeAdapter[Case]:
    return TypeAdapter(Case)
