"""Do verdicts tell true statements from corrupted ones? On a file of ClapNQ rows.

usage: python benchmarks/verdicts.py clapnq_answerable.jsonl [--part develop|report|all]
       [--squad FILE ...] [--passages FILE] [--written] [--as-distributed] [--others N]
       [--show KIND]

True are the sentences of the gold answers, with their passage, and apart from them verbatim
sentences of it. Corrupted are the same sentences with one thing changed, drawn with a fixed seed.
Each goes the way of an answer: attributed to sentences of the passage, then checked against what
it cites. Rows fall into two parts by a hash of their id: rules and thresholds were chosen on
the three quarters of `develop`, the quarter of `report` was only measured. --others adds passages
of other rows to the evidence; --written takes, of the rows of --passages, statements that were
written to be true in other words, or false in the same ones (benchmarks/written.jsonl), of which
half were looked at; --show prints the misses of a kind, or the false alarms with
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import restated
import tables
from corruptions import KINDS, Source
from sentence_splitters import detokenise

from qa import attribution, checking, splitting
from qa.lexical import analyse
from qa.models import Words
from qa.models.minilm import MiniLM
from qa.sentences import sentences
from qa.types import Citation, Document, Evidence, Hit

TRUE, VERBATIM, FALSE = "true", "verbatim", "false, in the words of the passage"
WRITTEN = Path(__file__).with_name("written.jsonl")
TOKENS = 180  # of a passage, the default of the settings
SHORTEST = 5  # words of a statement

Read = Callable[[str], str]
Attributed = tuple[tuple[Citation, ...], float, tuple[str, ...]]


@dataclass(frozen=True)
class Row:
    """A passage, the true statements about it, how many verbatim sentences to take from it, and
    false statements if there are any, which are then checked instead of corrupted ones."""

    part: str
    source: Source
    true: tuple[str, ...]
    verbatim: int = 0
    false: tuple[str, ...] = ()


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
    parser.add_argument("--squad", type=Path, nargs="*", default=[], help="in place of its rows")
    parser.add_argument("--passages", type=Path, help="ClapNQ rows, of which only the passages")
    parser.add_argument("--written", action="store_true", help="statements on these passages")
    parser.add_argument("--part", choices=("develop", "report", "all"), default="report")
    parser.add_argument("--as-distributed", action="store_true", help="keep the PTB tokens")
    parser.add_argument("--others", type=int, default=0, help="passages of other rows beside it")
    parser.add_argument("--show", help="a kind whose misses to print, or: true")
    args = parser.parse_args()
    read = (lambda text: text) if args.as_distributed else printed
    if args.written:
        rows = of_written(args.passages, read)
        name, about = "verdicts-written", "ClapNQ passages"
    elif args.squad:
        rows = [*of_squad(args.squad), *(of_passages(args.passages, read) if args.passages else [])]
        name, about = "verdicts-restated", "SQuAD and ClapNQ passages"
    else:
        rows, name, about = of_clapnq(args.clapnq, read), "verdicts", "ClapNQ rows"
    mine = [n for n, row in enumerate(rows) if args.part in ("all", row.part)]
    cases = list(cases_of(rows, mine))
    checker = Checker([row.source for row in rows], args.others)
    graded = [checker(case) for case in cases]
    if args.show:
        _show(graded, args.show)
    count = f"{len(mine)} {about}"
    text = f"{_table(graded, count)}\n\n{_curve(graded)}\n\n{checker.speed(cases)}"
    if args.part == "report" and not args.as_distributed and not args.others:
        tables.write(name, text, "docs/benchmarks.md")
    else:
        print(text)


def of_clapnq(path: Path, read: Read) -> list[Row]:
    """Rows with gold answers: three quarters were looked at, one quarter only measured."""
    found = []
    for row in _lines(path):
        answers = [read(output["answer"]) for output in row["output"]]
        said = dict.fromkeys(answer[a:b] for answer in answers for a, b in sentences(answer))
        true = tuple(" ".join(text.split()) for text in said if len(text.split()) >= SHORTEST)
        part = "develop" if _drawn(row["id"]) % 4 else "report"
        found.append(Row(part, _source(row, read), true, 3))
    return found


def of_passages(path: Path, read: Read) -> list[Row]:
    """ClapNQ's passages without an answer: sentences of them, condensed. Half is only measured."""
    sources = [(row["id"], _source(row, read)) for row in _lines(path)]
    return [
        Row(_half(identity), source, tuple(restated.condensed(source.title, source.text)))
        for identity, source in sources
    ]


def of_written(path: Path, read: Read) -> list[Row]:
    """ClapNQ's passages without an answer for which both kinds of statements were written."""
    sources = {row["id"]: _source(row, read) for row in _lines(path)}
    return [
        Row("report", sources[row["id"]], tuple(row["true"]), 0, tuple(row["false"]))
        for row in _lines(WRITTEN)
        if row["false"]
    ]


def of_squad(paths: Sequence[Path]) -> list[Row]:
    """Paragraphs and their questions with answers as statements. Half of the articles is only
    measured; an article that is in several files is taken from the first."""
    found, known = list[Row](), set[str]()
    for path in paths:
        articles = json.loads(path.read_text("utf-8"))["data"]
        for article in (a for a in articles if a["title"] not in known):
            title = article["title"].replace("_", " ")
            for paragraph in article["paragraphs"]:
                pairs = [(q["question"], q["answers"]) for q in paragraph["qas"]]
                said = [restated.stated(asked, given[0]["text"]) for asked, given in pairs if given]
                true = tuple(dict.fromkeys(text for text in said if text))
                source = Source(title, paragraph["context"])
                found.append(Row(_half(article["title"]), source, true))
        known |= {article["title"] for article in articles}
    return found


def _lines(path: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


def _source(row: Mapping[str, Any], read: Read) -> Source:
    return Source(row["passages"][0]["title"], read(row["passages"][0]["text"]))


def _drawn(identity: str) -> int:
    return hashlib.sha256(identity.encode()).digest()[0]


def _half(identity: str) -> str:
    return "develop" if _drawn(identity) % 2 else "report"


def printed(tokens: str) -> str:
    """A text that is distributed as PTB tokens, as it is printed."""
    return re.sub(r"\s+", " ", detokenise(tokens)).strip()


def cases_of(rows: Sequence[Row], mine: Sequence[int]) -> Iterator[Case]:
    """The true statements of some rows and one corrupted one of each kind that can be made of
    each."""
    for n in mine:
        source = rows[n].source
        yield from (Case(FALSE, text, n) for text in rows[n].false)
        for text in rows[n].true:
            yield Case(TRUE, text, n)
            if rows[n].false:
                continue
            rng = random.Random(text)
            for kind, corrupt in KINDS.items():
                other = rng.choice([m for m in range(len(rows)) if m != n])
                changed = corrupt(text, source, rows[other].source, rng)
                if changed and changed != text:
                    yield Case(kind, changed, n)
        for start, end in sentences(source.text)[: rows[n].verbatim]:
            yield Case(VERBATIM, source.text[start:end], n)


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

    def signs(self, case: Case) -> dict[str, float]:
        """What a statement's score is made of."""
        evidence = self._evidence(case)
        names = checking.known_names(e.hit.passage.text for e in evidence)
        citations, said, strange = self._attributed(case, evidence)
        found = checking.findings(case.text, citations, names, strange)
        return checking.signs(case.text, citations, said, found)

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
        citations, said, strange = self._attributed(case, evidence)
        grade = checking.grade(case.text, citations, said, names, strange=strange)
        return Graded(case, grade, tuple(c.quote for c in citations))

    def _attributed(self, case: Case, evidence: Sequence[Evidence]) -> Attributed:
        return attribution.attribute(case.text, evidence, self._read, self._reader, self._rarity)

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


def _table(graded: Sequence[Graded], rows: str) -> str:
    true = [g for g in graded if g.case.kind == TRUE]
    verbatim = [g for g in graded if g.case.kind == VERBATIM]
    false = [g for g in graded if g.case.kind in {FALSE, *KINDS}]
    by_kind = {kind: [g for g in false if g.case.kind == kind] for kind in (*KINDS, FALSE)}
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
        if some and not (some is false and by_kind[FALSE])
    ]
    for name, some in (("**true**", true), ("verbatim sentences", verbatim)):
        if not some:
            continue
        shares = [_share(some, verdict) for verdict in ("supported", "partial", "unsupported")]
        lines.append((name, str(len(some)), "", *shares))
    head = [rows, "statements", "AUC", "supported", "partial", "unsupported"]
    return tables.table(head, lines)


def _curve(graded: Sequence[Graded]) -> str:
    """What other thresholds of the score for `supported` would give."""
    true = [g.grade.score for g in graded if g.case.kind == TRUE]
    false = [g.grade.score for g in graded if g.case.kind in {FALSE, *KINDS}]
    lines = []
    for threshold in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
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
