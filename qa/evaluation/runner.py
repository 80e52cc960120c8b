"""Asking every case, and keeping what came of it."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import local
from typing import Any

from qa.engine import Engine
from qa.errors import InputError, ModelError, QAError
from qa.evaluation.cases import Case, flatten
from qa.evaluation.judging import agreement
from qa.evaluation.results import Result
from qa.evaluation.scores import METRICS, summary
from qa.models import Reply
from qa.types import Progress

DEPTH = 10  # hits that retrieval is measured on
_PATIENCE = 3  # cases in a row that may fail before the run is given up

Report = Callable[[Progress], None]
"""Called with how many cases are done."""


@dataclass(frozen=True, slots=True)
class Run:
    """The results of all cases, in their order; what was asked under which conditions (`about`);
    and the ids of cases that could not be asked, with the reason."""

    results: tuple[Result, ...]
    about: dict[str, Any] = field(default_factory=dict)
    failed: tuple[tuple[str, str], ...] = ()

    @property
    def model(self) -> str:
        """Who wrote the answers."""
        return self.results[0].answer.model if self.results else ""

    def summary(self) -> dict[str, float | None]:
        """Each metric over the cases it applies to; None where there is none."""
        return summary(self.results)

    def tagged(self, tag: str) -> "Run":
        """The results of the cases that have a tag."""
        return Run(tuple(r for r in self.results if tag in r.case.tags), self.about)

    @property
    def tags(self) -> list[str]:
        """Every tag of a case."""
        return sorted({tag for result in self.results for tag in result.case.tags})

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "model": self.model,
            "cases": len(self.results),
            "metrics": {
                name: None if value is None else round(value, 6)
                for name, value in self.summary().items()
            },
            "intervals": {
                metric.name: [round(end, 6) for end in ends]
                for metric in METRICS
                if (ends := metric.interval([metric.score(r) for r in self.results]))
            },
            "judge": {
                name: {"answers": n, "agree": round(share, 4), "kappa": kappa and round(kappa, 4)}
                for name, (n, share, kappa) in agreement(self.results).items()
            },
            "results": [_line(result) for result in self.results],
            "failed": [{"id": name, "error": reason} for name, reason in self.failed],
        }


def evaluate(
    engine: Engine,
    cases: Sequence[Case],
    progress: Report | None = None,
    *,
    workers: int = 1,
    keep: Callable[[Result], None] | None = None,
) -> Run:
    """Asks every case of the engine, `workers` at a time. `keep` is called with each result as it
    comes. Raises ModelError when the model fails several times in a row; a single failure is in
    the run's `failed`."""
    results, failed, in_a_row = dict[str, Result](), list[tuple[str, str]](), 0
    began = time.perf_counter()
    for done, (case, outcome) in enumerate(_outcomes(engine, cases, workers)):
        if progress:
            progress(Progress(done + 1, len(cases), seconds=time.perf_counter() - began))
        if isinstance(outcome, QAError):
            failed.append((case.id, str(outcome)))
            in_a_row += isinstance(outcome, ModelError)
            if in_a_row == min(_PATIENCE, len(cases)):
                raise outcome
            continue
        in_a_row = 0
        results[case.id] = outcome
        if keep:
            keep(outcome)
    return Run(tuple(results[c.id] for c in cases if c.id in results), failed=tuple(failed))


def _outcomes(
    engine: Engine, cases: Sequence[Case], workers: int
) -> Iterator[tuple[Case, Result | QAError]]:
    """Each case and what came of it, as they finish; what is still waiting when the caller stops is
    not begun."""
    with ExitStack() as stack:
        checker = None
        if any(case.claims for case in cases):
            settings, dictation = engine.settings.model_copy(update={"judge": False}), Dictation()
            checker = stack.enter_context(
                Engine.open(settings=settings, embedder=engine.embedder, model=dictation)
            )

        def outcome(case: Case) -> Result | QAError:
            try:
                return _ask(engine, checker, case)
            except (ModelError, InputError) as error:  # such as filters that allow nothing
                return error

        if workers == 1:
            yield from ((case, outcome(case)) for case in cases)
            return
        pool = ThreadPoolExecutor(workers)
        stack.callback(pool.shutdown, cancel_futures=True)
        waiting = {pool.submit(outcome, case): case for case in cases}
        yield from ((waiting[one], one.result()) for one in as_completed(waiting))


def _ask(engine: Engine, checker: Engine | None, case: Case) -> Result:
    filters = case.filters.given()
    began = time.perf_counter()
    answer = engine.ask(case.question, case.history, filters=filters)
    seconds = time.perf_counter() - began
    hits = tuple(engine.search(answer.query, DEPTH, filters))
    claims = _checked(checker, case) if checker and case.claims else ()
    return Result(case, answer, hits, seconds, claims)


def _checked(checker: Engine, case: Case) -> tuple[str, ...]:
    """What the checks say of each claim, when a model answers the question with them."""
    assert isinstance(checker.model, Dictation)
    checker.model.say("\n\n".join(claim.text for claim in case.claims))
    statements = checker.ask(case.question, filters=case.filters.given()).statements
    verdicts = list[str]()
    for claim in case.claims:
        said = [s.verdict for s in statements if flatten(s.text) in flatten(claim.text)]
        doubted = [verdict for verdict in said if verdict != "supported"]
        verdicts.append((doubted or said or ["withheld"])[0])
    return tuple(verdicts)


class Dictation:
    """A model that replies with what it was last told in the same thread."""

    name = "dictation"

    def __init__(self) -> None:
        self._told = local()

    def say(self, text: str) -> None:
        """Sets the next replies."""
        self._told.text = text

    def reply(self, system: str, user: str) -> Reply:
        """The text that it was told."""
        return Reply(iter((self._told.text,)))


def _line(result: Result) -> dict[str, Any]:
    return {
        "id": result.case.id,
        "question": result.case.question,
        "tags": list(result.case.tags),
        "answerable": result.case.answerable,
        "right": result.right,
        "abstained": result.answer.abstained,
        "answer": result.answer.text,
        "seconds": round(result.seconds, 4),
    }
