"""Fits what each sign against a statement counts, and where the verdicts begin.

usage: python benchmarks/fit_verdicts.py clapnq_answerable.jsonl --squad squad2_dev.json ...
       --passages clapnq_unanswerable.jsonl

A logistic model of the signs that `qa.checking` finds, on the `develop` parts of what
benchmarks/verdicts.py measures: true statements and corrupted ones weigh the same, and so does
each of the three sets. Of how much of a statement is said, the shares below which 1 % and none of
the true ones lie are kept as well. Writes qa/verdicts.json.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import verdicts

from qa import checking

PENALTY = 10.0  # on the squares of the weights of standardised signs
PART, NONE = 0.01, 0.0  # of the true statements say less than what is called a part, nothing
OUT = Path(checking.__file__).with_name("verdicts.json")
SIGNS = (
    "said",
    "sentences",
    "figure missing",
    "name missing",
    "negated",
    "opposite",
    "misplaced",
    "not negated",
    "misattributed",
    "strange word",
    "strange words",
    "name displaced",
    "number displaced",
    "verbatim",
    *(f"{name}, verbatim" for name in checking.CHANGED),
)

Floats = npt.NDArray[np.float64]


def main() -> None:
    """Fits, prints and writes the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clapnq", type=Path)
    parser.add_argument("--squad", type=Path, nargs="+", required=True)
    parser.add_argument("--passages", type=Path, required=True)
    args = parser.parse_args()
    sets = [
        verdicts.of_clapnq(args.clapnq, verdicts.printed),
        verdicts.of_squad(args.squad),
        verdicts.of_passages(args.passages, verdicts.printed),
    ]
    measured = [_measured(rows) for rows in sets]
    fitted = fit([signs for signs, _ in measured], [true for _, true in measured])
    said = [signs[true > 0, SIGNS.index("said")] for signs, true in measured]
    text = {
        "weights": {name: round(value, 3) for name, value in fitted.items()},
        "a part is said below": round(_quantile(said, PART), 2),
        "nothing is said below": round(_quantile(said, NONE), 2),
    }
    OUT.write_text(json.dumps(text, indent=2) + "\n", "utf-8")
    print(json.dumps(text, indent=2))


def _measured(rows: Sequence[verdicts.Row]) -> tuple[Floats, Floats]:
    """The signs of each statement, shape (n, len(SIGNS)), and which are true, shape (n,)."""
    checker = verdicts.Checker([row.source for row in rows], 0)
    mine = [n for n, row in enumerate(rows) if row.part == "develop"]
    cases = [c for c in verdicts.cases_of(rows, mine) if c.kind != verdicts.VERBATIM]
    found = [checker.signs(case) for case in cases]
    return (
        np.array([[signs.get(name, 0.0) for name in SIGNS] for signs in found]),
        np.array([float(case.kind == verdicts.TRUE) for case in cases]),
    )


def fit(signs: Sequence[Floats], true: Sequence[Floats]) -> dict[str, float]:
    """The weight of each sign and, as "true", of having none: ridge logistic regression by Newton's
    method, over sets that count the same whatever their size."""
    x, y = np.vstack(signs), np.concatenate(true)
    weight = np.concatenate(
        [np.where(t > 0, 0.5 / t.mean(), 0.5 / (1 - t.mean())) / len(t) for t in true]
    )
    weight *= len(y) / weight.sum()
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.column_stack([np.ones(len(x)), (x - mean) / spread])
    penalty = PENALTY * np.eye(z.shape[1])
    penalty[0, 0] = 0
    weights = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ weights))
        slope = z.T @ (weight * (p - y)) + penalty @ weights
        weights -= np.linalg.solve((z.T * (weight * p * (1 - p))) @ z + penalty, slope)
    plain = weights[1:] / spread
    return {"true": float(weights[0] - plain @ mean)} | dict(
        zip(SIGNS, map(float, plain), strict=True)
    )


def _quantile(values: Sequence[Floats], share: float) -> float:
    """The highest step below which no more than a share of them lie, the mean of the sets."""
    steps = np.linspace(0, 1, 101)
    lost = np.mean([[(one < step).mean() for step in steps] for one in values], axis=0)
    return float(steps[lost <= share].max(initial=0.0))


if __name__ == "__main__":
    main()
