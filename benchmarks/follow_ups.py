"""Follow-up questions of the fixture sets, without a model: is the evidence found all the same?

usage: python benchmarks/follow_ups.py                 writes docs/benchmarks.md
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import tables

import qa
from qa.evaluation import Case, Result, evaluate, load_cases
from qa.evaluation.metrics import mean
from qa.evaluation.scores import retrieval_recall

SETS = (("questions.jsonl", "corpus"), ("library.jsonl", "tests/fixtures/library"))
HEAD = ("fixture set", "follow-ups", "gold in the first five", "asked without the history")


def main() -> None:
    """Measures, prints and writes the table."""
    rows, every = list[tuple[str, ...]](), list[Result]()
    every_alone = list[Result]()
    for name, corpus in SETS:
        cases = load_cases(tables.ROOT / "tests/fixtures" / name)
        asked, alone = measured([c for c in cases if c.history and c.gold], tables.ROOT / corpus)
        rows.append(row(name, asked, alone))
        every += asked
        every_alone += alone
        for result in asked:
            if retrieval_recall(result, 5) != 1:
                print(f"missed: {result.case.id}: searched {result.answer.query!r}")
    rows.append(row("both", every, every_alone))
    tables.write("follow-ups", tables.table(HEAD, rows), "docs/benchmarks.md")


def measured(cases: Sequence[Case], corpus: Path) -> tuple[list[Result], list[Result]]:
    """The results with the history and without it."""
    with tempfile.TemporaryDirectory() as home, qa.Engine.open(home) as engine:
        engine.index(corpus)
        with_history = evaluate(engine, cases)
        without = evaluate(engine, [replace(case, history=()) for case in cases])
        return list(with_history.results), list(without.results)


def row(name: str, asked: Sequence[Result], alone: Sequence[Result]) -> tuple[str, ...]:
    """A line of the table."""
    found = [mean(retrieval_recall(r, 5) for r in results) or 0 for results in (asked, alone)]
    return name, str(len(asked)), *(f"{share:.1%}" for share in found)


if __name__ == "__main__":
    main()
