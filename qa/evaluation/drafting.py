"""Drafts of cases, for a person to edit. About a document: by a model when there is one, else from
its sentences with a name and a number or date in them. From what people said of answers."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from qa import prompts
from qa.errors import ModelError
from qa.evaluation.cases import Case, Filters, Gold, flatten
from qa.feedback import Feedback, FeedbackFile
from qa.models import ChatModel
from qa.sentences import sentences
from qa.types import Document

DRAFT = "draft"
"""The tag of a case that nobody has looked at."""
FEEDBACK = "feedback"
"""The tag of a case that was drafted from what somebody said of an answer."""
_LONGEST = 24_000  # characters of a document that a model is shown

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_VALUE = re.compile(
    rf"{_MONTH} \d{{1,2}}(?:,? \d{{4}})?|\d{{1,2}} {_MONTH}(?: \d{{4}})?"
    r"|\d+(?:[.,]\d+)*(?:\s?%| (?:percent|per cent|thousand|million|billion))?"
)
_NAME = re.compile(r"[A-ZÀ-Þ][\w’'-]+(?:\s(?:(?:of|de|del|la|the)\s)?[A-ZÀ-Þ][\w’'-]+)*")


def draft(document: Document, most: int, model: ChatModel | None) -> list[Case]:
    """At most `most` cases about a document, each with a quotation that stands in it.

    With a model, questions whose quotation or answer is not in the document are dropped. Raises
    ModelError when it gives none that can be used.
    """
    name = _name(document.source)
    found = _generated(document, most, model) if model else _quoted(document)
    stem = re.sub(r"\W+", "-", name.rsplit(".", 1)[0] if "#" not in name else name).strip("-")
    return [
        Case(
            question=question,
            id=f"{stem}-{n:02d}",
            must_include=((answer,),),
            gold=(Gold(name, quote),),
            tags=(DRAFT,),
        )
        for n, (question, answer, quote) in enumerate(list(found)[:most], start=1)
    ]


def feedback_cases(home: Path) -> list[Case]:
    """A case for each answer of a home folder that was judged with a thumb, newest first.

    After a thumb up it holds what was said and quoted; after a thumb down, the right answer, where
    that was told: without one it cannot be used until a person adds it. Raises StoreError.
    """
    return [_judged(said) for said in reversed(FeedbackFile(home).read().values())]


def to_jsonl(cases: list[Case]) -> str:
    """Cases as the text of a case file."""
    return "".join(f"{json.dumps(case.to_json(), ensure_ascii=False)}\n" for case in cases)


def _judged(said: Feedback) -> Case:
    case = Case(
        question=said.question,
        id=f"{FEEDBACK}-{said.id}",
        history=tuple((turn.question, turn.answer) for turn in said.history),
        filters=Filters(said.filters.since, said.filters.until, said.filters.sources),
        tags=(DRAFT, FEEDBACK),
        note=said.reason,
    )
    if said.fault == "unanswerable" or (said.right and said.abstained):
        return replace(case, answerable=False)
    if not said.right:
        return replace(case, must_include=((said.expected,),) if said.expected else ())
    quotes = [(_name(source), flatten(quote)) for source, quote in said.quotes]
    values = [max(found, key=len) for _, quote in quotes if (found := _values(quote))]
    return replace(
        case,
        must_include=tuple((value,) for value in dict.fromkeys(values) if value in said.answer),
        gold=tuple(Gold(name, quote) for name, quote in dict.fromkeys(quotes)),
    )


def _generated(document: Document, most: int, model: ChatModel) -> list[tuple[str, str, str]]:
    system, user = prompts.load("cases")
    text = document.text[document.body : document.body + _LONGEST]
    fenced = text.replace("<document>", "").replace("</document>", "")
    reply = model.reply(system.substitute(most=most), user.substitute(document=fenced))
    flat, found = flatten(document.text), list[tuple[str, str, str]]()
    for line in "".join(reply).splitlines():
        try:
            record = json.loads(line.strip().rstrip(","))
            question, answer, quote = (
                flatten(record[name]) for name in ("question", "answer", "quote")
            )
        except (ValueError, TypeError, KeyError):
            continue  # a model's fences and remarks
        if question and answer and answer in quote and quote in flat:
            found.append((question, answer, quote))
    if not found:
        raise ModelError(
            f"{model.name} wrote no question whose answer stands in the document: try another "
            "model, or draft without one"
        )
    return found


def _quoted(document: Document) -> Iterator[tuple[str, str, str]]:
    """Sentences that tell a number or date of somebody or something, those with most first. The
    question only names what the sentence is about; the person who edits it asks."""
    told = list[tuple[int, int, str, str, str]]()
    for start, end in sentences(document.text, document.body):
        quote = flatten(document.text[start:end])
        names = [n for n in _NAME.findall(quote) if not quote.startswith(n) or " " in n]
        values = _values(quote)
        if names and values and len(quote) > 40:
            subject = re.sub(r"['’]s$", "", max(names, key=len))
            question = f"What is reported about {subject}?"
            told.append((-len(names) - len(values), start, question, max(values, key=len), quote))
    chosen = sorted(told)
    return ((question, value, quote) for _, _, question, value, quote in chosen)


def _values(text: str) -> list[str]:
    return [value.strip() for value in _VALUE.findall(text)]


def _name(source: str) -> str:
    return source.rsplit("/", 1)[-1]
