"""Asking every case, and what came of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from qa.engine import Engine
from qa.evaluation import metrics
from qa.evaluation.cases import Case
from qa.types import Answer, Hit

DEPTH = 10  # hits that retrieval is measured on


@dataclass(frozen=True, slots=True)
class Result:
    """A case, the answer to it, the ten best hits for its query, and the seconds it took."""

    case: Case
    answer: Answer
    hits: tuple[Hit, ...]
    seconds: float

    @property
    def right(self) -> bool:
        """Whether an answerable case was answered with what it must include, or an unanswerable
        one refused."""
        if not self.case.answerable:
            return self.answer.abstained
        return not self.answer.abstained and metrics.includes(self.case, self.answer.text)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "id": self.case.id,
            "question": self.case.question,
            "tags": list(self.case.tags),
            "answerable": self.case.answerable,
            "right": self.right,
            "abstained": self.answer.abstained,
            "answer": self.answer.text,
            "seconds": round(self.seconds, 4),
        }


@dataclass(frozen=True, slots=True)
class Run:
    """The results of all cases with one model."""

    model: str
    results: tuple[Result, ...]

    def summary(self) -> dict[str, float | None]:
        """Each metric over the cases it applies to; None where there is none.

        Citations are measured on the answerable cases that were answered: whether they point into
        a document that holds the gold quotation, into the passage that does, and at the very
        sentence. Refusal recall is the
        share of unanswerable cases refused, refusal precision the share of refusals that were
        right, false refusals the share of answerable cases refused.
        """
        asked = [r for r in self.results if r.case.answerable]
        answered = [r for r in asked if not r.answer.abstained]
        hopeless = [r for r in self.results if not r.case.answerable]
        refused = [r for r in self.results if r.answer.abstained]
        seconds = [r.seconds for r in self.results]
        return {
            "retrieval_recall@5": metrics.mean(metrics.recall(r.case, r.hits[:5]) for r in asked),
            "retrieval_mrr@10": metrics.mean(
                metrics.reciprocal_rank(r.case, r.hits) for r in asked
            ),
            "answer_inclusion": metrics.mean(r.right for r in asked),
            "citation_precision_document": metrics.mean(
                metrics.document_precision(r.case, r.answer) for r in answered
            ),
            "citation_precision_passage": metrics.mean(
                metrics.passage_precision(r.case, r.answer) for r in answered
            ),
            "citation_precision_sentence": metrics.mean(
                metrics.sentence_precision(r.case, r.answer) for r in answered
            ),
            "citation_recall": metrics.mean(
                metrics.citation_recall(r.case, r.answer) for r in answered
            ),
            "supported": metrics.mean(
                s.verdict == "supported" for r in self.results for s in r.answer.statements
            ),
            "refusal_recall": metrics.mean(r.answer.abstained for r in hopeless),
            "refusal_precision": metrics.mean(not r.case.answerable for r in refused),
            "false_refusals": metrics.mean(r.answer.abstained for r in asked),
            "latency_p50": metrics.quantile(seconds, 0.5),
            "latency_p95": metrics.quantile(seconds, 0.95),
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "model": self.model,
            "cases": len(self.results),
            "metrics": {
                name: None if value is None else round(value, 4)
                for name, value in self.summary().items()
            },
            "results": [result.to_json() for result in self.results],
        }


def evaluate(
    engine: Engine, cases: Sequence[Case], progress: Callable[[int, int], None] | None = None
) -> Run:
    """Asks every case of the engine, in order. `progress` is called with cases done and in all."""
    results = list[Result]()
    for done, case in enumerate(cases):
        if progress:
            progress(done, len(cases))
        began = time.perf_counter()
        answer = engine.ask(case.question, case.history)
        seconds = time.perf_counter() - began
        hits = tuple(engine.search(answer.query, DEPTH))
        results.append(Result(case, answer, hits, seconds))
    return Run(results[0].answer.model if results else "", tuple(results))
