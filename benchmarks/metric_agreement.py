"""Whether the metrics are those of reference implementations, on the results of a saved run.

usage: python benchmarks/metric_agreement.py RUN [--squad evaluate-v2.0.py]

RUN is a folder that `qa eval ... --save RUN` wrote. Rankings are compared with pytrec_eval (pip
install pytrec_eval-terrier), token F1 and exact match with the script of SQuAD, given as a file or
as the name of a module with `compute_f1` and `compute_exact`. Writes docs/benchmarks.md.
"""

import argparse
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import tables

from qa.evaluation import Result, metrics, ranking, read_run
from qa.evaluation.scores import judged

Pair = tuple[float, float]


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--squad", help="evaluate-v2.0.py, or a module")
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


def _answers(results: Sequence[Result], squad: str) -> list[Sequence[str]]:
    """The answers to each case that has reference answers, by SQuAD's script."""
    script = _module(squad)
    asked = [(r.answer.text, r.case.answers) for r in results if r.case.answers]
    # The sentences themselves overlap in part; the gold answers of other cases hardly, and their
    # own wholly.
    asked += [(answers[-1], answers) for _, answers in asked]
    asked += [(before[0], answers) for (_, before), (_, answers) in pairwise(asked)]
    f1, exact = list[Pair](), list[Pair]()
    for said, answers in asked:
        there = max(script.compute_f1(answer, said) for answer in answers)
        f1.append((metrics.token_f1(said, answers) or 0.0, float(there)))
        there = max(script.compute_exact(answer, said) for answer in answers)
        exact.append((metrics.exact_match(said, answers) or 0.0, float(there)))
    name = Path(squad).name
    return [_row("token F1", name, f1), _row("exact match", name, exact)]


def _module(squad: str) -> ModuleType:
    if not Path(squad).exists():
        return importlib.import_module(squad)
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
