"""What came of one case, as a value and as a line of a run's file."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from qa.checking import fold
from qa.evaluation.cases import Case, Gold, flatten
from qa.types import (
    Answer,
    Citation,
    Conflict,
    Cost,
    Evidence,
    Hit,
    Passage,
    Provenance,
    Statement,
    Verdict,
    evidence_json,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model says of an answer: whether it is correct, and whether it is faithful to its
    evidence, each None where it was not asked or did not decide, with its reasons."""

    judge: str
    correct: bool | None = None
    faithful: bool | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A case, the answer to it, the ten best hits for its query, the seconds it took, what the
    checks said of the case's claims ("withheld" for one that was not let through), and what a
    model said of the answer, where one was asked."""

    case: Case
    answer: Answer
    hits: tuple[Hit, ...]
    seconds: float
    claims: tuple[str, ...] = ()
    judgement: Judgement | None = None

    @property
    def right(self) -> bool:
        """Whether an answerable case was answered with what it must include, or where only gold is
        named with a citation of that, or an unanswerable one refused."""
        case, answer = self.case, self.answer
        if not case.answerable or answer.abstained:
            return case.answerable != answer.abstained
        if case.groups or not case.gold:
            return not (self.lacking or self.unwanted)
        return not self.unwanted and any(quotes(c, g) for c in answer.citations for g in case.gold)

    @property
    def lacking(self) -> tuple[tuple[str, ...], ...]:
        """The groups of alternatives of which the answer holds none, case and accents apart."""
        said = _plain(self.answer.text)
        return tuple(g for g in self.case.groups if not any(_plain(words) in said for words in g))

    @property
    def unwanted(self) -> tuple[str, ...]:
        """What the answer holds and must not."""
        said = _plain(self.answer.text)
        return tuple(words for words in self.case.must_not_include if _plain(words) in said)

    def to_json(self) -> dict[str, Any]:
        """Plain values from which `read_result` makes this result again, given the case."""
        hits = [
            evidence_json(Evidence(n, hit))
            | {"dense": hit.dense, "lexical": hit.lexical, "words": hit.words}
            for n, hit in enumerate(self.hits, start=1)
        ]
        return {
            "id": self.case.id,
            "answer": self.answer.to_json(),
            "hits": hits,
            "seconds": round(self.seconds, 4),
            "claims": list(self.claims),
        }


def names(source: str, gold: Gold) -> bool:
    """Whether a source is the document that gold names: its file name, with `#record`."""
    return source == gold.document or source.endswith("/" + gold.document)


def quotes(citation: Citation, gold: Gold) -> bool:
    """Whether a citation shares text with a gold quotation, or is of its document when there is no
    quotation."""
    said, wanted = flatten(citation.quote), flatten(gold.quote)
    return names(citation.source, gold) and (said in wanted or wanted in said)


def read_result(record: dict[str, Any], case: Case) -> Result:
    """The result that `Result.to_json` wrote. Raises KeyError, TypeError or ValueError for what it
    did not write."""
    return Result(
        case=case,
        answer=replace(_answer(record["answer"]), filters=case.filters.given()),
        hits=tuple(_hit(hit) for hit in record["hits"]),
        seconds=float(record["seconds"]),
        claims=tuple(record.get("claims", ())),
    )


def _answer(record: dict[str, Any]) -> Answer:
    return Answer(
        question=record["question"],
        query=record["query"],
        text=record["answer"],
        statements=tuple(_statement(s) for s in record["statements"]),
        evidence=tuple(Evidence(e["number"], _hit(e)) for e in record["evidence"]),
        abstained=record["abstained"],
        model=record["model"],
        usage=record["usage"],
        timings=record["timings"],
        incomplete=record.get("incomplete", ""),  # runs of an earlier version do not have these
        notes=tuple(record.get("notes", ())),
        cost=Cost(**record["cost"]) if record.get("cost") else None,
        provenance=_provenance(record["provenance"]) if record.get("provenance") else None,
        conflicts=tuple(map(_conflict, record.get("conflicts", ()))),
        searched=record.get("searched", ""),
    )


def _conflict(record: dict[str, Any]) -> Conflict:
    (one, other), (first, second) = map(_citation, record["sides"]), record["figures"]
    return Conflict(record["what"], (one, other), (first, second))


def _provenance(record: dict[str, Any]) -> Provenance:
    return Provenance(**record | {"asked": datetime.fromisoformat(record["asked"])})


def _statement(record: dict[str, Any]) -> Statement:
    verdict: Verdict = record["verdict"]
    citations = tuple(_citation(c) for c in record["citations"])
    return Statement(record["text"], citations, verdict, tuple(record["reasons"]))


def _citation(record: dict[str, Any]) -> Citation:
    return Citation(
        number=record["number"],
        document_id=record["document"],
        title=record["title"],
        published=_date(record["published"]),
        source=record["source"],
        start=record["start"],
        end=record["end"],
        quote=record["quote"],
        page=record["page"],
    )


def _hit(record: dict[str, Any]) -> Hit:
    """A hit without what a run does not keep: the passage's pages."""
    passage = Passage(
        id=f"{record['document']}:{record['start']}-{record['end']}",
        document_id=record["document"],
        title=record["title"],
        published=_date(record["published"]),
        source=record["source"],
        text=record["text"],
        start=record["start"],
        end=record["end"],
    )
    return Hit(passage, record["score"], *map(record.get, ("dense", "lexical", "words")))


def scored_by(result: Result, case: Case) -> Result:
    """The same answer under a case that may expect something else; what a model said of it by
    another expectation is left out."""
    judgement = result.judgement if case == result.case else None
    return replace(result, case=case, judgement=judgement)


def _date(day: str | None) -> date | None:
    return date.fromisoformat(day) if day else None


def _plain(text: str) -> str:
    return fold(" ".join(text.split()))
