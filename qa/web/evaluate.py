"""Evaluation in the page: a file of cases, a run, its metrics and what came of each case."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st

import qa
from qa.web import ASSETS, settings
from qa.web.sidebar import count

if TYPE_CHECKING:
    from qa.evaluation import Case, CaseFile, Run


def page() -> None:
    """Draws the form, and the newest run of this session."""
    st.html(ASSETS / "page.css")
    st.header("Evaluate", anchor=False)
    try:
        engine = settings.engine()
        empty = not engine.counts()[0]
    except qa.QAError as error:
        st.error("The index cannot be opened.")
        st.text(str(error))
        return
    if empty:
        st.info("There is nothing to ask yet: add documents in the Library first.")
        return
    st.text("A file of cases says what is asked and what a right answer holds, one JSON a line.")
    with st.form("evaluate", width=720):
        given = st.file_uploader("File of cases", type=["jsonl"])
        most = st.number_input("Ask at most", min_value=1, max_value=10_000, value=200)
        if st.form_submit_button("Run") and given:
            _run(engine, given.name, given.getvalue(), int(most))
    if "run" in st.session_state:
        _show(st.session_state["run"], st.session_state["problems"])


def _run(engine: qa.Engine, name: str, data: bytes, most: int) -> None:
    from qa import evaluation

    bar = st.progress(0.0, "Reading the cases")

    def advance(now: qa.Progress) -> None:
        bar.progress(now.done / max(1, now.total), f"{now.done} of {now.total} cases")

    try:
        file = evaluation.check_gold(_read(data), engine.documents())
        run = evaluation.run_cases(engine, file.cases[:most], progress=advance, name=name)
    except qa.QAError as error:
        bar.empty()
        st.error("The cases could not be run.")
        st.text(str(error))
        return
    bar.empty()
    st.session_state["run"] = run
    st.session_state["problems"] = [str(problem) for problem in file.problems]


def _read(data: bytes) -> "CaseFile":
    from qa.evaluation import read_cases

    with TemporaryDirectory() as folder:
        path = Path(folder, "cases.jsonl")
        path.write_bytes(data)
        file = read_cases(path)
    if not file.cases:
        reasons = "; ".join(map(str, file.problems[:5]))
        raise qa.InputError(f"no case in the file can be used: {reasons}")
    return file


def _show(run: "Run", problems: list[str]) -> None:
    wrong = [f"{name}: {error}" for name, error in run.failed] + problems
    if wrong:
        st.warning(f"{count(len(wrong), 'case')} could not be asked or used:")
        st.text("\n".join(wrong[:50]))
    from qa.evaluation import to_html

    st.subheader(f"{count(len(run.results), 'case')} asked", anchor=False)
    st.download_button(
        "Download the report", to_html(run), "report.html", "text/html", on_click="ignore"
    )
    st.text("Each value stands over its 95 % interval.")
    with st.container(horizontal=True):
        for label, figure, interval in cards(run):
            st.metric(
                label,
                figure,
                interval,
                delta_color="off",
                delta_arrow="off",
                border=True,
                width=230,
            )
    st.subheader("Cases", anchor=False)
    only = st.toggle("Only what went wrong")
    st.dataframe(
        [
            {
                "Right": r.right,
                "Question": qa.visible(r.case.question),
                "Expected": expected(r.case),
                "Given": qa.visible(r.answer.text),
                "Seconds": round(r.seconds, 2),
            }
            for r in run.results
            if not (only and r.right)
        ],
        hide_index=True,
        alt="The cases, with what was expected and what was given",
    )


def cards(run: "Run") -> list[tuple[str, str, str]]:
    """Each metric that applies: its name, its value, and its 95 % interval."""
    measured = run.to_json()
    return [
        (
            name.replace("_", " ").capitalize(),
            _figure(name, value),
            " to ".join(_figure(name, end) for end in measured["intervals"].get(name, ())),
        )
        for name, value in measured["metrics"].items()
        if value is not None
    ]


def expected(case: "Case") -> str:
    """What a right answer holds, in words."""
    if not case.answerable:
        return "a refusal"
    return "; ".join(" or ".join(group) for group in case.groups)


def _figure(name: str, value: float) -> str:
    if name.startswith("latency"):
        return f"{value:.2f} s"
    return f"{value:,.0f}" if name == "tokens" else f"{value:.0%}"
