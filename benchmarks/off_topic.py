"""Refusing questions of another topic, asked of collections whose topics are known.

usage: python benchmarks/off_topic.py clapnq.jsonl squad2_dev.json [--questions N]

The questions of two public sets are asked of the demo corpus (migration through Mexico) and of the
invented library (places and people that do not exist), which hold nothing of theirs; what is
refused wrongly is counted on the answerable cases that were written for each collection. A question
is refused before a model when its best sentence says less of it than the threshold; without a model
also when the passages do not speak of some of its words. What is in use is set in bold. Writes
docs/benchmarks.md.
"""

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import absent
import tables
from absent import Found

import qa
from qa import refusal
from qa.evaluation import load_cases

SETS = {
    "demo corpus": ("tests/fixtures/questions.jsonl", "corpus"),
    "invented library": ("tests/fixtures/library.jsonl", "tests/fixtures/library"),
}
THRESHOLDS = (0.38, 0.40, 0.405, 0.41, 0.42, 0.44, 0.48)


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clapnq", type=Path)
    parser.add_argument("squad", type=Path)
    parser.add_argument("--questions", type=int, default=300, help="of each public set")
    args = parser.parse_args()
    usual, refusal.ON_TOPIC = refusal.ON_TOPIC, 0.0  # so that words are looked at apart from it
    elsewhere = [row["input"] for row in absent._rows(args.clapnq)][: args.questions]
    squad = [q["question"] for q in absent._questions(args.squad)]
    elsewhere += random.Random(0).sample(squad, min(args.questions, len(squad)))
    rows, all_there, all_other = [], list[Found](), list[Found]()
    for name, (file, folder) in SETS.items():
        cases = load_cases(tables.ROOT / file)
        # Follow-ups are no questions by themselves.
        own = [c.question for c in cases if c.answerable and not c.history]
        with tempfile.TemporaryDirectory() as home, qa.Engine.open(home) as engine:
            engine.index(tables.ROOT / folder)
            there = [absent._found(engine, question) for question in own]
            other = [absent._found(engine, question) for question in elsewhere]
        rows += [_row(name, t, usual, there, other) for t in THRESHOLDS]
        all_there += there
        all_other += other
    rows += [_row("both", t, usual, all_there, all_other) for t in THRESHOLDS]
    head = ["collection", "threshold"]
    for who in ("before a model", "without a model"):
        head += [f"{who}: answerable refused", "off-topic refused"]
    asked = f"{len(elsewhere)} questions of ClapNQ and SQuAD."
    tables.write("off-topic", f"{tables.table(head, rows)}\n\n{asked}", "docs/benchmarks.md")


def _row(
    name: str, threshold: float, usual: float, there: Sequence[Found], other: Sequence[Found]
) -> tuple[str, ...]:
    cells = [
        absent._refused(some, threshold, words, usual)
        for words in (False, True)
        for some in (there, other)
    ]
    return (f"{name} ({len(there)} answerable)", f"{threshold:.3g}", *cells)


if __name__ == "__main__":
    main()
