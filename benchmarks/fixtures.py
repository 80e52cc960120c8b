"""The fixture test set on the demo corpus, without a model.

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


def main() -> None:
    """Measures, prints and writes the tables."""
    cases = load_cases(tables.ROOT / "tests/fixtures/questions.jsonl")
    with tempfile.TemporaryDirectory() as home, qa.Engine.open(home) as engine:
        engine.index(tables.ROOT / "corpus")
        run = evaluate(engine, cases)
    summary = run.summary()
    rows = [(label, f"{summary[name] or 0:.1%}") for name, label in SHOWN.items()]
    rows.append(("latency p50 / p95", " / ".join(f"{_ms(summary, q)} ms" for q in ("50", "95"))))
    text = tables.table([f"fixture set, {len(cases)} questions, no model", "share"], rows)
    tables.write("fixtures", text, "README.md", "docs/benchmarks.md")
    tables.write("fixture-tags", _by_tag(run), "docs/benchmarks.md")


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
