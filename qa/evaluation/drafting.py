"""Drafts of cases about a document, for a person to edit: by a model when there is one, else from
its sentences with a name and a number or date in them."""

import json
import re
from collections.abc import Iterator

from qa import prompts
from qa.errors import ModelError
from qa.evaluation.cases import Case, Gold, flatten
from qa.models import ChatModel
from qa.sentences import sentences
from qa.types import Document

DRAFT = "draft"
"""The tag of a case that nobody has looked at."""
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
    name = document.source.rsplit("/", 1)[-1]
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
        values = [v.strip() for v in _VALUE.findall(quote)]
        if names and values and len(quote) > 40:
            subject = re.sub(r"['’]s$", "", max(names, key=len))
            question = f"What is reported about {subject}?"
            told.append((-len(names) - len(values), start, question, max(values, key=len), quote))
    chosen = sorted(told)
    return ((question, value, quote) for _, _, question, value, quote in chosen)
