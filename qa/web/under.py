"""What stands under an answer, as plain data: its thumbs, its text to copy, other ways to ask, and
what was searched."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten
from typing import Any

import qa
from qa.web.answer import day, marked, place
from qa.web.components import Data
from qa.web.conversations import Again, Exchange

LONGEST = 2_000  # characters of a reason that are kept
_BEGUN = 60  # characters of a passage, to tell it from others of its document
_FAULTS = {
    "wrong": "It is wrong",
    "incomplete": "Something is missing",
    "source": "Its source does not say that",
    "unanswerable": "The documents do not say: it should have said so",
}
_REFUSED = {"answerable": "The documents do say"}


def view(
    answer: qa.Answer, root: Path, said: qa.Feedback | None, ways: Sequence[tuple[str, Again]]
) -> Data:
    """What the page shows under an answer, after what was `said` of it."""
    faults = _REFUSED if answer.abstained else _FAULTS
    return {
        "judged": said
        and {
            "right": said.right,
            "fault": said.fault,
            "reason": said.reason,
            "expected": said.expected,
        },
        "faults": [{"value": value, "label": label} for value, label in faults.items()],
        "copied": copied(answer, root),
        "ways": [label for label, _ in ways],
        "searched": _searched(answer),
        "ranks": _ranks(answer),
        "meaning": _meaning(answer),
        "foot": foot(answer),
    }


def ways(answer: qa.Answer, now: qa.Filters, model: str) -> list[tuple[str, Again]]:
    """Other ways to ask a question, in words, when these filters and this model are chosen now;
    `model` is empty where none is."""
    before, found = answer.filters, list[tuple[str, Again]]()
    if now and now != before:
        found.append((f"Only in documents {now}", Again(now)))
    if before:
        found.append(("In all documents", Again(qa.Filters())))
    # Of what no document speaks, a model is not asked.
    other = model and model != answer.model and (_by_model(answer) or not answer.abstained)
    found.append((f"With {model}" if other else "Once more, the same way", Again(before)))
    if model and not _strict(answer):
        found.append(("Strictly: leave out what is not backed", Again(before, how="strict")))
    if _by_model(answer):
        found.append(("Quote the documents, without a model", Again(before, how="quoted")))
    return found


def judged(
    exchange: Exchange, history: Sequence[tuple[str, str]], given: Data
) -> qa.Feedback | None:
    """What a person said, as it is kept; None when the thumb was taken back."""
    if exchange.answer is None or not isinstance(given.get("right"), bool):
        return None
    right, answer = given["right"], exchange.answer
    fault = given.get("fault")
    known: Any = fault if not right and fault in _FAULTS | _REFUSED else ""
    return qa.Feedback(
        id=exchange.id,
        given=datetime.now(UTC),
        right=right,
        question=exchange.question,
        answer=answer.text,
        abstained=answer.abstained,
        fault=known,
        reason=_words(given.get("reason")),
        expected="" if right else _words(given.get("expected")),
        history=tuple(qa.Turn(*turn) for turn in history),
        filters=answer.filters,
        quotes=tuple((c.source, c.quote) for c in answer.citations),
        model=answer.model,
    )


def copied(answer: qa.Answer, root: Path) -> str:
    """The answer as plain text: the question, each sentence with its numbers and doubts, and the
    quotations by number."""
    parts = [answer.question, " ".join(map(marked, answer.statements)) or answer.text]
    parts += [*answer.remarks, *map(str, answer.conflicts)]
    doubts = [s for s in answer.statements if s.verdict != "supported"]
    parts += [f"“{s.text}”: {'; '.join(s.reasons) or s.verdict}" for s in doubts]
    for number, cited in answer.sources.items():
        first = cited[0]
        head = f"[{number}] {first.title}, {day(first.published)}, {place(first.source, root)}"
        quotes = (f"“{' '.join(c.quote.split())}”{_page(c)}" for c in cited)
        parts.append("\n".join([head, *quotes]))
    return "\n\n".join(parts) + "\n"


def foot(answer: qa.Answer) -> str:
    """Who answered, how long it took, and what was spent."""
    who = answer.spent or (answer.model if _by_model(answer) else "Quoted, without a model")
    strict = "; strict" if _by_model(answer) and _strict(answer) else ""
    seconds = sum(answer.timings.values())
    return f"{who}{strict}" + (
        f"; {seconds:.{2 if seconds < 1 else 1}f} seconds" if seconds else ""
    )


def _by_model(answer: qa.Answer) -> bool:
    return bool(answer.usage or (answer.provenance and answer.provenance.prompt))


def _strict(answer: qa.Answer) -> bool:
    return bool(answer.provenance and answer.provenance.settings.get("strict"))


def _searched(answer: qa.Answer) -> str:
    """What was searched for, in what, and how much of it was read."""
    scope = answer.searched or (f"documents {answer.filters}" if answer.filters else "")
    where = f" {scope}{',' if ',' in scope else ''}" if scope else ""
    count = len(answer.evidence)
    read = "1 passage was" if count == 1 else f"{count} passages were"
    return f"Searched{where} for “{answer.query}”. {read} read, best first."


def _meaning(answer: qa.Answer) -> str:
    """What the scores are."""
    settings = answer.provenance.settings if answer.provenance else {}
    by = (
        f"the place that {settings['reranker']} gave them, where it gave one"
        if settings.get("reranker")
        else "how much of the question a passage says word by word, a little of how near it is in "
        "meaning (cosine) and in words (BM25), and of the days that the question names"
    )
    return f"The score is what they are ranked by: {by}. – means that it was not found that way."


def _ranks(answer: qa.Answer) -> list[Data]:
    """The passages that were read, best first, with the parts of their scores."""
    cited = {citation.number for citation in answer.citations}
    hits = sorted(answer.evidence, key=lambda e: -e.hit.score)
    return [
        {
            "title": e.hit.passage.title,
            "detail": f"{day(e.hit.passage.published)} · “{_begun(e.hit.passage.text)}”",
            "cited": e.number if e.number in cited else 0,
            "scores": [
                _score(part) for part in (e.hit.score, e.hit.words, e.hit.dense, e.hit.lexical)
            ],
            "target": {
                "document": e.hit.passage.document_id,
                "spans": [[e.hit.passage.start, e.hit.passage.end]],
            },
        }
        for e in hits
    ]


def _begun(text: str) -> str:
    return shorten(text, _BEGUN, placeholder=" …")


def _score(part: float | None) -> str:
    return "–" if part is None else f"{part:.2f}"


def _page(citation: qa.Citation) -> str:
    return f" (page {citation.page})" if citation.page else ""


def _words(given: Any) -> str:
    return str(given or "").strip()[:LONGEST]
