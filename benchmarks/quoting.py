"""How often the quoted sentences hold the answer, and what is refused, on a SQuAD 2.0 file.

usage: python benchmarks/quoting.py squad2_dev.json [--off-topic clapnq.jsonl] [--limit N]

Every paragraph becomes a document and the whole file one collection. The single best sentence is
also chosen by cosine and by IDF-weighted overlap, for comparison. --off-topic asks the questions of
a ClapNQ file of the same collection. Writes docs/benchmarks.md.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import tables

import qa
from qa import answering, matching, questions, retrieval
from qa.lexical import analyse
from qa.models.minilm import MiniLM

Score = Callable[[matching.Sentence], float]


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("squad", type=Path)
    parser.add_argument("--off-topic", type=Path)
    parser.add_argument("--limit", type=int, default=0, help="questions, drawn with a fixed seed")
    args = parser.parse_args()
    records, asked = _read(args.squad)
    if args.limit:
        asked = random.Random(0).sample(asked, args.limit)
    with tempfile.TemporaryDirectory() as folder, qa.Engine.open(Path(folder) / "home") as engine:
        corpus = Path(folder) / "squad.jsonl"
        corpus.write_text("\n".join(json.dumps(record) for record in records), "utf-8")
        engine.index(corpus)
        rows = _answerable(engine, [(q, golds) for q, golds in asked if golds])
        hopeless = [q for q, golds in asked if not golds]
        rows.append(("near misses refused (SQuAD's unanswerable)", _refused(engine, hopeless)))
        if args.off_topic:
            lines = args.off_topic.read_text("utf-8").split("\n")
            other = [json.loads(line)["input"] for line in lines if line.strip()]
            rows.append((f"off-topic questions refused ({len(other)})", _refused(engine, other)))
    head = [f"{len(records)} SQuAD paragraphs, {len(asked)} questions", "share"]
    text = tables.table(head, [(name, f"{share:.1%}") for name, share in rows])
    tables.write("quoting", text, "docs/benchmarks.md")


def _read(path: Path) -> tuple[list[dict[str, str]], list[tuple[str, list[str]]]]:
    """Records to index, and questions with their answers (none for an unanswerable one)."""
    records, asked = [], []
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            title = article["title"].replace("_", " ")
            records.append({"title": title, "text": paragraph["context"]})
            for entry in paragraph["qas"]:
                answers = [answer["text"] for answer in entry["answers"]]
                if entry["question"].strip():
                    asked.append((" ".join(entry["question"].split()), answers))
    return records, asked


def _answerable(
    engine: qa.Engine, asked: Sequence[tuple[str, list[str]]]
) -> list[tuple[str, float]]:
    counts = dict.fromkeys(
        ("cosine", "overlap", "words", "three", "quoted", "sentences", "refused"), 0
    )
    reader = MiniLM()
    for question, golds in asked:
        evidence = retrieval.select(engine.search(question, 50), 5, 1500)
        read = engine._read(evidence)
        (words,) = reader.words([question])
        one = questions.asked(questions.Query(question), words, engine._collection.rarity)
        sentences = matching.compare(one.target, evidence, read)

        def holds(text: str, golds: list[str] = golds) -> bool:
            return any(gold.casefold() in text.casefold() for gold in golds)

        (vector,) = reader.embed([question])
        cosines = reader.embed([s.text for s in sentences]) @ vector
        by_cosine = dict(zip(map(id, sentences), cosines, strict=True))
        overlap = _overlap(question, engine)
        ranked = sorted(sentences, key=lambda s: -answering.score(one, s))
        counts["cosine"] += holds(max(sentences, key=lambda s: by_cosine[id(s)]).text)
        counts["overlap"] += holds(max(sentences, key=overlap).text)
        counts["words"] += holds(ranked[0].text)
        counts["three"] += holds(" ".join(s.text for s in ranked[:3]))
        answer = engine.ask(question)
        counts["refused"] += answer.abstained
        counts["quoted"] += not answer.abstained and holds(answer.text)
        counts["sentences"] += len(answer.statements)
    n = len(asked)
    answered = n - counts["refused"]
    return [
        ("best sentence by cosine holds the answer", counts["cosine"] / n),
        ("by IDF-weighted overlap", counts["overlap"] / n),
        ("**by words matched in context**", counts["words"] / n),
        ("one of the best three by that", counts["three"] / n),
        ("answerable questions refused", counts["refused"] / n),
        (
            f"quoted answers that hold the answer ({counts['sentences'] / answered:.2f} sentences)",
            counts["quoted"] / answered,
        ),
    ]


def _overlap(question: str, engine: qa.Engine) -> Score:
    rarity = engine._collection.rarity(analyse(question))

    def score(sentence: matching.Sentence) -> float:
        return sum(rarity.get(term, 0.0) for term in set(analyse(sentence.text)))

    return score


def _refused(engine: qa.Engine, asked: Sequence[str]) -> float:
    return sum(engine.ask(question).abstained for question in asked) / len(asked)


if __name__ == "__main__":
    main()
