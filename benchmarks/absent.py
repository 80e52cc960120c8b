"""Refusing when the right document is not in the index, against the threshold of the refusal.

usage: python benchmarks/absent.py clapnq.jsonl [--more clapnq.jsonl] [--squad squad2_dev.json]

Every ClapNQ passage becomes a document of one collection. Each question is asked of all of them, of
all but the one that it was written about, and, as off-topic, of a SQuAD collection. --more adds
passages of another file, whose questions are not asked. A question is refused when its best
sentence says less of it than the threshold; without a model also when the passages do not speak
of some of its words. Writes docs/benchmarks.md.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tables

import qa
from qa import answering, matching, questions, refusal, retrieval
from qa.engine import RERANKED
from qa.types import EVERYTHING

THRESHOLDS = (0.36, 0.405, 0.44, 0.48, 0.52, 0.56, 0.60, 0.64, 0.68)


@dataclass(frozen=True)
class Found:
    """How much of a question its best sentence says, and whether words of it are missing."""

    score: float
    missing: bool


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clapnq", type=Path)
    parser.add_argument("--more", type=Path)
    parser.add_argument("--squad", type=Path)
    args = parser.parse_args()
    usual, refusal.ON_TOPIC = refusal.ON_TOPIC, 0.0  # so that words are looked at apart from it
    rows = _rows(args.clapnq)
    asked = [row["input"] for row in rows]
    golds = [_record(row) for row in rows]
    others = [_record(row) for row in (_rows(args.more) if args.more else [])]
    there, absent = _asked_of([*golds, *others], asked, golds)
    elsewhere = _asked_of(_squad(args.squad), asked)[0] if args.squad else []
    text = _table(there, absent, elsewhere, usual)
    tables.write("absent", f"{text}\n\n{len(asked)} questions.", "docs/benchmarks.md")


def _rows(path: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


def _record(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: row["passages"][0][name] for name in ("title", "text")}


def _squad(path: Path) -> list[dict[str, str]]:
    return [
        {"title": article["title"].replace("_", " "), "text": paragraph["context"]}
        for article in json.loads(path.read_text("utf-8"))["data"]
        for paragraph in article["paragraphs"]
    ]


def _questions(path: Path) -> list[Mapping[str, Any]]:
    articles = json.loads(path.read_text("utf-8"))["data"]
    return [q for article in articles for p in article["paragraphs"] for q in p["qas"]]


def _asked_of(
    records: Sequence[Mapping[str, str]],
    asked: Sequence[str],
    golds: Sequence[Mapping[str, str]] = (),
) -> tuple[list[Found], list[Found]]:
    """Each question over all records, and over all but its own."""
    with tempfile.TemporaryDirectory() as folder, qa.Engine.open(Path(folder) / "home") as engine:
        corpus = Path(folder) / "records.jsonl"
        corpus.write_text("\n".join(map(json.dumps, records)), "utf-8")
        engine.index(corpus)
        there = [_found(engine, question) for question in asked]
        titles = [gold["title"] for gold in golds]
        absent = [_found(engine, q, title) for q, title in zip(asked, titles, strict=False)]
    return there, absent


def _found(engine: qa.Engine, question: str, without: str | None = None) -> Found:
    """What is found for a question as the engine does it, documents of one title left out."""
    query = questions.in_english(questions.Query(question), engine._collection.cognate)
    found = [
        (asked, [hit for hit in hits if hit.passage.title != without])
        for asked, hits in engine._find(questions.parts(query), RERANKED, EVERYTHING)
    ]
    evidence = retrieval.select(
        retrieval.distinct(retrieval.interleave([hits for _, hits in found])), 6, 1500
    )
    read = engine._read(evidence)
    matched = [(asked, matching.compare(asked.target, evidence, read)) for asked, _ in found]
    best = [matching.score(a.target, s) for a, sentences in matched for s in sentences]
    return Found(max(best, default=0.0), not any(answering.quote(matched, engine._reader)))


def _table(
    there: Sequence[Found], absent: Sequence[Found], elsewhere: Sequence[Found], usual: float
) -> str:
    rows = []
    for threshold in THRESHOLDS:
        cells = [
            _refused(some, threshold, words, usual)
            for words in (False, True)
            for some in (there, absent, elsewhere)
        ]
        rows.append((f"{threshold:.3g}", *cells))
    head = ["threshold"]
    for who in ("before a model", "without a model"):
        head += [f"{who}: document there", "left out", "off-topic"]
    return tables.table(head, rows)


def _refused(some: Sequence[Found], threshold: float, words: bool, usual: float) -> str:
    """The share that is refused; bold at the threshold that is in use, which without a model, where
    missing `words` refuse too, is the `usual` one."""
    refused = sum(f.score < threshold or (words and f.missing) for f in some)
    mark = "**" if threshold == (usual if words else refusal.WORTH_A_MODEL) else ""
    return f"{mark}{refused / len(some):.1%}{mark}" if some else "-"


if __name__ == "__main__":
    main()
