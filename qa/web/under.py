"""What stands under an answer, as plain data: its thumbs, its text to copy, other ways to ask, and
what was searched."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten
from typing import Any

import qa
from qa.web import strings
from qa.web.answer import day, marked, on_page, place
from qa.web.components import Data
from qa.web.conversations import Again, Exchange
from qa.web.strings import say

LONGEST = 2_000  # characters of a reason that are kept
_BEGUN = 60  # characters of a passage, to tell it from others of its document


def view(
    answer: qa.Answer, root: Path, said: qa.Feedback | None, ways: Sequence[tuple[str, Again]]
) -> Data:
    """What the page shows under an answer, after what was `said` of it."""
    faults = strings.FAULTS_OF_A_REFUSAL if answer.abstained else strings.FAULTS
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
        found.append((say(strings.ONLY_IN_DOCUMENTS, filters=str(now)), Again(now)))
    if before:
        found.append((strings.IN_ALL_DOCUMENTS, Again(qa.Filters())))
    # Of what no document speaks, a model is not asked.
    other = model and model != answer.model and (_by_model(answer) or not answer.abstained)
    once = say(strings.WITH_MODEL, model=model) if other else strings.ONCE_MORE
    found.append((once, Again(before)))
    if model and not _strict(answer):
        found.append((strings.STRICTLY, Again(before, how="strict")))
    if _by_model(answer):
        found.append((strings.QUOTE_INSTEAD, Again(before, how="quoted")))
    return found


def judged(
    exchange: Exchange, history: Sequence[tuple[str, str]], given: Data
) -> qa.Feedback | None:
    """What a person said, as it is kept; None when the thumb was taken back."""
    if exchange.answer is None or not isinstance(given.get("right"), bool):
        return None
    right, answer = given["right"], exchange.answer
    fault = given.get("fault")
    faults = strings.FAULTS | strings.FAULTS_OF_A_REFUSAL
    known: Any = fault if not right and fault in faults else ""
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
        quotes = (f"“{' '.join(c.quote.split())}”{on_page(c)}" for c in cited)
        parts.append("\n".join([head, *quotes]))
    return "\n\n".join(parts) + "\n"


def foot(answer: qa.Answer) -> str:
    """Who answered, how long it took, and what was spent."""
    alone = strings.SEARCHED_BY_ITSELF if answer.abstained else strings.QUOTED
    who = answer.spent or (answer.model if _by_model(answer) else alone)
    strict = strings.STRICT if _by_model(answer) and _strict(answer) else ""
    seconds = sum(answer.timings.values())
    took = f"{seconds:.{2 if seconds < 1 else 1}f}"
    return f"{who}{strict}" + (say(strings.SECONDS, seconds=took) if seconds else "")


def _by_model(answer: qa.Answer) -> bool:
    return bool(answer.usage or (answer.provenance and answer.provenance.prompt))


def _strict(answer: qa.Answer) -> bool:
    return bool(answer.provenance and answer.provenance.settings.get("strict"))


def _searched(answer: qa.Answer) -> str:
    """What was searched for, in what, and how much of it was read."""
    scope = answer.searched
    if not scope and answer.filters:
        scope = say(strings.DOCUMENTS_CHOSEN, filters=str(answer.filters))
    where = f" {scope}{',' if ',' in scope else ''}" if scope else ""
    return say(strings.READ, scope=where, query=answer.query, n=len(answer.evidence))


def _meaning(answer: qa.Answer) -> str:
    """What the scores are."""
    settings = answer.provenance.settings if answer.provenance else {}
    by = strings.RANKED_BY_WORDS
    if settings.get("reranker"):
        by = say(strings.RANKED_BY_MODEL, model=settings["reranker"])
    return say(strings.SCORES_MEAN, by=by)


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


def _words(given: Any) -> str:
    return str(given or "").strip()[:LONGEST]
