"""Whether the metrics are those of reference implementations, on the results of a saved run.

usage: python benchmarks/metric_agreement.py RUN [--squad evaluate-v2.0.py]

RUN is a folder that `qa eval ... --save RUN` wrote. Rankings are compared with pytrec_eval (pip
install pytrec_eval-terrier), answers with SQuAD's official evaluate-v2.0.py (on SQuAD's site;
in huggingface/datasets it is metrics/squad_v2/evaluate.py). Writes docs/benchmarks.md.
"""

import argparse
import importlib.util
import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import tables

from qa.evaluation import Result, Run, export, metrics, ranking, read_run
from qa.evaluation.scores import BY_NAME, judged

Pair = tuple[float, float]


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--squad", type=Path, help="evaluate-v2.0.py")
    args = parser.parse_args()
    results = read_run(args.run).results
    rows = [*_rankings(results), *(_answers(results, args.squad) if args.squad else ())]
    head = ["metric", "reference", "values", "mean here", "mean there", "largest difference"]
    tables.write("metric-agreement", tables.table(head, rows), "docs/benchmarks.md")


def _rankings(results: Sequence[Result]) -> list[Sequence[str]]:
    """The hits of each case that has gold, by pytrec_eval."""
    import pytrec_eval

    pairs = {r.case.id: judged(r.case, r.hits) for r in results if r.case.gold}
    found = {
        name: {i: float(len(ranked) - n) for n, i in enumerate(ranked)}
        for name, (ranked, _) in pairs.items()
    }
    wanted = {name: grades for name, (_, grades) in pairs.items()}
    measures = {"ndcg_cut_10", "recip_rank", "recall_1", "recall_5", "recall_10"}
    theirs = pytrec_eval.RelevanceEvaluator(wanted, measures).evaluate(found)
    ours: dict[str, Callable[[Sequence[str], dict[str, int]], float]] = {
        "ndcg_cut_10": lambda ranked, grades: ranking.ndcg(ranked, grades, 10),
        "recip_rank": lambda ranked, grades: ranking.reciprocal_rank(ranked, grades, 10),
        "recall_1": lambda ranked, grades: ranking.recall(ranked, grades, 1),
        "recall_5": lambda ranked, grades: ranking.recall(ranked, grades, 5),
        "recall_10": lambda ranked, grades: ranking.recall(ranked, grades, 10),
    }
    return [
        _row(
            name,
            "pytrec_eval",
            [(measure(*pairs[case]), theirs[case][name]) for case in pairs],
        )
        for name, measure in ours.items()
    ]


def _answers(results: Sequence[Result], squad: Path) -> list[Sequence[str]]:
    """The run as SQuAD's script scores a file of predictions; then, since a quoted sentence is
    seldom just a reference, references as predictions: those of each case and of the one before."""
    script = _module(squad)
    said = json.loads(export(Run(tuple(results)), "squad"))
    exact, f1 = _official(script, [(r.case.id, said[r.case.id], r.case.answers) for r in results])
    known = [r for r in results if r.case.answers]
    none = [r for r in results if not r.case.answerable]
    wanted = [r.case.answers for r in known]
    drawn = [(answer, answers) for answers in wanted for answer in answers]
    drawn += [(answer, after) for before, after in pairwise(wanted) for answer in before]
    numbered = [(str(n), answer, answers) for n, (answer, answers) in enumerate(drawn)]
    exact_of, f1_of = _official(script, numbered)
    return [
        _row("token F1", "HasAns_f1", [(_scored("answer_f1", r), f1[r.case.id]) for r in known]),
        _row(
            "exact match",
            "HasAns_exact",
            [(_scored("answer_em", r), exact[r.case.id]) for r in known],
        ),
        _row(
            "refusal recall",
            "NoAns_exact",
            [(_scored("refusal_recall", r), exact[r.case.id]) for r in none],
        ),
        _row(
            "token F1 of references",
            "f1",
            [(metrics.token_f1(text, answers) or 0.0, f1_of[i]) for i, text, answers in numbered],
        ),
        _row(
            "exact match of references",
            "exact",
            [
                (metrics.exact_match(text, answers) or 0.0, exact_of[i])
                for i, text, answers in numbered
            ],
        ),
    ]


def _official(
    script: ModuleType, said: Sequence[tuple[str, str, Sequence[str]]]
) -> tuple[dict[str, float], dict[str, float]]:
    """Exact match and F1 by id of predictions and the reference answers to them."""
    asked = [{"id": i, "answers": [{"text": a} for a in answers]} for i, _, answers in said]
    predictions = {i: text for i, text, _ in said}
    exact, f1 = script.get_raw_scores([{"paragraphs": [{"qas": asked}]}], predictions)
    return exact, f1


def _scored(name: str, result: Result) -> float:
    return float(BY_NAME[name].score(result) or 0)


def _module(squad: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("squad_script", squad)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _row(name: str, reference: str, pairs: Sequence[Pair]) -> Sequence[str]:
    here, there = (metrics.mean(side) or 0.0 for side in zip(*pairs, strict=True))
    most = max(abs(a - b) for a, b in pairs)
    return name, reference, str(len(pairs)), f"{here:.6f}", f"{there:.6f}", f"{most:.1e}"


if __name__ == "__main__":
    main()
