"""An answer as plain data for the page: sentences with chips, sources, or what was searched."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import qa
from qa.web import strings
from qa.web.components import Data
from qa.web.strings import say

NEAREST = 3  # passages shown when the documents do not say
_SNIPPET = 280  # characters of each


def view(answer: qa.Answer, root: Path) -> Data:
    """What the page shows of an answer; files below `root` are named relative to it."""
    after = {"remarks": list(answer.remarks)}
    if answer.abstained:
        nearest = [_passage(e.hit.passage, root) for e in answer.evidence[:NEAREST]]
        return {"refusal": answer.text, "nearest": nearest} | after
    return after | {
        "statements": [_statement(s) for s in answer.statements],
        "conflicts": [_conflict(c, root) for c in answer.conflicts],
        "doubt": doubt(answer.statements),
        "sources": _sources(answer, root),
        "searched": _searched(answer),
    }


def marked(statement: qa.Statement) -> str:
    """A sentence as plain text, with its numbers and, when in doubt, its verdict."""
    numbers = "".join(f"[{number}]" for number in statement.sources)
    label = strings.VERDICTS[statement.verdict]
    return " ".join(filter(None, (statement.text, numbers, label and f"({label})")))


def doubt(statements: Sequence[qa.Statement]) -> str:
    """How many sentences are not, or only partly, backed; empty when all are."""
    total = len(statements)
    counts = {v: sum(s.verdict == v for s in statements) for v in ("unsupported", "partial")}
    found = [f"{n} {strings.VERDICTS[v]}" for v, n in counts.items() if n]
    if not found:
        return ""
    template = strings.DOUBT_OF_ONE if total == 1 else strings.DOUBT
    return say(template, n=total, doubts=strings.AND.join(found))


def day(published: date | None) -> str:
    """A date as a newspaper writes it, such as 25 December 2023."""
    return say(strings.DAY, date=published) if published else strings.NO_DATE


def place(source: str, root: Path) -> str:
    """The file or URL of a document, relative to `root` when it lies below it."""
    path = Path(source)
    return str(path.relative_to(root)) if path.is_relative_to(root) else source


def on_page(citation: qa.Citation) -> str:
    """The page of a citation, to stand behind its quotation; empty where there are no pages."""
    return say(strings.ON_PAGE, page=citation.page) if citation.page else ""


def _searched(answer: qa.Answer) -> str:
    """What was searched, where that is not just the question in all documents."""
    query = scope = ""
    if answer.query != answer.question:
        query = say(strings.SEARCHED_FOR, query=answer.query)
    if answer.filters:
        scope = say(strings.SEARCHED_ONLY, filters=str(answer.filters))
    return say(strings.SEARCHED, query=query, scope=scope) if query or scope else ""


def _statement(statement: qa.Statement) -> Data:
    return {
        "text": statement.text,
        "verdict": statement.verdict,
        "label": strings.VERDICTS[statement.verdict],
        "reasons": list(statement.reasons),
        "chips": [_chip(number, cited) for number, cited in statement.sources.items()],
    }


def _conflict(conflict: qa.Conflict, root: Path) -> Data:
    """Two quotations that disagree, each with what opens it."""
    return {
        "what": conflict.what,
        "sides": [
            {
                "figure": figure,
                "number": side.number,
                "title": side.title,
                "date": day(side.published),
                "place": place(side.source, root),
                "text": _flat(side.quote),
                "target": _target([side]),
            }
            for figure, side in zip(conflict.figures, conflict.sides, strict=True)
        ],
    }


def _chip(number: int, citations: Sequence[qa.Citation]) -> Data:
    first = citations[0]
    label = say(strings.CHIP, number=number, title=first.title, day=day(first.published))
    return {"number": number, "label": label, "target": _target(citations)}


def _sources(answer: qa.Answer, root: Path) -> list[Data]:
    return [
        {
            "number": number,
            "title": cited[0].title,
            "date": day(cited[0].published),
            "place": place(cited[0].source, root),
            "quotes": [{"text": _flat(c.quote), "target": _target([c])} for c in cited],
        }
        for number, cited in answer.sources.items()
    ]


def _passage(passage: qa.Passage, root: Path) -> Data:
    text = _flat(passage.text)
    return {
        "title": passage.title,
        "date": day(passage.published),
        "place": place(passage.source, root),
        "text": text if len(text) <= _SNIPPET else f"{text[:_SNIPPET].rsplit(' ', 1)[0]} …",
        "target": {"document": passage.document_id, "spans": [[passage.start, passage.end]]},
    }


def _target(citations: Sequence[qa.Citation]) -> Data:
    return {"document": citations[0].document_id, "spans": [[c.start, c.end] for c in citations]}


def _flat(text: str) -> str:
    return " ".join(text.split())
