"""A run as text for the terminal."""

from qa.evaluation import metrics
from qa.evaluation.runner import Result, Run

_SECONDS = ("latency_p50", "latency_p95")


def to_text(run: Run) -> str:
    """The metrics, the share of right answers for each tag, and every case that went wrong."""
    lines = [f"{len(run.results)} cases, model: {run.model}", ""]
    for name, value in run.summary().items():
        lines.append(f"  {name:<28} {_shown(name, value):>9}")
    lines += ["", "Right by tag:"]
    for tag in sorted({tag for r in run.results for tag in r.case.tags}):
        tagged = [r for r in run.results if tag in r.case.tags]
        share = metrics.mean(r.right for r in tagged)
        lines.append(f"  {tag:<28} {_shown(tag, share):>9}  of {len(tagged)}")
    wrong = [r for r in run.results if not r.right]
    if wrong:
        lines += ["", f"Wrong ({len(wrong)}):", *map(_failure, wrong)]
    return "\n".join(lines)


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if name in _SECONDS else f"{value:.1%}"


def _failure(result: Result) -> str:
    given = " ".join(result.answer.text.split())[:300]
    wanted = " and ".join("/".join(group) for group in result.case.must_include)
    expected = wanted or ("an answer" if result.case.answerable else "a refusal")
    return (
        f"  {result.case.id}: {result.case.question}\n    expected {expected}\n    given    {given}"
    )
