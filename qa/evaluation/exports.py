"""A run in the formats of other evaluation tools, so that their measures can be put beside ours.

ragas    JSONL for ragas.EvaluationDataset.from_jsonl: one sample a case
inspect  JSONL for inspect_ai.dataset.json_dataset: one sample a case, the answer in its metadata
"""

import json
from collections.abc import Callable
from typing import Any

from qa.errors import InputError
from qa.evaluation.results import Result
from qa.evaluation.runner import Run

REFUSAL = "The documents do not say."
"""What stands for the right answer to a question that has none."""


def export(run: Run, form: str) -> str:
    """The run as lines of another tool's format. Raises InputError for an unknown one."""
    if form not in EXPORTS:
        raise InputError(f"no format {form!r}: choose from {', '.join(EXPORTS)}")
    lines = (json.dumps(EXPORTS[form](result), ensure_ascii=False) for result in run.results)
    return "".join(f"{line}\n" for line in lines)


def _ragas(result: Result) -> dict[str, Any]:
    """A SingleTurnSample; earlier turns stand in front of the question, since ragas would take a
    conversation for a sample of another kind."""
    case = result.case
    turns = [f"Q: {question}\nA: {said}" for question, said in case.history]
    return {
        "user_input": "\n".join([*turns, case.question]),
        "retrieved_contexts": [e.hit.passage.text for e in result.answer.evidence],
        "reference_contexts": [gold.quote for gold in case.gold if gold.quote],
        "response": result.answer.text,
        "reference": _reference(result),
    }


def _inspect(result: Result) -> dict[str, Any]:
    """A Sample: what is asked, the accepted answers, and in the metadata what was given. To inspect
    any target will do, so groups that must all be there become one reference in words."""
    case, answer = result.case, result.answer
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
        "target": list(case.answers) or accepted or [_reference(result)],
        "metadata": {
            "tags": list(case.tags),
            "answerable": case.answerable,
            "answer": answer.text,
            "abstained": answer.abstained,
            "right": result.right,
            "contexts": [entry.hit.passage.text for entry in answer.evidence],
            "model": answer.model,
        },
    }


def _reference(result: Result) -> str:
    """The reference answer in words: the first one given, else the gold quotations."""
    case = result.case
    if not case.answerable:
        return REFUSAL
    quotes = dict.fromkeys(gold.quote for gold in case.gold if gold.quote)
    facts = (group[0] for group in case.must_include)
    return next(iter(case.answers), "") or " ".join(quotes) or "; ".join(facts)


EXPORTS: dict[str, Callable[[Result], dict[str, Any]]] = {"ragas": _ragas, "inspect": _inspect}
