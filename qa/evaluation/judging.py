"""Grading answers by a language model, for what exact metrics cannot see: an answer in other words.
A judge is a measuring instrument with errors of its own, so its agreement with the exact metrics is
shown beside its grades.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from qa import prompts
from qa.evaluation import metrics
from qa.evaluation.cases import Case
from qa.evaluation.results import Judgement, Result
from qa.models import ChatModel
from qa.plaintext import plain

PROMPTS = ("judge-correctness", "judge-faithfulness")
UNDECIDED = "the judge gave no verdict"
_OBJECT = re.compile(r"\{[^{}]*\}")


def judge(result: Result, model: ChatModel) -> Judgement:
    """The model's grades of an answer: correctness by the reference, of answerable cases; and
    faithfulness to the evidence (as RAGAS, Es et al. 2024, of the answer as a whole). A refusal is
    not graded: whether it is right is exact. Raises ModelError.
    """
    case, answer = result.case, result.answer
    if answer.abstained:
        return Judgement(model.name)
    said = plain(answer.text)
    correct = faithful = None
    reasons = list[str]()
    if case.answerable and (reference := _reference(case)):
        values = {"question": plain(case.question), "reference": plain(reference), "answer": said}
        correct, reason = _verdict(model, "judge-correctness", "correct", values)
        reasons.append(reason)
    if answer.evidence:
        passages = "\n".join(
            f"<passage>\n{plain(e.hit.passage.title)}\n{plain(e.hit.passage.text)}\n</passage>"
            for e in answer.evidence
        )
        values = {"passages": passages, "answer": said}
        faithful, reason = _verdict(model, "judge-faithfulness", "faithful", values)
        reasons.append(reason)
    return Judgement(model.name, correct, faithful, tuple(filter(None, reasons)))


def agreement(results: Sequence[Result]) -> dict[str, tuple[int, float, float | None]]:
    """How far the judge agrees with an exact metric: for correctness with "right", for faithfulness
    with "every statement is supported"; the number of answers, the share on which both say the
    same, and Cohen's kappa."""
    pairs = {
        "judged_correctness": [
            (r.judgement.correct, r.right)
            for r in results
            if r.judgement and r.judgement.correct is not None
        ],
        "judged_faithfulness": [
            (r.judgement.faithful, all(s.verdict == "supported" for s in r.answer.statements))
            for r in results
            if r.judgement and r.judgement.faithful is not None
        ],
    }
    return {
        name: (len(both), sum(a == b for a, b in both) / len(both), metrics.kappa(both))
        for name, both in pairs.items()
        if both
    }


def _reference(case: Case) -> str:
    """What a right answer says, and the sentences of the documents that say it."""
    must = " and ".join(" or ".join(group) for group in case.groups)
    lines = [
        f"A right answer says: {must}" if must else "",
        *(f"A right answer: {text}" for text in case.references),
        f"It does not say: {' or '.join(case.must_not_include)}" if case.must_not_include else "",
        *(f"A document says: {gold.quote}" for gold in case.gold if gold.quote),
    ]
    return "\n".join(filter(None, lines))


def _verdict(
    model: ChatModel, prompt: str, name: str, values: dict[str, str]
) -> tuple[bool | None, str]:
    system, user = prompts.load(prompt)
    reply = "".join(model.reply(system.substitute(values), user.substitute(values)))
    for text in reversed(_OBJECT.findall(reply)):  # a model that thinks aloud decides at the end
        try:
            record: Any = json.loads(text)
        except ValueError:
            continue
        if isinstance(record.get(name), bool):
            return record[name], str(record.get("reason", ""))
    return None, UNDECIDED
