"""Retrieval sets: documents, questions, and which documents answer which question.

Formats, chosen by `--format` or else by the path:

    squad   .json, SQuAD 1.1, 2.0 or XQuAD: each paragraph is a document, each answerable question's
            gold is its own paragraph
    clapnq  .jsonl of ClapNQ: each row's passage is a document; a row with an answer asks for it
    beir    a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv
    jsonl   a row: {"question": "...", "passages": [{"title": "...", "text": "..."}, ...],
            "gold": [0, 2]}: all passages are one collection, gold counts within the row; a row
            without gold only adds documents

Documents with equal title and text are one document.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
    documents, asked = list[Document](), list[Question]()
    for path in paths:
        for row in _READERS[form or guess(path)](path):
            (documents if isinstance(row, Document) else asked).append(row)  # type: ignore[arg-type]
    if questions:
        other = {q.id: q.text for q in _squad(questions) if isinstance(q, Question)}
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


def _merged(name: str, documents: Iterable[Document], asked: Iterable[Question]) -> Dataset:
    """Equal documents as one, under the first of their ids; questions without gold left out."""
    first = dict[tuple[str, str], str]()
    same = {d.id: first.setdefault((d.title, d.text), d.id) for d in documents}
    kept = [Document(i, title, text) for (title, text), i in first.items()]
    questions = [
        Question(q.id, " ".join(q.text.split()), {same[i]: g for i, g in q.gold.items()})
        for q in asked
        if q.text.strip() and q.gold
    ]
    return Dataset(name, tuple(kept), tuple(questions))


def _squad(path: Path) -> Iterator[Document | Question]:
    for a, article in enumerate(json.loads(path.read_text("utf-8"))["data"]):
        for p, paragraph in enumerate(article["paragraphs"]):
            identity = f"{path.stem}/{a}/{p}"
            title = article.get("title", "").replace("_", " ")
            yield Document(identity, title, paragraph["context"])
            for entry in paragraph["qas"]:
                if entry["answers"] and not entry.get("is_impossible", False):
                    yield Question(entry["id"], entry["question"], {identity: 1})


def _clapnq(path: Path) -> Iterator[Document | Question]:
    for row in _lines(path):
        passage = row["passages"][0]
        yield Document(row["id"], passage["title"], passage["text"])
        if any(output["answer"].strip() for output in row["output"]):
            yield Question(row["id"], row["input"], {row["id"]: 1})


def _beir(folder: Path) -> Iterator[Document | Question]:
    for row in _lines(folder / "corpus.jsonl"):
        yield Document(row["_id"], row.get("title", ""), row["text"])
    gold = dict[str, dict[str, int]]()
    for line in (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            gold.setdefault(query, {})[document] = int(grade)
    for row in _lines(folder / "queries.jsonl"):
        if row["_id"] in gold:
            yield Question(row["_id"], row["text"], gold[row["_id"]])


def _jsonl(path: Path) -> Iterator[Document | Question]:
    for number, row in enumerate(_lines(path), start=1):
        names = [f"{path.stem}/{number}/{n}" for n in range(len(row["passages"]))]
        for name, passage in zip(names, row["passages"], strict=True):
            yield Document(name, passage.get("title", ""), passage["text"])
        gold = {names[n]: 1 for n in row.get("gold", [])}
        yield Question(f"{path.stem}/{number}", row["question"], gold)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


_READERS = {"squad": _squad, "clapnq": _clapnq, "beir": _beir, "jsonl": _jsonl}
