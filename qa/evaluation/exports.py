"""Runs and cases in the formats of other evaluation tools, so that their measures can be put beside
ours.

ragas    JSONL for ragas.EvaluationDataset.from_jsonl: one sample a case
inspect  JSONL for inspect_ai.dataset.json_dataset: one sample a case, the answer in its metadata
squad    the predictions that SQuAD's evaluate-v2.0.py reads; a refusal is an empty one
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from qa.errors import InputError
from qa.evaluation.cases import Case
from qa.evaluation.results import Result
from qa.evaluation.runner import Run

T = TypeVar("T")

REFUSAL = "The documents do not say."
"""What stands for the right answer to a question that has none."""


def export(run: Run, form: str) -> str:
    """The run in another tool's format. Raises InputError for an unknown one."""
    if form == "squad":
        return (
            json.dumps({r.case.id: _predicted(r) for r in run.results}, ensure_ascii=False) + "\n"
        )
    return _lines(form, RUNS, run.results)


def export_cases(cases: Sequence[Case], form: str) -> str:
    """Cases that nobody has answered yet, as lines of another tool's format. Raises InputError for
    an unknown one."""
    return _lines(form, CASES, cases)


def _lines(
    form: str, known: Mapping[str, Callable[[T], dict[str, Any]]], items: Iterable[T]
) -> str:
    if form not in known:
        raise InputError(f"no format {form!r}: choose from {', '.join(known)}")
    return "".join(json.dumps(known[form](one), ensure_ascii=False) + "\n" for one in items)


def _ragas_case(case: Case) -> dict[str, Any]:
    """A SingleTurnSample; earlier turns stand in front of the question, since ragas would take a
    conversation for a sample of another kind."""
    turns = [f"Q: {question}\nA: {said}" for question, said in case.history]
    return {
        "user_input": "\n".join([*turns, case.question]),
        "reference_contexts": [gold.quote for gold in case.gold if gold.quote],
        "reference": _reference(case),
    }


def _ragas(result: Result) -> dict[str, Any]:
    contexts = [entry.hit.passage.text for entry in result.answer.evidence]
    said = {"retrieved_contexts": contexts, "response": result.answer.text}
    return _ragas_case(result.case) | said


def _inspect_case(case: Case) -> dict[str, Any]:
    """A Sample: what is asked and the accepted answers. To inspect any target will do, so groups
    that must all be there become one reference in words."""
    messages = [
        message
        for question, said in case.history
        for message in (
            {"role": "user", "content": question},
            {"role": "assistant", "content": said},
        )
    ]
    asked = {"role": "user", "content": case.question}
    accepted = list(case.must_include[0]) if len(case.must_include) == 1 else []
    return {
        "id": case.id,
        "input": [*messages, asked] if messages else case.question,
        "target": list(case.answers + case.references) or accepted or [_reference(case)],
        "metadata": {"tags": list(case.tags), "answerable": case.answerable},
    }


def _inspect(result: Result) -> dict[str, Any]:
    answer, sample = result.answer, _inspect_case(result.case)
    sample["metadata"] |= {
        "answer": answer.text,
        "abstained": answer.abstained,
        "right": result.right,
        "contexts": [entry.hit.passage.text for entry in answer.evidence],
        "model": answer.model,
    }
    return sample


def _predicted(result: Result) -> str:
    return "" if result.answer.abstained else result.answer.text


def _reference(case: Case) -> str:
    """The reference answer in words: the first one given, else the gold quotations."""
    if not case.answerable:
        return REFUSAL
    quotes = dict.fromkeys(gold.quote for gold in case.gold if gold.quote)
    facts = (group[0] for group in case.must_include)
    return next(iter(case.answers + case.references), "") or " ".join(quotes) or "; ".join(facts)


RUNS: dict[str, Callable[[Result], dict[str, Any]]] = {"ragas": _ragas, "inspect": _inspect}
CASES: dict[str, Callable[[Case], dict[str, Any]]] = {
    "ragas": _ragas_case,
    "inspect": _inspect_case,
}
