"""A run, and the difference of two, as text for the terminal."""

from collections.abc import Sequence

from qa.evaluation import metrics
from qa.evaluation.comparison import AURC, Comparison, Difference, figure
from qa.evaluation.judging import agreement
from qa.evaluation.metrics import Interval
from qa.evaluation.results import Result, quotes
from qa.evaluation.runner import Run
from qa.evaluation.scores import METRICS, Metric, holds


def to_text(run: Run, wrong: int | None = None) -> str:
    """The metrics with their intervals, the share of right answers for each tag, and the cases
    that went wrong, all or the first `wrong`."""
    lines = [f"{len(run.results)} cases, model: {run.model}", "", _HEAD]
    for metric in METRICS:
        values = [metric.score(result) for result in run.results]
        if (value := metric.pooled(values)) is not None:
            n = sum(v is not None for v in values)
            lines.append(_row(metric.name, metric, value, metric.interval(values), n))
    if (area := figure(run, AURC)) is not None:
        lines.append(f"  {AURC:<28} {area:>9.4f}")
    if judged := agreement(run.results):
        lines += ["", "The judge beside the exact metrics:"]
        lines += [f"  {name:<28} {agreed(*figures)}" for name, figures in judged.items()]
    lines += ["", "Right by tag:"] if run.tags else []
    for tag in run.tags:
        right = [result.right for result in run.tagged(tag).results]
        lines.append(
            _row(tag, METRICS[0], metrics.mean(right), metrics.bootstrap(right), len(right))
        )
    bad = [result for result in run.results if not result.right]
    if bad:
        lines += ["", f"Wrong ({len(bad)}):", *map(_failure, bad[:wrong])]
    if run.failed:
        lines += ["", f"Could not be asked ({len(run.failed)}):"]
        lines += [f"  {name}: {reason}" for name, reason in run.failed]
    return "\n".join(lines)


def compared(comparison: Comparison) -> str:
    """Every metric before and now, and the cases that changed sides."""
    lines = [
        f"{comparison.pairs} cases in both runs",
        "",
        f"  {'':<28} {'before':>9} {'now':>9}  difference, 95% interval",
    ]
    lines += [_changed(difference) for difference in comparison.differences]
    for title, pairs in (("Broken", comparison.broken), ("Mended", comparison.mended)):
        if pairs:
            lines += ["", f"{title} ({len(pairs)}):"]
            lines += [
                f"  {is_.case.id}: {is_.case.question}\n    now: {given(is_)[:300]}"
                for _, is_ in pairs
            ]
    if comparison.unmatched:
        names = ", ".join(comparison.unmatched[:10])
        lines += ["", f"Left out, in one run only ({len(comparison.unmatched)}): {names}"]
    return "\n".join(lines)


_HEAD = f"  {'':<28} {'':>9}  95% interval      cases"


def shown(metric: Metric, value: float | None) -> str:
    """A figure in its unit."""
    if value is None:
        return "-"
    if metric.unit == "seconds":
        return f"{value * 1000:.0f} ms"
    if metric.unit == "price":
        return f"{value:.2g}"
    if metric.unit == "tokens":
        return f"{value:.0f}"
    return f"{value:.2%}" if 0 < abs(value) < 0.0005 else f"{value:.1%}"  # never 0.0% of something


EXACT = {
    "judged_correctness": "what the answer must hold",
    "judged_faithfulness": "the verdicts of its statements",
}


def agreed(n: int, share: float, kappa: float | None) -> str:
    """How far a judge agrees with an exact metric, in words."""
    beyond = "" if kappa is None else f", Cohen's kappa {kappa:.2f}"
    return f"{share:.1%} of {n} answers graded alike{beyond}"


def expected(result: Result) -> str:
    """What a right answer would be."""
    case = result.case
    if not case.answerable:
        return "a refusal"
    places = " or ".join(dict.fromkeys(gold.document for gold in case.gold))
    plain = f"an answer that cites {places}" if places else "an answer"
    words = " and ".join(map(_either, case.groups)) or plain
    return words + "".join(f", without {_quoted(word)}" for word in case.must_not_include)


def given(result: Result) -> str:
    """The answer in one line."""
    return " ".join(result.answer.text.split())


def why(result: Result) -> tuple[str, str]:
    """Where a wrong answer went wrong: the stage, and the reason in a sentence. Stages are
    "refusal", "rashness", "search", "selection", "choice" and "words"."""
    case, answer = result.case, result.answer
    if not case.answerable:
        return "rashness", "it was answered, and the documents do not hold the answer"
    rank = next(
        (n for n, h in enumerate(result.hits, 1) if any(holds(h, g) for g in case.gold)), None
    )
    seen = any(holds(e.hit, g) for e in answer.evidence for g in case.gold)
    if not case.gold:
        place = ""
    elif rank is None and not seen:
        return "search", f"no gold passage is among the first {len(result.hits)} hits"
    elif not seen:
        return "selection", f"the gold passage was hit {rank} and did not become evidence"
    else:
        place = f"; the gold passage was hit {rank}" if rank else "; the gold passage was evidence"
    if answer.abstained:
        return "refusal", f"it was refused{place}"
    if result.unwanted:
        return "choice", f"it holds {', '.join(map(_quoted, result.unwanted))}{place}"
    if not result.lacking:
        return "choice", f"it cites something else{place}"
    lacking = " and ".join(map(_either, result.lacking))
    quoted = any(g.quote and quotes(c, g) for c in answer.citations for g in case.gold)
    stage = "words" if quoted else "choice"
    return stage, f"it lacks {lacking}{place}"


def _either(group: Sequence[str]) -> str:
    return " or ".join(map(_quoted, group))


def _quoted(words: str) -> str:
    return f"\u201c{words}\u201d"


def _row(name: str, metric: Metric, value: float | None, interval: Interval | None, n: int) -> str:
    return f"  {name:<28} {shown(metric, value):>9}  {_between(metric, interval):<17} {n:>6}"


def _between(metric: Metric, interval: Interval | None) -> str:
    return " to ".join(shown(metric, end) for end in interval) if interval else ""


def _changed(difference: Difference) -> str:
    metric = difference.metric
    by = difference.now - difference.before
    span = ""
    if difference.interval:
        low, high = (signed(metric, end) for end in difference.interval)
        span = f", {low} to {high}"
    mark = ""
    if difference.significant:
        mark = "  WORSE" if difference.regression else "  better" if metric.better else "  differs"
    return (
        f"  {metric.name:<28} {shown(metric, difference.before):>9} "
        f"{shown(metric, difference.now):>9}  {signed(metric, by)}{span}{mark}"
    )


def signed(metric: Metric, value: float) -> str:
    """A difference in its unit, with its sign."""
    return ("+" if value >= 0 else "\u2212") + shown(metric, abs(value))


def _failure(result: Result) -> str:
    return (
        f"  {result.case.id}: {result.case.question}\n"
        f"    expected {expected(result)}\n"
        f"    given    {given(result)[:300]}\n"
        f"    why      {': '.join(why(result))}"
    )
