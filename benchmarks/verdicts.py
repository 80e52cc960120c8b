"""Do verdicts tell true statements from corrupted ones? On a file of ClapNQ rows.

usage: python benchmarks/verdicts.py clapnq_answerable.jsonl [--part develop|report|all]
       [--as-distributed] [--others N] [--show KIND]

True are the sentences of the gold answers, with their passage, and apart from them verbatim
sentences of it. Corrupted are the same sentences with one thing changed, drawn with a fixed seed.
Each goes the way of an answer: attributed to sentences of the passage, then checked against what
it cites. Rows fall into two parts by a hash of their id: rules and thresholds were chosen on
the three quarters of `develop`, the quarter of `report` was only measured. --others adds passages
of other rows to the evidence; --show prints the misses of a kind, or the false alarms with
--show true. Writes docs/benchmarks.md.
"""

import argparse
import hashlib
import json
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import tables
from corruptions import KINDS, Source
from sentence_splitters import detokenise

from qa import attribution, checking, splitting
from qa.lexical import analyse
from qa.models import Words
from qa.models.minilm import MiniLM
from qa.sentences import sentences
from qa.types import Document, Evidence, Hit

TRUE, VERBATIM = "true", "verbatim"
TOKENS = 180  # of a passage, the default of the settings
SHORTEST = 5  # words of a statement


@dataclass(frozen=True)
class Case:
    """A statement, what was done to it, and the row it is checked against."""

    kind: str
    text: str
    row: int


@dataclass(frozen=True)
class Graded:
    """A case with its grade and what it cites."""

    case: Case
    grade: checking.Grade
    quotes: tuple[str, ...]


def main() -> None:
    """Measures, prints and writes the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clapnq", type=Path)
    parser.add_argument("--part", choices=("develop", "report", "all"), default="report")
    parser.add_argument("--as-distributed", action="store_true", help="keep the PTB tokens")
    parser.add_argument("--others", type=int, default=0, help="passages of other rows beside it")
    parser.add_argument("--show", help="a kind whose misses to print, or: true")
    args = parser.parse_args()
    lines = args.clapnq.read_text("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line.strip()]
    read = (lambda text: text) if args.as_distributed else _printed
    sources = [Source(r["passages"][0]["title"], read(r["passages"][0]["text"])) for r in rows]
    mine = [n for n, row in enumerate(rows) if args.part in ("all", part(row["id"]))]
    cases = [case for n in mine for case in _cases(n, rows[n], sources, read)]
    checker = Checker(sources, args.others)
    graded = [checker(case) for case in cases]
    if args.show:
        _show(graded, args.show)
    text = f"{_table(graded, len(mine))}\n\n{_curve(graded)}\n\n{checker.speed(cases)}"
    if args.part == "report" and not args.as_distributed and not args.others:
        tables.write("verdicts", text, "docs/benchmarks.md")
    else:
        print(text)


def part(identity: str) -> str:
    """Which part a row belongs to: three quarters were looked at, one quarter only measured."""
    return "develop" if hashlib.sha256(identity.encode()).digest()[0] % 4 else "report"


def _printed(tokens: str) -> str:
    return re.sub(r"\s+", " ", detokenise(tokens)).strip()


def _cases(n: int, row: Mapping[str, Any], sources: Sequence[Source], read: Any) -> Iterator[Case]:
    """The true statements of a row and one corrupted one of each kind that can be made of each."""
    answers = [read(output["answer"]) for output in row["output"]]
    said = dict.fromkeys(answer[a:b] for answer in answers for a, b in sentences(answer))
    true = [" ".join(text.split()) for text in said if len(text.split()) >= SHORTEST]
    for text in true:
        yield Case(TRUE, text, n)
        rng = random.Random(text)
        for kind, corrupt in KINDS.items():
            other = rng.choice([m for m in range(len(sources)) if m != n])
            changed = corrupt(text, sources[n], sources[other], rng)
            if changed and changed != text:
                yield Case(kind, changed, n)
    for start, end in sentences(sources[n].text)[:3]:
        yield Case(VERBATIM, sources[n].text[start:end], n)


class Checker:
    """Attributes and grades statements, each against the passage of its row."""

    def __init__(self, sources: Sequence[Source], others: int) -> None:
        self._reader = MiniLM()
        self._others = others
        self._passages = [self._split(n, source) for n, source in enumerate(sources)]
        terms = [set(analyse(f"{s.title} {s.text}")) for s in sources]
        self._frequency = Counter(term for some in terms for term in some)
        self._read = dict[str, Words]()

    def __call__(self, case: Case) -> Graded:
        evidence = self._evidence(case)
        names = checking.known_names(e.hit.passage.text for e in evidence)
        return self._graded(case, evidence, names)

    def speed(self, cases: Sequence[Case]) -> str:
        """Time of attribution and verdicts of a five-sentence answer, the passages being read, and
        its ratio to one embedding of a passage."""
        true = [case for case in cases if case.kind == TRUE]
        spent, embedded = list[float](), list[float]()
        for case in true[: 5 * (len(true) // 5)]:
            evidence = self._evidence(case)
            names = checking.known_names(e.hit.passage.text for e in evidence)
            began = time.perf_counter()
            self._graded(case, evidence, names)
            spent.append(time.perf_counter() - began)
            began = time.perf_counter()
            self._reader.embed([evidence[0].hit.passage.text])
            embedded.append(time.perf_counter() - began)
        five = [sum(spent[n : n + 5]) for n in range(0, len(spent), 5)]
        one = statistics.median(embedded)
        return (
            f"Attribution and verdicts of five statements: {statistics.median(five) * 1000:.0f} ms "
            f"median, {max(five) * 1000:.0f} ms at most; {statistics.median(five) / one:.1f} times "
            f"one embedding of a passage ({one * 1000:.0f} ms). "
            + tables.machine("onnxruntime", "numpy")
        )

    def _graded(self, case: Case, evidence: Sequence[Evidence], names: frozenset[str]) -> Graded:
        citations, said, strange = attribution.attribute(
            case.text, evidence, self._read, self._reader, self._rarity
        )
        grade = checking.grade(case.text, citations, said, names, strange=strange)
        return Graded(case, grade, tuple(c.quote for c in citations))

    def _evidence(self, case: Case) -> list[Evidence]:
        """The passages of the case's row, then those of others."""
        count = len(self._passages)
        drawn = random.Random(case.row).sample([n for n in range(count) if n != case.row], 9)
        found = [p for n in [case.row, *drawn[: self._others]] for p in self._passages[n]]
        new = [p for p in found if p.id not in self._read]
        words = self._reader.words([splitting.searchable(p) for p in new])
        self._read |= zip([p.id for p in new], words, strict=True)
        return [Evidence(number, Hit(p, 1.0)) for number, p in enumerate(found, 1)]

    def _split(self, n: int, source: Source) -> list[Any]:
        document = Document(f"d{n}", "clapnq", source.title, None, source.text, "")
        return splitting.split(document, self._reader.count, TOKENS)

    def _rarity(self, terms: Sequence[str]) -> dict[str, float]:
        count = len(self._passages)
        held = {term: self._frequency[term] for term in terms}
        return {term: log(1 + (count - n + 0.5) / (n + 0.5)) for term, n in held.items()}


def _table(graded: Sequence[Graded], rows: int) -> str:
    true = [g for g in graded if g.case.kind == TRUE]
    verbatim = [g for g in graded if g.case.kind == VERBATIM]
    false = [g for g in graded if g.case.kind in KINDS]
    by_kind = {kind: [g for g in false if g.case.kind == kind] for kind in KINDS}
    lines = [
        (
            kind,
            str(len(some)),
            f"{auc(true, some):.3f}",
            _share(some, "supported"),
            _share(some, "partial"),
            _share(some, "unsupported"),
        )
        for kind, some in [*by_kind.items(), ("**all corrupted**", false)]
        if some
    ]
    for name, some in (("**true** (gold answers)", true), ("verbatim sentences", verbatim)):
        shares = [_share(some, verdict) for verdict in ("supported", "partial", "unsupported")]
        lines.append((name, str(len(some)), "", *shares))
    head = [f"{rows} ClapNQ rows", "statements", "AUC", "supported", "partial", "unsupported"]
    return tables.table(head, lines)


def _curve(graded: Sequence[Graded]) -> str:
    """What other thresholds of the score for `supported` would give."""
    true = [g.grade.score for g in graded if g.case.kind == TRUE]
    false = [g.grade.score for g in graded if g.case.kind in KINDS]
    lines = []
    for threshold in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9):
        alarms = sum(score < threshold for score in true) / len(true)
        missed = sum(score >= threshold for score in false) / len(false)
        mark = "**" if threshold == checking.SUPPORTED else ""
        lines.append((f"{mark}{threshold:.2f}{mark}", f"{alarms:.1%}", f"{missed:.1%}"))
    return tables.table(["supported from", "false alarms", "corrupted passed"], lines)


def auc(true: Sequence[Graded], false: Sequence[Graded]) -> float:
    """Share of pairs in which the true statement has the higher score; a tie counts half."""
    wins = sum(
        (t.grade.score > f.grade.score) + (t.grade.score == f.grade.score) / 2
        for t in true
        for f in false
    )
    return wins / (len(true) * len(false))


def _share(graded: Sequence[Graded], verdict: str) -> str:
    return f"{sum(g.grade.verdict == verdict for g in graded) / max(1, len(graded)):.1%}"


def _show(graded: Sequence[Graded], kind: str) -> None:
    for one in graded:
        wrong = (one.grade.verdict == "supported") != (kind in (TRUE, VERBATIM))
        if one.case.kind == kind and wrong:
            print(f"{one.grade.score:.2f} {one.case.text}\n     {'; '.join(one.grade.reasons)}")
            print("".join(f"     > {quote}\n" for quote in one.quotes))


if __name__ == "__main__":
    main()
