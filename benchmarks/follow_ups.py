"""Follow-up questions of the fixture sets: is the evidence found all the same?

usage: python benchmarks/follow_ups.py                 writes docs/benchmarks.md

With a model (OPENAI_BASE_URL and QA_MODEL, or QA_GGUF) that rewrites them, and without one; each
writes a table of its own.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import tables

import qa
from qa import prompts
from qa.answering import REFUSAL
from qa.engine import QUOTING
from qa.evaluation import Case, Result, evaluate, load_cases
from qa.evaluation.metrics import mean
from qa.evaluation.scores import retrieval_recall
from qa.models import ChatModel, Reply

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
    model = next((r.answer.model for r in every if r.answer.model != QUOTING), "")
    head = (f"rewritten by {model}", *HEAD[1:]) if model else HEAD
    table = "follow-ups-model" if model else "follow-ups"
    tables.write(table, tables.table(head, rows), "docs/benchmarks.md")


class Rewriting:
    """Has a model rewrite questions, and answers none, since only what is found is counted."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's own."""
        return self._model.name

    def reply(self, system: str, user: str) -> Reply:
        """The model's reply to what asks for a rewriting, else the refusal."""
        if system == prompts.load("condense")[0].substitute():
            return self._model.reply(system, user)
        return Reply(iter([REFUSAL]), model=self.name)


def measured(cases: Sequence[Case], corpus: Path) -> tuple[list[Result], list[Result]]:
    """The results with the history and without it."""
    with tempfile.TemporaryDirectory() as home, qa.Engine.open(home) as engine:
        engine.index(corpus)
        if engine.model:
            engine.model = Rewriting(engine.model)
        with_history = evaluate(engine, cases)
        without = evaluate(engine, [replace(case, history=()) for case in cases])
        return list(with_history.results), list(without.results)


def row(name: str, asked: Sequence[Result], alone: Sequence[Result]) -> tuple[str, ...]:
    """A line of the table."""
    found = [mean(retrieval_recall(r, 5) for r in results) or 0 for results in (asked, alone)]
    return name, str(len(asked)), *(f"{share:.1%}" for share in found)


if __name__ == "__main__":
    main()
