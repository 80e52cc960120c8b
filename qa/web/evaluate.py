"""Evaluation in the page: a file of cases, a run, its metrics, what came of each case, and what is
different from an earlier run. Runs are kept in the folder `runs` of the home."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import streamlit as st

import qa
from qa.web import ASSETS, settings, strings
from qa.web.answer import day
from qa.web.strings import say

if TYPE_CHECKING:
    from qa.evaluation import Case, CaseFile, Comparison, Difference, Metric, Result, Run

RUNS = "runs"  # folder in the home
_JUDGED = "feedback.jsonl"
_FIRST = (  # metrics on cards; the others are in the chart only
    "right",
    "answer_inclusion",
    "citation_precision_document",
    "citation_precision_sentence",
    "retrieval_recall@5",
    "refusal_recall",
    "false_refusals",
    "latency_p50",
    "latency_p95",
    "tokens",
)


def page() -> None:
    """Draws the form, and a run."""
    from qa.evaluation import saved_runs

    st.html(ASSETS / "page.css")
    st.header(strings.EVALUATE, anchor=False)
    try:
        engine = settings.engine()
        empty = not engine.counts()[0]
    except qa.QAError as error:
        st.error(strings.NO_INDEX)
        st.text(str(error))
        return
    if empty:
        st.info(strings.NOTHING_TO_EVALUATE)
        return
    st.text(strings.CASES_WHAT)
    judged = _judged(engine.settings.home)
    with st.form("evaluate", width=720):
        use_judged = False
        if judged:
            kinds = [strings.OWN_FILE, say(strings.JUDGED_HERE, n=judged.count(b"\n"))]
            use_judged = st.radio(strings.CASES_FROM, kinds, horizontal=True) == kinds[1]
        given = st.file_uploader(strings.CASES_FILE, type=["jsonl"])
        most = st.number_input(strings.ASK_AT_MOST, min_value=1, max_value=10_000, value=200)
        if st.form_submit_button(strings.RUN_CASES):
            if use_judged:
                _run(engine, _JUDGED, judged, int(most))
            elif given:
                _run(engine, given.name, given.getvalue(), int(most))
            else:
                st.warning(strings.CHOOSE_FILE)
    if judged:
        st.download_button(strings.DOWNLOAD_JUDGED, judged, _JUDGED, on_click="ignore")
    if said := st.session_state.get("problems"):
        st.warning(say(strings.CASES_UNUSED, n=len(said)))
        st.text(qa.visible("\n".join(said[:50])))
    if runs := saved_runs(engine.settings.home / RUNS):
        _show_runs(runs)


def _judged(home: Path) -> bytes:
    """The cases that answers with a thumb make, as a file; empty when there are none."""
    from qa.evaluation import feedback_cases, to_jsonl

    try:
        return to_jsonl(feedback_cases(home)).encode()
    except qa.StoreError as error:
        st.warning(strings.JUDGED_UNREADABLE)
        st.text(str(error))
        return b""


def _run(engine: qa.Engine, name: str, data: bytes, most: int) -> None:
    from qa import evaluation

    bar = st.progress(0.0, strings.READING_CASES)

    def advance(now: qa.Progress) -> None:
        said = say(strings.CASES_DONE, done=now.done, total=now.total)
        bar.progress(now.done / max(1, now.total), said)

    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    try:
        file = evaluation.check_gold(_read(data), engine.documents())
        run = evaluation.run_cases(
            engine,
            file.cases[:most],
            engine.settings.home / RUNS / stamp,
            progress=advance,
            name=name,
        )
    except (qa.QAError, OSError) as error:
        bar.empty()
        st.error(strings.CASES_FAILED)
        st.text(str(error))
        return
    bar.empty()
    problems = [f"{case}: {error}" for case, error in run.failed] + list(map(str, file.problems))
    st.session_state["problems"] = problems
    st.session_state["run-shown"] = stamp
    st.session_state["run-before"] = ""


def _read(data: bytes) -> "CaseFile":
    from qa.evaluation import read_cases

    with TemporaryDirectory() as folder:
        path = Path(folder, "cases.jsonl")
        path.write_bytes(data)
        file = read_cases(path)
    if not file.cases:
        reasons = "; ".join(map(str, file.problems[:5]))
        raise qa.InputError(say(strings.NO_USABLE_CASE, reasons=reasons))
    return file


def _show_runs(runs: Mapping[Path, dict[str, Any]]) -> None:
    named = {path.name: path for path in runs}
    labels = dict(zip(named, distinct([_label(about) for about in runs.values()]), strict=True))
    _replace_gone("run-shown", named)
    with st.container(horizontal=True):
        shown = st.selectbox(
            strings.RUN, named, format_func=lambda name: labels[name], key="run-shown", width=420
        )
        others = ["", *(name for name in named if name != shown)]
        _replace_gone("run-before", others)
        before = st.selectbox(
            strings.COMPARE_WITH,
            others,
            format_func=lambda name: labels[name] if name else strings.NO_OTHER_RUN,
            key="run-before",
            width=420,
        )
    try:
        _show(named[shown], named[before] if before else None)
    except qa.QAError as error:
        st.error(strings.RUN_UNREADABLE)
        st.text(str(error))


def _replace_gone(key: str, options: Collection[str]) -> None:
    """Chooses the first option again when what was chosen is no longer there."""
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = next(iter(options))


def distinct(labels: Sequence[str]) -> list[str]:
    """Labels, newest first, with a number behind each that an earlier one equals, such as that of a
    run of the same second: to the browser the choices of a list are their labels, and a label that
    is shown must not become that of another run."""
    seen = Counter[str]()
    found = list[str]()
    for label_ in reversed(labels):
        seen[label_] += 1
        found.append(f"{label_} ({seen[label_]})" if seen[label_] > 1 else label_)
    return found[::-1]


def _label(about: Mapping[str, Any]) -> str:
    """When a run was made, of which file, and who answered."""
    begun = datetime.fromisoformat(about["begun"]).astimezone()
    quoting = about["model"].startswith("none")
    return qa.visible(
        say(
            strings.RUN_LABEL,
            day=day(begun),
            time=f"{begun:%H:%M:%S}",
            file=about["file"] or strings.RUN_OF_CASES,
            model=strings.RUN_QUOTING if quoting else about["model"],
        )
    )


@st.cache_resource(max_entries=4, show_spinner=strings.MEASURING)
def _measured(folder: Path, changed: float) -> tuple["Run", dict[str, Any]]:
    """A saved run and its measures, which take a second."""
    from qa.evaluation import read_run

    run = read_run(folder)
    return run, run.to_json()


@st.cache_resource(max_entries=4, show_spinner=strings.COMPARING)
def _compared(now: Path, before: Path, changed: tuple[float, float]) -> "Comparison":
    from qa.evaluation import compare

    return compare(_measured(now, changed[0])[0], _measured(before, changed[1])[0])


def _changed(folder: Path) -> float:
    results = folder / "results.jsonl"
    return results.stat().st_mtime if results.exists() else 0.0


def _show(folder: Path, before: Path | None) -> None:
    from qa.evaluation import to_html

    run, measured = _measured(folder, _changed(folder))
    if not run.results:
        st.info(strings.RUN_EMPTY)
        return
    st.subheader(say(strings.CASES_ASKED, n=len(run.results)), anchor=False)
    comparison = None
    if before:
        comparison = _compared(folder, before, (_changed(folder), _changed(before)))
    st.download_button(
        strings.DOWNLOAD_REPORT,
        lambda: to_html(run, comparison).encode(),
        "report.html",
        "text/html",
        on_click="ignore",
    )
    st.text(strings.INTERVALS)
    with st.container(horizontal=True, key="cards"):
        for metric, figure, interval in cards(measured):
            st.metric(
                label(metric),
                figure,
                interval,
                help=metric.formula,
                delta_color="off",
                delta_arrow="off",
                border=True,
                width=245,
            )
    was = _measured(before, _changed(before))[1] if before else None
    _show_chart(measured, was)
    if comparison:
        _show_comparison(comparison)
    _show_cases(run, comparison)


def cards(measured: Mapping[str, Any]) -> list[tuple["Metric", str, str]]:
    """Each of the first metrics that applies, its value, and its 95 % interval."""
    metrics = {metric.name: metric for metric, _ in _measures(measured)}
    return [
        (
            metrics[name],
            _figure(metrics[name], measured["metrics"][name]),
            _interval(
                [_figure(metrics[name], end) for end in measured["intervals"].get(name) or ()]
            ),
        )
        for name in _FIRST
        if name in metrics
    ]


def _measures(measured: Mapping[str, Any]) -> Iterator[tuple["Metric", float]]:
    """The metrics that apply, with their values."""
    from qa.evaluation import METRICS

    for metric in METRICS:
        if (value := measured["metrics"].get(metric.name)) is not None:
            yield metric, value


def _interval(ends: Sequence[str]) -> str:
    return say(strings.INTERVAL, low=ends[0], high=ends[1]) if ends else ""


def _valued(value: str, interval: str) -> str:
    return say(strings.VALUE_AND_INTERVAL, value=value, interval=interval) if interval else value


def label(metric: "Metric") -> str:
    """A metric's name at the head of a card or a row."""
    name = metric.label
    return name[:1].upper() + name[1:] if name[1:2].islower() else name


def chart_rows(measured: Mapping[str, Any], run: str) -> list[dict[str, Any]]:
    """The metrics that are shares, as rows for the chart; where an interval cannot be had, its ends
    are the value."""
    return [
        {
            "metric": label(metric),
            "run": run,
            "value": value,
            "low": ends[0],
            "high": ends[1],
            "said": _valued(f"{value:.1%}", _interval([f"{end:.1%}" for end in ends])),
        }
        for metric, value in _measures(measured)
        if metric.unit == "share"
        for ends in [measured["intervals"].get(metric.name) or (value, value)]
    ]


def _show_chart(measured: Mapping[str, Any], was: Mapping[str, Any] | None) -> None:
    import altair

    rows = chart_rows(measured, strings.THIS_RUN)
    if was:
        rows += chart_rows(was, strings.COMPARED_WITH)
    names = list(dict.fromkeys(row["metric"] for row in rows))
    y = altair.Y("metric:N", sort=names, title=None, axis=altair.Axis(labelLimit=220))
    x = altair.X(
        "value:Q",
        title=None,
        scale=altair.Scale(domain=[0, 1]),
        axis=altair.Axis(format=".0%", tickCount=5),
    )
    tooltip = [
        altair.Tooltip(f"{field}:N", title=title)
        for field, title in (
            ("metric", strings.METRIC),
            ("run", strings.RUN),
            ("said", strings.VALUE),
        )
    ]
    kinds = [strings.THIS_RUN, *([strings.COMPARED_WITH] if was else [])]
    legend = altair.Legend(orient="top", title=None) if was else None
    base = altair.Chart(altair.Data(values=rows)).encode(  # type: ignore[no-untyped-call]
        y=y,
        yOffset=altair.YOffset("run:N", sort=kinds),
        color=altair.Color("run:N", sort=kinds, legend=legend),
        tooltip=tooltip,
    )
    chart = (
        base.mark_rule(strokeWidth=2).encode(x=altair.X("low:Q", title=None), x2="high:Q")
        + base.mark_point(filled=True, size=70, opacity=1).encode(x=x)
    ).properties(height=(32 if was else 26) * len(names))
    st.altair_chart(chart, width="stretch", alt=strings.CHART)


def _show_comparison(comparison: "Comparison") -> None:
    changed = [d for d in comparison.differences if d.significant and d.metric.better]
    st.subheader(strings.DIFFERENT, anchor=False)
    mended, broken = len(comparison.mended), len(comparison.broken)
    st.text(say(strings.PAIRS, n=comparison.pairs, mended=mended, broken=broken))
    for worse, show, template in (
        (True, st.error, strings.WORSE),
        (False, st.success, strings.BETTER),
    ):
        some = [d for d in changed if d.regression == worse]
        metrics = [f"{label(d.metric)} {_difference(d)}" for d in some]
        if some:
            show(say(template, metrics="; ".join(metrics)))
    if not changed:
        st.text(strings.NO_DIFFERENCE)
    st.dataframe(
        [
            {
                strings.METRIC: label(d.metric),
                strings.BEFORE: _figure(d.metric, d.before),
                strings.NOW: _figure(d.metric, d.now),
                strings.DIFFERENCE: _difference(d),
                strings.SIGNIFICANT: d.significant,
            }
            for d in comparison.differences
        ],
        hide_index=True,
        alt=strings.DIFFERENCES,
    )


def _difference(difference: "Difference") -> str:
    def signed(value: float) -> str:
        return ("+" if value >= 0 else "\u2212") + _figure(difference.metric, abs(value))

    interval = _interval([signed(end) for end in difference.interval or ()])
    return _valued(signed(difference.now - difference.before), interval)


def _show_cases(run: "Run", comparison: "Comparison | None") -> None:
    st.subheader(strings.CASES, anchor=False)
    only = st.toggle(strings.ONLY_WRONG)
    turned = {now.case.id: (was, now) for was, now in (comparison.broken if comparison else ())}
    turned |= {now.case.id: (was, now) for was, now in (comparison.mended if comparison else ())}
    changes = bool(turned) and st.toggle(strings.ONLY_DIFFERENT)
    st.dataframe(
        [
            _case_row(result, turned.get(result.case.id) if comparison else None, bool(turned))
            for result in run.results
            if not (only and result.right) and (not changes or result.case.id in turned)
        ],
        hide_index=True,
        row_height=104,  # five lines of an answer
        column_config={
            strings.CASE_QUESTION: st.column_config.TextColumn(width="medium"),
            strings.CASE_EXPECTED: st.column_config.TextColumn(width="medium"),
            strings.CASE_GIVEN: st.column_config.TextColumn(width="large"),
            strings.CASE_BEFORE: st.column_config.TextColumn(width="large"),
            strings.CASE_WHY: st.column_config.TextColumn(width="medium"),
        },
        alt=strings.CASES_TABLE,
    )


def _case_row(
    result: "Result", turned: "tuple[Result, Result] | None", compared: bool
) -> dict[str, object]:
    from qa.evaluation import why

    row: dict[str, object] = {
        strings.CASE_RIGHT: result.right,
        strings.CASE_QUESTION: qa.visible(result.case.question),
        strings.CASE_EXPECTED: expected(result.case),
        strings.CASE_GIVEN: qa.visible(result.answer.text),
    }
    if compared:
        row[strings.CASE_BEFORE] = qa.visible(turned[0].answer.text) if turned else ""
    row[strings.CASE_WHY] = "" if result.right else qa.visible(": ".join(why(result)))
    return row | {strings.CASE_SECONDS: round(result.seconds, 2)}


def expected(case: "Case") -> str:
    """What a right answer holds, in words."""
    if not case.answerable:
        return strings.A_REFUSAL
    return "; ".join(strings.OR.join(group) for group in case.groups)


def _figure(metric: "Metric", value: float) -> str:
    if metric.unit == "seconds":
        return say(strings.IN_SECONDS, seconds=f"{value:.2f}")
    if metric.unit == "price":
        return f"{value:.2g}"
    return f"{value:,.0f}" if metric.unit == "tokens" else f"{value:.0%}"
