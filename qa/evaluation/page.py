"""A run as one self-contained HTML page: no script, no remote asset, light and dark, wide and
narrow. Text of cases and documents is escaped and never markup."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from qa.evaluation import charts, metrics
from qa.evaluation.cases import flatten
from qa.evaluation.comparison import AURC, Comparison, Difference, figure
from qa.evaluation.judging import agreement
from qa.evaluation.report import EXACT, agreed, expected, given, shown, signed, why
from qa.evaluation.results import Result
from qa.evaluation.runner import Run
from qa.evaluation.scores import BY_NAME, METRICS, Metric, holds, refusal_curve
from qa.types import Evidence

STAGES = {
    "search": "the gold passage was not found",
    "selection": "found, but not among the evidence",
    "choice": "in the evidence, but another sentence was given",
    "words": "the gold sentence was given, but words are missing",
    "refusal": "refused, though the documents hold the answer",
    "rashness": "answered, though the documents do not hold it",
}
_GROUPS = (
    ("Answers", ("right", "answer_inclusion", "answer_f1", "answer_em", "followup_success")),
    ("Refusals", ("refusal_recall", "refusal_precision", "false_refusals")),
    ("Citations", tuple(name for name in BY_NAME if name.startswith(("citation", "gold")))),
    ("Checks", ("supported", "verdict_accuracy")),
    ("Disagreement", ("conflict_recall", "false_conflicts")),
    ("A model as judge", ("judged_correctness", "judged_faithfulness")),
    ("Retrieval", tuple(name for name in BY_NAME if name.startswith("retrieval"))),
    ("Cost", ("latency_p50", "latency_p95", "tokens", "cost")),
)


def to_html(run: Run, comparison: Comparison | None = None, wrong: int | None = None) -> str:
    """The page: what holds, what broke and whether a difference is real; then every case that
    went wrong, or the first `wrong` of them."""
    bad = [result for result in run.results if not result.right]
    style = (Path(__file__).parent / "report.css").read_text("utf-8")
    parts = [
        _head(run, bad, comparison is not None),
        _compared(comparison) if comparison else "",
        _metrics(run),
        _tags(run),
        _charts(run, bad),
        _failures(bad, wrong),
        _disputed(run),
        _cases(run),
        _conditions(run),
        _glossary(run),
    ]
    name = escape(str(run.about.get("file") or "cases"))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Evaluation of {name}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, parts))
        + "\n</main>\n</body>\n</html>\n"
    )


def _head(run: Run, bad: Sequence[Result], compared: bool) -> str:
    about = run.about
    begun = about.get("begun")
    day = datetime.fromisoformat(begun).strftime("%-d %B %Y, %H:%M UTC") if begun else ""
    meta = [f"model: {run.model}", day, f"qa {about['qa']}" if "qa" in about else ""]
    links = [("compared", "Baseline")] if compared else []
    links += [("metrics", "Metrics"), ("tags", "Kinds of question"), ("charts", "Charts")]
    links += [("wrong", f"Wrong answers ({len(bad)})")] if bad else []
    links += [("disputed", "The judge disagrees")] if _disputed(run) else []
    links += [("cases", "All cases"), ("conditions", "Conditions"), ("glossary", "Definitions")]
    nav = "".join(f'<a href="#{place}">{title}</a>' for place, title in links)
    failed = "".join(
        f'<p class="bad">{escape(name)} could not be asked: {escape(reason)}</p>'
        for name, reason in run.failed
    )
    return (
        f"<header><h1>Evaluation of {escape(str(about.get('file') or 'cases'))}</h1>"
        f'<p class="meta">{escape(" · ".join(filter(None, meta)))}</p>'
        f'<p class="lead">{_lead(run, len(run.results) - len(bad))}</p>{failed}'
        f"<nav>{nav}</nav></header>"
    )


def _lead(run: Run, right: int) -> str:
    summary = run.summary()
    interval = BY_NAME["right"].interval([result.right for result in run.results])
    said = [f"<strong>{right} of {len(run.results)} answers are right</strong>"]
    if interval:
        said[0] += f" ({_between(BY_NAME['right'], interval)} with 95% confidence)."
    for name, words in (
        ("refusal_recall", "of the questions that the documents do not answer are refused"),
        ("false_refusals", "of those that they do answer are refused by mistake"),
        ("citation_precision_passage", "of the citations lead to a passage that holds the answer"),
    ):
        value = summary[name]
        if value is not None:
            said.append(f"{shown(BY_NAME[name], value)} {words}.")
    return " ".join(said)


def _metrics(run: Run) -> str:
    rows = list[str]()
    for group, names in _GROUPS:
        found = [row for name in names if (row := _row(BY_NAME[name], run.results))]
        if group == "Refusals" and (area := figure(run, AURC)) is not None:
            found.append(
                '<tr><th>area under risk-coverage <span class="soft">(less is better)</span></th>'
                f'<td class="figure">{area:.3f}</td><td class="strip"></td>'
                '<td class="figure between"></td><td class="figure"></td></tr>'
            )
        if found:
            rows += [f'<tr class="group"><th colspan="5">{group}</th></tr>', *found]
    return _table("metrics", "Metrics", _judge(run), rows)


def _judge(run: Run) -> str:
    """How far a model that judged agrees with the exact metrics."""
    names = sorted({r.judgement.judge for r in run.results if r.judgement})
    said = "".join(
        f" {BY_NAME[name].label.capitalize()} beside {EXACT[name]}: {agreed(*figures)}."
        for name, figures in agreement(run.results).items()
    )
    return f"<p>Judge: {escape(', '.join(names))}.{escape(said)}</p>" if said else ""


def _tags(run: Run) -> str:
    rows = [_row(BY_NAME["right"], run.tagged(tag).results, tag) or "" for tag in run.tags]
    note = "<p class='soft'>Share of right answers. A kind with few cases has a wide interval.</p>"
    return _table("tags", "Kinds of question", note, rows) if rows else ""


def _table(place: str, title: str, note: str, rows: Iterable[str]) -> str:
    head = (
        '<tr><th></th><th class="figure">value</th>'
        '<th class="strip"><span>0</span><span>100%</span></th>'
        '<th class="figure between">95% interval</th><th class="figure">cases</th></tr>'
    )
    return (
        f'<section id="{place}"><h2>{title}</h2>{note}<table><thead>{head}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table></section>"
    )


def _row(metric: Metric, results: Sequence[Result], title: str = "") -> str | None:
    values = [metric.score(result) for result in results]
    value, interval = metric.pooled(values), metric.interval(values)
    if value is None:
        return None
    strip = charts.strip(value, interval) if metric.unit == "share" else ""
    n = sum(one is not None for one in values)
    less = ' <span class="soft">(less is better)</span>' if metric.better < 0 else ""
    return (
        f"<tr><th>{escape(title or metric.label)}{less}</th>"
        f'<td class="figure">{shown(metric, value)}<small>{_between(metric, interval)}</small></td>'
        f'<td class="strip">{strip}</td>'
        f'<td class="figure between">{_between(metric, interval)}</td>'
        f'<td class="figure">{n}</td></tr>'
    )


def _charts(run: Run, bad: Sequence[Result]) -> str:
    figures = list[str]()
    if bad:
        counts = Counter(why(result)[0] for result in bad)
        bars = [(STAGES[stage], counts[stage]) for stage in STAGES if counts[stage]]
        figures.append(
            _figure("Where wrong answers went wrong", "cases by stage", charts.bars(bars))
        )
    if points := refusal_curve(run.results):
        curve = charts.curve(points)
        under = "share of wrong answers, when only the surest are given"
        figures.append(_figure("Risk and coverage", under, curve))
    seconds = [result.seconds for result in run.results]
    if len(seconds) > 1:
        workers = run.about.get("workers", 1)
        beside = f", {workers} asked at once" if workers != 1 else ""
        under = f"milliseconds, number of answers{beside}"
        figures.append(_figure("Time to answer", under, charts.histogram(seconds)))
    if not figures:
        return ""
    drawn = "".join(figures)
    return f'<section id="charts"><h2>Charts</h2><div class="charts">{drawn}</div></section>'


def _figure(title: str, under: str, svg: str) -> str:
    return f"<figure><figcaption>{title}<span>{under}</span></figcaption>{svg}</figure>"


# --- comparison -----------------------------------------------------------------------------


def _compared(comparison: Comparison) -> str:
    worse = [difference.metric.label for difference in comparison.regressions]
    lead = (
        f'<span class="bad">Significantly worse: {escape("; ".join(worse))}.</span>'
        if worse
        else '<span class="good">Nothing is significantly worse.</span>'
    )
    measured = [d for d in comparison.differences if d.metric.unit == "share"]
    rows = [_difference(d) for d in measured if d.now != d.before]
    alike = [d.metric.label for d in measured if d.now == d.before]
    head = (
        '<tr><th></th><th class="figure">before</th><th class="figure">now</th>'
        '<th class="strip"><span>&minus;25%</span><span>+25%</span></th>'
        '<th class="figure between">difference, 95% interval</th></tr>'
    )
    changed = "".join(
        f"<h3>{title} ({len(pairs)})</h3>"
        + "".join(
            f"<p><code>{escape(is_.case.id)}</code> {escape(is_.case.question)}<br>"
            f'<span class="soft"><b>before</b> {escape(_short(was))}<br>'
            f"<b>now</b> {escape(_short(is_))}</span></p>"
            for was, is_ in pairs
        )
        for title, pairs in (("Broken", comparison.broken), ("Mended", comparison.mended))
        if pairs
    )
    return (
        f'<section id="compared"><h2>Compared with the baseline</h2><p>{lead} '
        f"{comparison.pairs} cases are in both runs; {len(comparison.broken)} went from right to "
        f"wrong and {len(comparison.mended)} from wrong to right.</p>"
        + (f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>" if rows else "")
        + (f"<p class='soft'>The same in both: {escape('; '.join(alike))}.</p>" if alike else "")
        + f"{changed}</section>"
    )


def _difference(difference: Difference) -> str:
    metric, by = difference.metric, difference.now - difference.before
    kind = "worse" if difference.regression else "better" if difference.significant else ""
    ends = difference.interval
    between = " to ".join(signed(metric, end) for end in ends) if ends else ""
    return (
        f'<tr class="{kind}"><th>{metric.label}</th>'
        f'<td class="figure">{shown(metric, difference.before)}</td>'
        f'<td class="figure">{shown(metric, difference.now)}'
        f'<small class="by">{signed(metric, by)} <i>({between})</i></small></td>'
        f'<td class="strip">{charts.change(by, ends)}</td>'
        f'<td class="figure between by">{signed(metric, by)} <i>({between})</i></td></tr>'
    )


# --- cases ----------------------------------------------------------------------------------


def _failures(bad: Sequence[Result], wrong: int | None) -> str:
    if not bad:
        return ""
    some = list(map(_failure, bad[:wrong]))
    rest = f"<p class='soft'>and {len(bad) - len(some)} more</p>" if len(some) < len(bad) else ""
    return f'<section id="wrong"><h2>Wrong answers ({len(bad)})</h2>{"".join(some)}{rest}</section>'


def _disputed(run: Run) -> str:
    """The answers that are right by what they hold and not to the judge, and the other way."""
    rows = [
        f"<p><code>{escape(r.case.id)}</code> {escape(r.case.question)}<br>"
        f'<span class="soft"><b>given</b> {escape(_short(r))}<br>'
        f"<b>{'right' if r.right else 'wrong'}</b> by what it holds, "
        f"<b>{'correct' if r.judgement.correct else 'not correct'}</b> to the judge: "
        f"{escape(' '.join(r.judgement.reasons[:1]))}</span></p>"
        for r in run.results
        if r.judgement and r.judgement.correct not in (None, r.right)
    ]
    if not rows:
        return ""
    return (
        '<section id="disputed"><h2>The judge disagrees</h2><details><summary>'
        f"{len(rows)} answers that it grades otherwise than the exact metric</summary>"
        f"{''.join(rows)}</details></section>"
    )


def _failure(result: Result) -> str:
    case, answer = result.case, result.answer
    history = "".join(
        f'<p class="turn">{escape(question)}<br>{escape(said)}</p>'
        for question, said in case.history
    )
    tags = "".join(f'<span class="tag">{escape(tag)}</span>' for tag in case.tags)
    gold = "".join(
        f"<blockquote>{escape(g.quote) or '(the whole document)'}"
        f"<footer>{escape(g.document)}</footer></blockquote>"
        for g in case.gold
    )
    said = "".join(
        f"<blockquote>{escape(s.text)}<footer>"
        + escape(
            "; ".join([s.verdict, *s.reasons, *dict.fromkeys(_name(c.source) for c in s.citations)])
        )
        + "</footer></blockquote>"
        for s in answer.statements
    )
    said += "".join(f'<p class="soft">{escape(str(one))}</p>' for one in answer.conflicts)
    evidence = "".join(_evidence(entry, result) for entry in answer.evidence)
    return (
        f'<article class="case" id="case-{escape(case.id)}"><p class="meta">'
        f"<code>{escape(case.id)}</code> {tags}</p>{history}<h3>{escape(case.question)}</h3>"
        f'<p class="why"><strong>Why:</strong> {escape(why(result)[1])}.</p>'
        f'<div class="sides"><div><h4>Expected</h4><p>{escape(expected(result))}</p>{gold}</div>'
        f"<div><h4>Given</h4>{said or f'<p>{escape(given(result))}</p>'}</div></div>"
        f"<details><summary>Evidence: {len(answer.evidence)} passages for "
        f"“{escape(answer.query)}”</summary>{evidence}</details></article>"
    )


def _evidence(entry: Evidence, result: Result) -> str:
    """A passage, what was quoted from it marked, and whether it holds gold."""
    passage = entry.hit.passage
    here = [c for c in result.answer.citations if c.number == entry.number]
    text, at = "", passage.start
    for citation in sorted(here, key=lambda c: c.start):
        if citation.start < at:
            continue
        text += escape(passage.text[at - passage.start : citation.start - passage.start])
        at = citation.end
        text += f"<mark>{escape(citation.quote)}</mark>"
    text += escape(passage.text[at - passage.start :])
    gold = any(holds(entry.hit, g) for g in result.case.gold)
    note = ' · <strong class="good">holds gold</strong>' if gold else ""
    day = f", {passage.published}" if passage.published else ""
    return (
        f"<blockquote>{text}<footer>[{entry.number}] {escape(passage.title)}{day} · "
        f"{escape(_name(passage.source))} · score {entry.hit.score:.2f}{note}</footer></blockquote>"
    )


def _cases(run: Run) -> str:
    rows = "".join(
        f"<tr><td>{'<span class=good>right</span>' if r.right else '<span class=bad>wrong</span>'}"
        f'</td><td>{escape(r.case.question)}<br><span class="soft">{escape(_short(r))}</span>'
        f'<p class="soft small"><code>{escape(r.case.id)}</code> · {r.seconds * 1000:.0f} ms</p>'
        "</td></tr>"
        for r in run.results
    )
    return (
        f'<section id="cases"><h2>All cases</h2><details><summary>{len(run.results)} questions '
        f"with their answers</summary><table><tbody>{rows}</tbody></table></details></section>"
    )


def _conditions(run: Run) -> str:
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(_plain(value))}</td></tr>"
        for name, value in run.about.items()
        if name != "format"
    )
    return (
        '<section id="conditions"><h2>Conditions</h2><table><tbody>'
        f"{rows}</tbody></table></section>"
    )


def _plain(value: Any) -> str:
    """A condition in words; what is not set is left out."""
    if not isinstance(value, dict):
        return str(value)
    said = {
        name: "no" if one is False else "yes" if one is True else one for name, one in value.items()
    }
    return ", ".join(
        f"{name.replace('_', ' ')} {one}" for name, one in said.items() if one not in ("", None)
    )


def _glossary(run: Run) -> str:
    labels = dict[tuple[str, str], list[str]]()
    for metric in METRICS:
        if any(metric.score(result) is not None for result in run.results):
            labels.setdefault((metric.formula, metric.source), []).append(metric.label)
    rows = "".join(
        f"<tr><th>{escape(', '.join(same))}</th><td>{escape(formula)}. "
        f'<span class="soft">{escape(source)}</span></td></tr>'
        for (formula, source), same in labels.items()
    )
    return (
        '<section id="glossary"><h2>Definitions</h2><p>Each figure is a mean over the cases it '
        "applies to, unless it says otherwise. Intervals are bootstrap percentile intervals over "
        f"{metrics.RESAMPLES:,} resamples of the cases with a fixed seed; differences between runs "
        "resample the same cases in both.</p>"
        f"<table><tbody>{rows}</tbody></table></section>"
    )


def _short(result: Result, most: int = 240) -> str:
    text = flatten(given(result))
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"


def _between(metric: Metric, interval: metrics.Interval | None) -> str:
    return " to ".join(shown(metric, end) for end in interval) if interval else ""


def _name(source: str) -> str:
    return source.rsplit("/", 1)[-1] if "://" not in source else source
