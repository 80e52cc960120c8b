"""How well the right documents are ranked: by meaning alone, by words alone, and by Engine.search.

usage: python benchmarks/quality.py squad2_dev.json [more files] [--format squad|clapnq|beir|jsonl]
           [--questions xquad_es.json] [--limit 500] [--home .qa-benchmarks] [--table NAME]

The formats are those of benchmarks/retrieval_sets.py. A document ranks where its best passage does.
The index is kept in the folder given with --home, so a second run embeds nothing. `--table` writes
the table between that marker's lines in docs/benchmarks.md.
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import retrieval_sets
import tables

import qa
from qa.catalog import Catalog
from qa.collection import Collection
from qa.evaluation import ranking
from qa.models.minilm import MiniLM
from qa.retrieval import fuse

DEPTH = 50  # passages looked at; ten documents have at most a few passages each
Measure = Callable[[list[str], ranking.Gold], float]
MEASURES: dict[str, Measure] = {
    "MRR@10": lambda found, gold: ranking.reciprocal_rank(found, gold, 10),
    "hit@1": lambda found, gold: ranking.hit(found, gold, 1),
    "hit@3": lambda found, gold: ranking.hit(found, gold, 3),
    "hit@5": lambda found, gold: ranking.hit(found, gold, 5),
    "hit@10": lambda found, gold: ranking.hit(found, gold, 10),
    "recall@10": lambda found, gold: ranking.recall(found, gold, 10),
    "nDCG@10": lambda found, gold: ranking.ndcg(found, gold, 10),
}


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dataset", type=Path, nargs="+")
    parser.add_argument("--format", choices=retrieval_sets.FORMATS, help="default: by the path")
    parser.add_argument("--questions", type=Path, help="a SQuAD file that asks under the same ids")
    parser.add_argument("--limit", type=int, help="questions, chosen by a fixed seed")
    parser.add_argument("--home", type=Path, default=Path(".qa-benchmarks"))
    parser.add_argument("--table", help="marker in docs/benchmarks.md")
    args = parser.parse_args()
    data = retrieval_sets.read(args.dataset, args.format, args.questions).sample(args.limit)
    text = report(data, measure(data, indexed(data, args.home)))
    tables.write(args.table, text, *(["docs/benchmarks.md"] if args.table else []))


def indexed(data: retrieval_sets.Dataset, cache: Path) -> Path:
    """The home folder of an index of the documents, named by their content; built when it is not
    there. A document's number stands after the `#` of its source."""
    records = [
        json.dumps({"id": str(n), "title": d.title, "text": d.text}, ensure_ascii=False)
        for n, d in enumerate(data.documents)
    ]
    lines = "\n".join(records)
    home = cache / f"quality-{hashlib.sha256(lines.encode()).hexdigest()[:12]}"
    home.mkdir(parents=True, exist_ok=True)
    corpus = home / "corpus.jsonl"
    corpus.write_text(lines, "utf-8")
    with qa.Engine.open(home) as engine:
        for failure in engine.index(corpus).failed:
            print(f"not indexed: {failure.source}: {failure.error}")
    return home


def measure(data: retrieval_sets.Dataset, home: Path) -> dict[str, list[list[str]]]:
    """For each way to rank, the ids of the ten best documents of each question."""
    found = dict[str, list[list[str]]]()
    embedder, catalog = MiniLM(), Catalog(home / "catalog.sqlite3")
    collection = Collection(catalog, home, embedder)

    def documents(passages: Iterable[qa.Passage]) -> list[str]:
        numbers = dict.fromkeys(int(p.source.rpartition("#")[2]) for p in passages)
        return [data.documents[n].id for n in numbers][:10]

    near, worded = list[list[str]](), list[list[str]]()
    for question in data.questions:
        (vector,) = embedder.embed([question.text])
        wanted = [(question.text, vector)]
        (hits,) = collection.search(wanted, DEPTH, lambda dense, _: fuse(dense, [], 1.0))
        near.append(documents(hit.passage for hit in hits))
        (hits,) = collection.search(wanted, DEPTH, lambda _, lexical: fuse([], lexical, 0.0))
        worded.append(documents(hit.passage for hit in hits))
    found["dense alone"], found["lexical alone"] = near, worded
    collection.close()
    catalog.close()
    with qa.Engine.open(home) as engine:
        found["`Engine.search`"] = [
            documents(hit.passage for hit in engine.search(q.text, DEPTH)) for q in data.questions
        ]
    return found


def report(data: retrieval_sets.Dataset, found: dict[str, list[list[str]]]) -> str:
    """The table: a measure a row, a way to rank a column, each mean with its interval."""
    head = [f"{len(data.documents)} documents, {len(data.questions)} questions", *found]
    rows = [
        [
            name,
            *(
                tables.mean([m(r, q.gold) for r, q in zip(rankings, data.questions, strict=True)])
                for rankings in found.values()
            ),
        ]
        for name, m in MEASURES.items()
    ]
    return tables.table(head, rows)


if __name__ == "__main__":
    main()
