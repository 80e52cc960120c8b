"""The fixture test sets, without a model: the demo corpus, and a library of invented documents.

usage: python benchmarks/fixtures.py                writes README.md and docs/benchmarks.md
"""

import tempfile

import tables

import qa
from qa.evaluation import Run, evaluate, load_cases, metrics

SHOWN = {
    "retrieval_recall@5": "a gold passage among the first five",
    "retrieval_mrr@10": "MRR@10 of the first gold passage",
    "answer_inclusion": "answers that hold what they must, of the answerable",
    "citation_precision_document": "citations into the right document",
    "citation_precision_passage": "citations into the right passage",
    "citation_precision_sentence": "citations at the very gold sentence",
    "gold_cited": "gold documents cited",
    "supported": "sentences with verdict supported (a verbatim quotation always is)",
    "refusal_recall": "unanswerable questions refused",
    "false_refusals": "answerable questions refused",
}


SETS = {
    "demo corpus": ("tests/fixtures/questions.jsonl", "corpus", "fixture-tags"),
    "invented library": ("tests/fixtures/library.jsonl", "tests/fixtures/library", "library-tags"),
}


def main() -> None:
    """Measures, prints and writes the tables."""
    columns, head = list[list[str]](), ["no model"]
    for name, (questions, folder, marker) in SETS.items():
        cases = load_cases(tables.ROOT / questions)
        with tempfile.TemporaryDirectory() as home, qa.Engine.open(home) as engine:
            engine.index(tables.ROOT / folder)
            run = evaluate(engine, cases)
        summary = run.summary()
        latency = " / ".join(f"{_ms(summary, quantile)} ms" for quantile in ("50", "95"))
        columns.append([*(f"{summary[metric] or 0:.1%}" for metric in SHOWN), latency])
        head.append(f"{name}, {len(cases)} questions")
        tables.write(marker, _by_tag(run), "docs/benchmarks.md")
    rows = list(zip([*SHOWN.values(), "latency p50 / p95"], *columns, strict=True))
    tables.write("fixtures", tables.table(head, rows), "README.md", "docs/benchmarks.md")


def _ms(summary: dict[str, float | None], quantile: str) -> str:
    return f"{(summary[f'latency_p{quantile}'] or 0) * 1000:.0f}"


def _by_tag(run: Run) -> str:
    tags = sorted({tag for r in run.results for tag in r.case.tags})
    rows = []
    for tag in tags:
        tagged = [r for r in run.results if tag in r.case.tags]
        rows.append((tag, str(len(tagged)), f"{metrics.mean(r.right for r in tagged) or 0:.0%}"))
    return tables.table(["kind of question", "cases", "right"], rows)


if __name__ == "__main__":
    main()
