"""How many disagreements of documents are found, and how many are found that are none.

usage: python benchmarks/conflicts.py [--squad squad2_dev.json] [--clapnq clapnq.jsonl] [--limit N]

The fixture sets are asked without a model; those of a SQuAD 2.0 and a ClapNQ file too, each as one
collection that is not known to disagree with itself. Made disagreements are SQuAD questions for a
number or a year: the sentence that answers is repeated in another document with another figure,
drawn with a fixed seed. --show prints each conflict. Writes docs/benchmarks.md.
"""

import argparse
import json
import random
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tables

import qa
from qa.evaluation import Case, load_cases
from qa.sentences import sentences

TAG = "disagreement"
SETS = {
    "invented library": ("tests/fixtures/library.jsonl", "tests/fixtures/library"),
    "demo corpus": ("tests/fixtures/questions.jsonl", "corpus"),
}
MADE = 60


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--clapnq", type=Path)
    parser.add_argument("--limit", type=int, default=900, help="SQuAD questions, drawn")
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    rows = []
    for name, (questions, folder) in SETS.items():
        cases = load_cases(tables.ROOT / questions)
        with tempfile.TemporaryDirectory() as home, qa.Engine.open(home) as engine:
            engine.index(tables.ROOT / folder)
            asked = [(c, engine.ask(c.question, c.history, c.filters.given())) for c in cases]
        rows += _fixture_rows(name, asked)
        _show(args.show, [answer for _, answer in asked])
    if args.clapnq:
        records, questions_ = _clapnq(args.clapnq)
        rows.append(_plain_row("ClapNQ", _answers(records, questions_), args.show))
    if args.squad:
        records, all_questions, numeric = _squad(args.squad)
        drawn = random.Random(0).sample(all_questions, min(args.limit, len(all_questions)))
        rows.append(_plain_row("SQuAD", _answers(records, drawn), args.show))
        rows.append(_made_row(records, numeric, args.show))
    head = ["no model", "cases", "answered", "with a conflict"]
    tables.write("conflicts", tables.table(head, rows), "docs/benchmarks.md")


def _fixture_rows(name: str, asked: Sequence[tuple[Case, qa.Answer]]) -> list[Sequence[str]]:
    tagged = [(case, answer) for case, answer in asked if TAG in case.tags]
    others = [(case, answer) for case, answer in asked if TAG not in case.tags]
    rows = [_row(f"{name}, others", [answer for _, answer in others])]
    if tagged:
        found = [(case, answer) for case, answer in tagged if answer.conflicts]
        true = sum(all(_at_gold(case, c) for c in answer.conflicts) for case, answer in found)
        row = _row(f"**{name}, tagged as disagreements**", [answer for _, answer in tagged])
        rows.insert(0, [*row[:-1], f"{row[-1]}, {true} of them between gold sentences"])
    return rows


def _at_gold(case: Case, conflict: qa.Conflict) -> bool:
    """Whether both sides of a conflict are sentences that the case names."""
    quotes = [" ".join(gold.quote.split()) for gold in case.gold if gold.quote]
    sides = [" ".join(side.quote.split()) for side in conflict.sides]
    return all(any(side in quote or quote in side for quote in quotes) for side in sides)


def _row(name: str, answers: Sequence[qa.Answer]) -> list[str]:
    answered = [answer for answer in answers if not answer.abstained]
    found = sum(bool(answer.conflicts) for answer in answered)
    return [name, str(len(answers)), str(len(answered)), str(found)]


def _plain_row(name: str, answers: Sequence[qa.Answer], show: bool) -> list[str]:
    _show(show, answers)
    return _row(f"{name}, no disagreement known", answers)


def _made_row(records: Sequence[Any], numeric: Sequence[Any], show: bool) -> list[str]:
    rng = random.Random(1)
    drawn = rng.sample(numeric, min(MADE, len(numeric)))
    made = [
        {"title": title, "text": _changed(text, at, figure, rng), "source": f"other-{n}"}
        for n, (_, title, text, at, figure) in enumerate(drawn)
    ]
    return _row("SQuAD, made disagreements", _shown(_answers([*records, *made], drawn), show))


def _shown(answers: list[qa.Answer], show: bool) -> list[qa.Answer]:
    _show(show, answers)
    return answers


def _show(wanted: bool, answers: Sequence[qa.Answer]) -> None:
    for answer in answers if wanted else ():
        for conflict in answer.conflicts:
            print(f"{answer.question}\n    {conflict}")
            print("".join(f"    > {' '.join(side.quote.split())}\n" for side in conflict.sides))


def _answers(records: Sequence[Any], asked: Sequence[Any]) -> list[qa.Answer]:
    """The answers to the questions, each the first of its tuple, over the records."""
    with tempfile.TemporaryDirectory() as folder, qa.Engine.open(Path(folder) / "home") as engine:
        corpus = Path(folder) / "records.jsonl"
        corpus.write_text("\n".join(map(json.dumps, records)), "utf-8")
        engine.index(corpus)
        return [engine.ask(entry[0]) for entry in asked]


def _clapnq(path: Path) -> tuple[list[dict[str, str]], list[tuple[str]]]:
    rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
    firsts = [row["passages"][0] for row in rows]
    return [{"title": p["title"], "text": p["text"]} for p in firsts], [(r["input"],) for r in rows]


def _squad(path: Path) -> tuple[list[dict[str, str]], list[tuple[str]], list[Any]]:
    """Records, all questions, and those for a figure: with title, text, its place, and itself."""
    records, asked, numeric = [], [], list[Any]()
    for article in json.loads(path.read_text("utf-8"))["data"]:
        title = article["title"].replace("_", " ")
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            records.append({"title": title, "text": text})
            for entry in paragraph["qas"]:
                question = " ".join(entry["question"].split())
                if not question:
                    continue
                asked.append((question,))
                gold = entry["answers"][0] if entry["answers"] else {"text": ""}
                figure = re.search(r"\d[\d,]*", gold["text"])
                if figure and re.search(r"\bhow|\bwhen|what year|percent", question, re.I):
                    at = gold["answer_start"] + figure.start()
                    numeric.append((question, title, text, at, figure[0]))
    return records, asked, numeric


def _changed(text: str, at: int, figure: str, rng: random.Random) -> str:
    """The sentence around `at` with another figure in its place."""
    value = int(figure.replace(",", ""))
    is_year = 1000 <= value < 2100 and "," not in figure
    other = str(value + rng.choice([3, 7, 11])) if is_year else f"{int(value * 1.4) + 1:,}"
    start, end = next(((a, b) for a, b in sentences(text) if a <= at < b), (0, len(text)))
    return f"{text[start:at]}{other}{text[at + len(figure) : end]} This is another report."


if __name__ == "__main__":
    main()
