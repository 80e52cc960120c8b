"""Retrieval sets: documents, questions, and which documents answer which question.

The files are read as `qa eval --format` reads them (`qa.evaluation.convert`); here a document is
right or wrong as a whole, and a question without gold only adds its documents. The format is named
by `--format` or else told by the path: a folder is beir, .json squad, .jsonl clapnq or jsonl.

Documents with equal title and text are one document.
"""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.evaluation import Converted, convert

FORMATS = ("squad", "clapnq", "beir", "jsonl")


@dataclass(frozen=True, slots=True)
class Document:
    """A unit that is right or wrong for a question as a whole."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked and the grade of each document that answers it."""

    id: str
    text: str
    gold: dict[str, int]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One collection and the questions asked of it."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]

    def sample(self, limit: int | None, seed: int = 0) -> "Dataset":
        """The same documents with at most `limit` of the questions, chosen by the seed."""
        if limit is None or limit >= len(self.questions):
            return self
        chosen = random.Random(seed).sample(self.questions, limit)
        return replace(self, questions=tuple(chosen))


def read(paths: Sequence[Path], form: str | None = None, questions: Path | None = None) -> Dataset:
    """The files as one collection; `questions` names a SQuAD file whose questions are asked in
    place of those with the same id, such as a translation."""
    sets = [(path.stem, convert(path, form or guess(path))) for path in paths]
    documents = [document for prefix, found in sets for document in _documents(prefix, found)]
    asked = [question for prefix, found in sets for question in _questions(prefix, found)]
    if questions:
        other = {case.id: case.question for case in convert(questions, "squad").cases}
        asked = [replace(q, text=other[q.id]) for q in asked if q.id in other]
    name = "+".join(path.stem for path in [*paths, *([questions] if questions else [])])
    return _merged(name, documents, asked)


def guess(path: Path) -> str:
    """The format that a path speaks of."""
    if path.is_dir():
        return "beir"
    if path.suffix == ".json":
        return "squad"
    with path.open("rb") as file:
        return "clapnq" if "input" in json.loads(file.readline()) else "jsonl"


def _documents(prefix: str, found: Converted) -> list[Document]:
    return [
        Document(f"{prefix}/{record['id']}", record.get("title", ""), record["text"])
        for record in found.documents
    ]


def _questions(prefix: str, found: Converted) -> list[Question]:
    """The cases that have gold; each of a document's gold sentences stands for the document."""
    return [
        Question(
            case.id,
            case.question,
            {f"{prefix}/{g.document.partition('#')[2]}": g.relevance for g in case.gold},
        )
        for case in found.cases
        if case.gold
    ]


def _merged(name: str, documents: Iterable[Document], asked: Iterable[Question]) -> Dataset:
    """Documents that several files hold as one, under the first of their ids."""
    first = dict[tuple[str, str], str]()
    same = {d.id: first.setdefault((d.title, d.text), d.id) for d in documents}
    kept = [Document(i, title, text) for (title, text), i in first.items()]
    questions = [replace(q, gold={same[i]: grade for i, grade in q.gold.items()}) for q in asked]
    return Dataset(name, tuple(kept), tuple(questions))
