"""How well the quoted sentences agree with those that annotators chose, on a ClapNQ file.

usage: python benchmarks/sentences.py clapnq_answerable.jsonl [--limit N]

Every passage becomes a document and the whole file one collection. A question's F1 compares the
characters (spaces apart) of the sentences chosen in its passage with `selected_sentences`; what is
chosen elsewhere counts as wrong. Plain BM25 ranks the sentences of the same evidence; it is given
the best number of sentences for it, by hindsight. Writes docs/benchmarks.md.
"""

import argparse
import json
import math
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tables

import qa
from qa import answering, matching, questions, retrieval
from qa.lexical import analyse
from qa.models.minilm import MiniLM

K1, B = 1.2, 0.75  # BM25 (Robertson and Walker 1994), over the sentences of the evidence
MOST = 4  # sentences that BM25 may be given


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clapnq", type=Path)
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    lines = args.clapnq.read_text("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line.strip()]
    with tempfile.TemporaryDirectory() as folder, qa.Engine.open(Path(folder) / "home") as engine:
        corpus = Path(folder) / "clapnq.jsonl"
        passages = {p["text"]: p["title"] for row in rows for p in row["passages"]}
        records = [{"title": title, "text": text} for text, title in passages.items()]
        corpus.write_text("\n".join(map(json.dumps, records)), "utf-8")
        engine.index(corpus)
        scores = dict[str, list[float]]()
        for row in rows[: args.limit]:
            for name, value in _one(engine, row).items():
                scores.setdefault(name, []).append(value)
    head = [f"{len(scores['quoted'])} ClapNQ questions, {len(records)} passages", "F1"]
    means = {name: sum(values) / len(values) for name, values in scores.items()}
    text = tables.table(head, [(name, f"{mean:.3f}") for name, mean in means.items()])
    tables.write("sentences", text, "docs/benchmarks.md")


def _one(engine: qa.Engine, row: dict[str, Any]) -> dict[str, float]:
    question = row["input"]
    gold = [s for output in row["output"] for s in output.get("selected_sentences") or []]
    evidence = retrieval.select(engine.search(question, 20), 6, 1500)
    (words,) = MiniLM().words([question])
    asked = questions.asked(questions.Query(question), words, engine._collection.rarity)
    found = matching.compare(asked.target, evidence, engine._read(evidence))
    ranked = sorted(found, key=lambda s: -answering.score(asked, s))
    answer = engine.ask(question)
    scores = {
        "quoted": _f1([s.text for s in answer.statements], gold),
        "one by words in context": _f1([s.text for s in ranked[:1]], gold),
        "two": _f1([s.text for s in ranked[:2]], gold),
        "three": _f1([s.text for s in ranked[:3]], gold),
    }
    by_bm25 = _bm25(question, [s.text for s in found])
    for n in range(1, MOST + 1):
        scores[f"{n} by BM25"] = _f1(by_bm25[:n], gold)
    return scores


def _f1(chosen: Sequence[str], gold: Sequence[str]) -> float:
    """Harmonic mean of precision and recall, in characters of sentences that are the same."""
    given, wanted = {_letters(s) for s in chosen}, {_letters(s) for s in gold}
    # A sentence that one side divides and the other does not is shared as far as it goes.
    shared_given = sum(len(s) for s in given if any(s in w or w in s for w in wanted))
    shared_wanted = sum(len(w) for w in wanted if any(s in w or w in s for s in given))
    if not shared_given or not shared_wanted:
        return 0.0
    precision = shared_given / sum(map(len, given))
    recall = shared_wanted / sum(map(len, wanted))
    return 2 * precision * recall / (precision + recall)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _bm25(question: str, sentences: Sequence[str]) -> list[str]:
    bags = [Counter(analyse(s)) for s in sentences]
    mean = sum(map(_size, bags)) / max(1, len(bags))
    terms = set(analyse(question))
    holding = {t: sum(t in bag for bag in bags) for t in terms}

    def score(bag: Counter[str]) -> float:
        norm = K1 * (1 - B + B * _size(bag) / mean)
        return sum(
            math.log(1 + (len(bags) - holding[t] + 0.5) / (holding[t] + 0.5))
            * bag[t]
            * (K1 + 1)
            / (bag[t] + norm)
            for t in terms
            if bag[t]
        )

    order = sorted(range(len(bags)), key=lambda i: -score(bags[i]))
    return [sentences[i] for i in order]


def _size(bag: Counter[str]) -> int:
    return sum(bag.values())


if __name__ == "__main__":
    main()
