"""Is one run better than another, and is it good enough? Differences with their intervals, and
gates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qa.errors import InputError
from qa.evaluation import metrics
from qa.evaluation.metrics import Interval
from qa.evaluation.results import Result, scored_by
from qa.evaluation.runner import Run
from qa.evaluation.runs import same
from qa.evaluation.scores import BY_NAME, METRICS, Metric, refusal_curve


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in two runs over the cases that both answered, `now` less `before`, with the paired
    bootstrap 95 % interval; None where it cannot be resampled."""

    metric: Metric
    before: float
    now: float
    interval: Interval | None

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)

    @property
    def regression(self) -> bool:
        """Whether it is significantly worse."""
        return self.significant and (self.now - self.before) * self.metric.better < 0

    def __str__(self) -> str:
        low, high = self.interval or (0.0, 0.0)
        by = self.now - self.before
        return f"{self.before:.4f} to {self.now:.4f}, {by:+.4f} ({low:+.4f} to {high:+.4f})"

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "metric": self.metric.name,
            "before": round(self.before, 6),
            "now": round(self.now, 6),
            "interval": [round(end, 6) for end in self.interval] if self.interval else None,
            "significant": self.significant,
            "regression": self.regression,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs over the cases that both answered: the metrics, the cases that went from right to
    wrong and from wrong to right (before, now), and the ids of cases only one of the runs has."""

    differences: tuple[Difference, ...]
    broken: tuple[tuple[Result, Result], ...]
    mended: tuple[tuple[Result, Result], ...]
    unmatched: tuple[str, ...]
    pairs: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "pairs": self.pairs,
            "metrics": [d.to_json() for d in self.differences],
            "broken": [result.case.id for _, result in self.broken],
            "mended": [result.case.id for _, result in self.mended],
            "unmatched": list(self.unmatched),
        }

    @property
    def regressions(self) -> list[Difference]:
        """The metrics that are significantly worse."""
        return [difference for difference in self.differences if difference.regression]


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound that a metric must keep, over all cases or those of one tag."""

    metric: str
    tag: str
    at_least: bool
    bound: float

    def __str__(self) -> str:
        place = f":{self.tag}" if self.tag else ""
        return f"{self.metric}{place}{'>=' if self.at_least else '<='}{self.bound:g}"

    def failure(self, run: Run) -> str | None:
        """Why a run does not pass, None when it does. What no case measures does not pass."""
        value = figure(run.tagged(self.tag) if self.tag else run, self.metric)
        if value is None:
            return f"{self}: no case measures it"
        kept = value >= self.bound if self.at_least else value <= self.bound
        return None if kept else f"{self}: it is {value:.4f}"


AURC = "aurc"
"""The area under the risk-coverage curve: of a whole run, not of a case."""

_GATE = re.compile(r"\s*([\w@]+)(?::([^<>=]+?))?\s*(>=|<=)\s*(\d*\.?\d+)\s*(%?)\s*")


def figure(run: Run, name: str) -> float | None:
    """One metric of a run by its name. Raises InputError for an unknown one."""
    if name == AURC:
        return metrics.area_under(refusal_curve(run.results))
    if name not in BY_NAME:
        raise InputError(f"no metric {name!r}: choose from {', '.join([*BY_NAME, AURC])}")
    metric = BY_NAME[name]
    return metric.pooled([metric.score(result) for result in run.results])


def gates(text: str) -> list[Gate]:
    """The gates of "metric>=value,metric:tag<=value"; a value may be a percentage. Raises
    InputError for what is none."""
    found = list[Gate]()
    for part in text.split(","):
        match = _GATE.fullmatch(part)
        if not match:
            raise InputError(
                f"{part.strip()!r} is not a gate: write metric>=value or metric<=value, such as "
                "answer_inclusion>=0.85"
            )
        name, tag, sign, digits, percent = match.groups()
        if name not in BY_NAME and name != AURC:
            raise InputError(f"no metric {name!r}: choose from {', '.join([*BY_NAME, AURC])}")
        bound = float(digits) / (100 if percent else 1)
        found.append(Gate(name, tag or "", sign == ">=", bound))
    return found


def compare(now: Run, before: Run) -> Comparison:
    """What changed between two runs, both under the expectations of the newer one. Raises
    InputError when they share no case."""
    earlier = {result.case.id: result for result in before.results}
    pairs = [
        (scored_by(earlier[result.case.id], result.case), result)
        for result in now.results
        if result.case.id in earlier and same(result.case, earlier[result.case.id].case)
    ]
    if not pairs:
        raise InputError("the two runs share no case: compare runs of the same case file")
    shared = {result.case.id for _, result in pairs}
    every = [result.case.id for result in (*now.results, *before.results)]
    return Comparison(
        differences=tuple(_differences(pairs)),
        broken=tuple((was, is_) for was, is_ in pairs if was.right and not is_.right),
        mended=tuple((was, is_) for was, is_ in pairs if is_.right and not was.right),
        unmatched=tuple(dict.fromkeys(name for name in every if name not in shared)),
        pairs=len(pairs),
    )


def _differences(pairs: Sequence[tuple[Result, Result]]) -> list[Difference]:
    found = list[Difference]()
    for metric in METRICS:
        then = [metric.score(was) for was, _ in pairs]
        now = [metric.score(is_) for _, is_ in pairs]
        one, other = metric.pooled(then), metric.pooled(now)
        if one is not None and other is not None:
            interval = metrics.paired_bootstrap(now, then) if metric.share is None else None
            found.append(Difference(metric, one, other, interval))
    return found
