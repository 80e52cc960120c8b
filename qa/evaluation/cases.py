"""Cases of a fixture test set: what is asked, what the answer must hold, where that stands."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import InputError
from qa.types import Turn

_FIELDS = {
    "id": str,
    "question": str,
    "history": list,
    "must_include": list,
    "must_not_include": list,
    "gold": list,
    "answerable": bool,
    "tags": list,
}
ACROSS = "across-documents"
"""The tag of cases that need evidence of every gold document; elsewhere any one will do."""


@dataclass(frozen=True, slots=True)
class Gold:
    """A verbatim quotation that answers the case, and the name of the document it stands in."""

    document: str
    quote: str


@dataclass(frozen=True, slots=True)
class Case:
    """One question and what a right answer to it is.

    `must_include` is a conjunction of groups; of each, one alternative must be in the answer.
    """

    id: str
    question: str
    history: tuple[Turn, ...]
    must_include: tuple[tuple[str, ...], ...]
    must_not_include: tuple[str, ...]
    gold: tuple[Gold, ...]
    answerable: bool
    tags: tuple[str, ...]


def load_cases(path: Path) -> list[Case]:
    """The cases of a JSONL file. Raises InputError that names the file, line and field."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as cases: {error}") from None
    cases, seen = list[Case](), dict[str, int]()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = _case(json.loads(line), number)
        except (ValueError, TypeError, KeyError) as error:
            reason = f"no field {error}" if isinstance(error, KeyError) else error
            raise InputError(f"{path}, line {number}: {reason}") from None
        if case.id in seen:
            raise InputError(
                f"{path}, line {number}: id {case.id!r} is used in line {seen[case.id]}"
            )
        seen[case.id] = number
        cases.append(case)
    if not cases:
        raise InputError(f'{path} holds no cases: write {{"question": "...", "answerable": true}}')
    return cases


def _case(record: Any, number: int) -> Case:
    if not isinstance(record, dict):
        raise ValueError("not a case: write one JSON object a line")
    for name, value in record.items():
        if name not in _FIELDS:
            raise ValueError(f"unknown field {name!r}: use {', '.join(_FIELDS)}")
        if not isinstance(value, _FIELDS[name]):
            raise ValueError(f"field {name!r} must be of type {_FIELDS[name].__name__}")
    case = Case(
        id=record.get("id", f"line-{number}"),
        question=record["question"],
        history=tuple(Turn(*turn) for turn in record.get("history", [])),
        must_include=tuple(tuple(group) for group in record.get("must_include", [])),
        must_not_include=tuple(record.get("must_not_include", [])),
        gold=tuple(Gold(g["document"], g["quote"]) for g in record.get("gold", [])),
        answerable=record.get("answerable", True),
        tags=tuple(record.get("tags", [])),
    )
    if not case.question.strip():
        raise ValueError("the question is empty")
    if case.answerable and not (case.must_include or case.gold):
        raise ValueError('an answerable case needs "must_include" or "gold"')
    return case
