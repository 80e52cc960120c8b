"""The commands `qa eval` and `qa cases`. What a command needs is imported when it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qa.errors import InputError
from qa.opening import AsJson, Home, Model, opened, settings_of
from qa.terminal import Command, Defaulted, progress, show, show_json

if TYPE_CHECKING:
    from qa.engine import Engine
    from qa.evaluation import Case, CaseFile, Comparison, Gate, Run
    from qa.models import ChatModel

evaluating = typer.Typer(
    cls=Defaulted, no_args_is_help=True, help="Measure answers, sources and refusals on cases."
)
cases = typer.Typer(no_args_is_help=True, help="Write, check and convert cases.")

Cases = Annotated[Path, typer.Argument(metavar="CASES", help="JSONL file of cases.")]
Folder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
Baseline = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="Compare with this run; a significant regression fails."),
]
Bounds = Annotated[
    str,
    typer.Option(
        "--gate",
        metavar="METRIC>=VALUE,...",
        help="Fail unless these hold; METRIC:TAG is of the cases with a tag.",
    ),
]
Written = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Default: print it.")]
Format = Annotated[
    str,
    typer.Option("--format", help="CASES is a public set: squad, clapnq, jsonl, beir or mtrag."),
]

Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Append to this file; default: print.")
]


def _print_schema(wanted: bool) -> None:
    if wanted:
        from qa.evaluation import schema

        show_json(schema())
        raise typer.Exit


@evaluating.command("run", cls=Command, hidden=True)
def run_command(
    cases: Cases,
    model: Model = None,
    save: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Keep the run in this folder.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the saved run.")] = False,
    baseline: Baseline = None,
    gate: Bounds = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first cases.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Cases asked at once.")] = 1,
    form: Format = "",
    schema: Annotated[
        bool,
        typer.Option(
            "--schema",
            help="Print the JSON Schema of a case.",
            callback=_print_schema,
            is_eager=True,
        ),
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Measure answers, sources and refusals on test cases.

    Exits with 1 when a case cannot be used or asked, a gate fails, or a metric is significantly
    worse than in the baseline.
    """
    from qa import evaluation

    if resume and not save:
        raise InputError("--resume needs the run to go on with: add --save RUN")
    bounds = evaluation.gates(gate) if gate else []
    with _asked(cases, form, home, save, model) as (engine, file):
        file = evaluation.check_gold(file, engine.documents())
        _show_problems(file)
        if not file.cases:
            raise InputError(f"{cases} holds no usable case: mend the lines above")
        before = evaluation.read_run(baseline, file.cases) if baseline else None
        with progress(True) as advance:
            run = evaluation.run_cases(
                engine,
                file.cases[:limit],
                save,
                resume=resume,
                workers=workers,
                progress=advance,
                name=cases.name,
            )
    _judge(run, before, bounds, file, as_json)


@evaluating.command(cls=Command)
def score(
    folder: Folder,
    cases: Annotated[
        Path | None, typer.Option(metavar="CASES", help="Expectations to score by instead.")
    ] = None,
    baseline: Baseline = None,
    gate: Bounds = "",
    judge: Annotated[bool, typer.Option("--judge", help="Have a model grade the answers.")] = False,
    model: Model = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Answers graded at once.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Measure a saved run again, without asking again.

    With --judge a configured model grades each answer too, once; how far it agrees with the exact
    metrics is shown.
    """
    from qa import evaluation

    if judge:
        grader = _grader(model)
        with progress(True) as advance:
            evaluation.judge_run(folder, grader, workers=workers, progress=advance)
    file = evaluation.read_cases(cases or folder / "cases.jsonl")
    _show_problems(file)
    run = evaluation.read_run(folder, file.cases)
    before = evaluation.read_run(baseline, file.cases) if baseline else None
    _judge(run, before, evaluation.gates(gate) if gate else [], file, as_json)


@evaluating.command(cls=Command)
def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="Folder of a run.")],
    now: Annotated[Path, typer.Argument(metavar="NOW", help="Folder of a newer run.")],
    as_json: AsJson = False,
) -> None:
    """Show what changed between two runs; exits with 1 when a metric is significantly worse."""
    from qa import evaluation

    comparison = evaluation.compare(evaluation.read_run(now), evaluation.read_run(before))
    if as_json:
        show_json(comparison.to_json())
    else:
        show(evaluation.compared(comparison))
    if comparison.regressions:
        raise typer.Exit(1)


@evaluating.command(cls=Command)
def report(
    folder: Folder,
    baseline: Baseline = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default RUN/report.html.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a saved run as one HTML page that needs nothing else."""
    from qa import evaluation

    run = evaluation.read_run(folder)
    cases = [result.case for result in run.results]
    before = evaluation.read_run(baseline, cases) if baseline else None
    comparison = evaluation.compare(run, before) if before else None
    path = out or folder / "report.html"
    path.write_text(evaluation.to_html(run, comparison), "utf-8")
    if as_json:
        show_json({"report": str(path)})
    else:
        show(f"The report is {path}")


@evaluating.command(cls=Command)
def export(
    folder: Folder,
    to: Annotated[str, typer.Option("--to", help="ragas, inspect or squad.")],
    out: Written = None,
    as_json: AsJson = False,
) -> None:
    """Write a saved run in the format of ragas or inspect_ai, or as predictions for SQuAD's
    evaluation script."""
    from qa import evaluation

    run = evaluation.read_run(folder)
    _write_samples(evaluation.export(run, to), len(run.results), out, as_json)


def _grader(name: str | None) -> "ChatModel":
    """The configured model. Raises InputError when there is none."""
    settings = settings_of(None, name)
    if settings.gguf:
        from qa.models.gguf import GGUF, fitted

        return GGUF.configured(fitted(settings))
    if not settings.generates:
        raise InputError("--judge needs a model: set OPENAI_API_KEY or OPENAI_BASE_URL")
    from qa.models.openai_compatible import OpenAICompatible

    return OpenAICompatible.configured(settings)


def _write_samples(text: str, count: int, out: Path | None, as_json: bool) -> None:
    if out is None:
        show(text, end="")
        return
    out.write_text(text, "utf-8")
    if as_json:
        show_json({"file": str(out), "samples": count})
    else:
        show(f"{out}: {count} samples")


@contextmanager
def _asked(
    path: Path, form: str, home: Path | None, save: Path | None, model: str | None
) -> Iterator[tuple["Engine", "CaseFile"]]:
    """The engine to ask and the cases to ask it."""
    from qa.evaluation import read_cases

    if not form:
        file = read_cases(path)
        with opened(home, model, filled=True) as engine:
            yield engine, file
        return
    from qa.evaluation import convert

    with TemporaryDirectory() as temporary:
        place = home or (save / "home" if save else Path(temporary))
        converted = convert(path, form)
        converted.write(place)
        with opened(place, model) as engine:
            with progress(True) as advance:
                engine.index(place / "documents.jsonl", progress=advance)
            yield engine, read_cases(place / "cases.jsonl")


def _judge(
    run: "Run", before: "Run | None", bounds: "list[Gate]", file: "CaseFile", as_json: bool
) -> None:
    """Prints the run, what changed, and what failed, and exits with 1 when something did."""
    from qa import evaluation

    comparison = evaluation.compare(run, before) if before else None
    failures = [failure for bound in bounds if (failure := bound.failure(run))]
    if comparison:
        failures += [_regression(comparison, d.metric.name) for d in comparison.regressions]
        known = {case.id for case in file.cases}
        for name in comparison.unmatched:
            if before and name in known and name in {r.case.id for r in run.results}:
                show(
                    f"line {file.lines[name]}: {name!r} is not in the baseline, or asks something "
                    "else there; it is measured but not compared: accept a new baseline",
                    err=True,
                )
    if as_json:
        found: dict[str, Any] = run.to_json() | {"failures": failures}
        found["problems"] = [str(problem) for problem in file.problems]
        show_json(found | ({"comparison": comparison.to_json()} if comparison else {}))
    else:
        show(evaluation.to_text(run))
        if comparison:
            show("\nCompared with the baseline: " + evaluation.compared(comparison))
    for failure in failures:
        show(f"failed: {failure}", err=True)
    if failures or file.problems or run.failed:
        raise typer.Exit(1)


def _regression(comparison: "Comparison", name: str) -> str:
    (change,) = (d for d in comparison.differences if d.metric.name == name)
    return f"{name} is significantly worse than in the baseline: {change}"


def _show_problems(file: "CaseFile") -> None:
    for problem in file.problems:
        show(f"{file.path}, {problem}", err=True)


# --- cases ----------------------------------------------------------------------------------


@cases.command(cls=Command)
def check(path: Cases, home: Home = None, as_json: AsJson = False) -> None:
    """Name what is wrong in a case file, with every gold quotation looked up in the index."""
    from qa.evaluation import check_gold, read_cases

    file = read_cases(path)
    with opened(home, filled=True) as engine:
        file = check_gold(file, engine.documents())
    _show_problems(file)
    if as_json:
        show_json({"cases": len(file.cases), "problems": [str(p) for p in file.problems]})
    else:
        drafts = sum("draft" in case.tags for case in file.cases)
        still = f", {drafts} of them still drafts" if drafts else ""
        show(f"{len(file.cases)} cases can be used{still}; {len(file.problems)} problems")
    if file.problems:
        raise typer.Exit(1)


@cases.command("export", cls=Command)
def export_command(
    path: Cases,
    to: Annotated[str, typer.Option("--to", help="ragas or inspect.")],
    out: Written = None,
    as_json: AsJson = False,
) -> None:
    """Write cases in the format of ragas or inspect_ai, to be answered there."""
    from qa import evaluation

    file = evaluation.read_cases(path)
    _show_problems(file)
    _write_samples(evaluation.export_cases(file.cases, to), len(file.cases), out, as_json)
    if file.problems:
        raise typer.Exit(1)


@cases.command(cls=Command)
def new(
    document: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="File name or id of an indexed document.")
    ],
    most: Annotated[int, typer.Option(min=1, max=50, help="Cases to draft.")] = 5,
    out: Out = None,
    model: Model = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Draft cases about a document, for you to edit.

    A configured model writes questions; without one, sentences that tell a number or date are
    proposed. Each draft is tagged "draft": take the tag out when the case is right.
    """
    from qa import evaluation

    with opened(home, model, filled=True) as engine:
        every = engine.documents()
        named = [d for d in every if document in (d.id, d.source) or _is_called(d.source, document)]
        if len(named) != 1:
            names = ", ".join(d.source for d in (named or every)[:5])
            reason = "names several documents" if named else "is not in the index"
            raise InputError(f"{document!r} {reason}: give one such as {names}")
        drafts = evaluation.draft(named[0], most, engine.model)
    if not drafts:
        raise InputError(f"{document} has no sentence to draft from: write the case by hand")
    _give(drafts, out, as_json)


@cases.command(cls=Command)
def feedback(
    out: Out = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Draft a case of each answer that was judged with a thumb on the page, for you to edit.

    Each draft is tagged "draft" and "feedback", and its note is the reason that was given.
    """
    from qa import evaluation

    place = settings_of(home).home
    drafts = evaluation.feedback_cases(place)
    if not drafts:
        raise InputError(f"nobody has judged an answer in {place}: give it a thumb in `qa chat`")
    _give(drafts, out, as_json)


@cases.command("convert", cls=Command)
def convert_command(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="File of a public set.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write.")],
    form: Annotated[str, typer.Option("--format", help="squad, clapnq, jsonl, beir or mtrag.")],
    as_json: AsJson = False,
) -> None:
    """Turn a public set into documents.jsonl, to index, and cases.jsonl, to evaluate."""
    from qa.evaluation import convert

    converted = convert(path, form)
    converted.write(folder)
    counts = {"documents": len(converted.documents), "cases": len(converted.cases)}
    if as_json:
        show_json(counts | {"folder": str(folder)})
    else:
        show(f"{folder}: {counts['documents']} documents, {counts['cases']} cases")


def _give(drafts: "list[Case]", out: Path | None, as_json: bool) -> None:
    from qa.evaluation import to_jsonl

    if as_json:
        show_json([case.to_json() for case in drafts])
    elif out is None:
        show(to_jsonl(drafts), end="")
    else:
        with out.open("a", encoding="utf-8") as file:
            file.write(to_jsonl(drafts))
        show(f"{out}: {len(drafts)} drafts; edit them, then `qa cases check {out}`")


def _is_called(source: str, name: str) -> bool:
    return source.endswith(f"/{name}")
