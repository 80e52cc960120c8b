"""The `qa` command. What a command needs is imported when it runs."""

import errno
import os
import socket
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

import qa
from qa import dossier, eval_cli
from qa.errors import InputError
from qa.opening import AsJson, Home, Model, opened, settings_of
from qa.terminal import (
    Command,
    progress,
    show,
    show_as_written,
    show_json,
    stoppable,
    whole,
)
from qa.types import Evidence, Filters, Hit, evidence_json

SNIPPET = 300  # characters of a passage that `qa search` shows
MOST_HITS = 1_000

Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only documents from this day on."),
]
Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only documents up to this day."),
]
Source = Annotated[
    list[str] | None,
    typer.Option(help="Only documents of this file, folder or URL; may be given again."),
]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Answers from your documents, each sentence cited and checked.",
)
app.add_typer(eval_cli.evaluating, name="eval")
app.add_typer(eval_cli.cases, name="cases")


def main() -> None:
    """Entry point of the `qa` script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what the terminal cannot show is spelled out
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="qa")


@app.command(cls=Command)
def index(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Folders and files.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="Print failures only.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 after failures.")] = False,
    keep_missing: Annotated[
        bool, typer.Option("--keep-missing", help="Keep documents whose files are gone.")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for another process that writes.")
    ] = 0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Bring the index up to date with folders and files."""
    with opened(home) as engine:
        try:
            with progress(not quiet) as bar, stoppable(bar) as advance:
                report = engine.index(
                    *paths, progress=advance, wait=wait, keep_missing=keep_missing
                )
        except KeyboardInterrupt as stop:
            held, at = engine.counts()[0], str(stop) or "stopped"
            raise KeyboardInterrupt(
                f"{at}; the index holds {held} documents; run the same command again to go on "
                "from there"
            ) from None
    counts = (report.added, report.updated, report.removed, report.unchanged)
    if not any(counts) and not report.failed:
        from qa.loading import LOADERS

        where, known = ", ".join(paths), ", ".join(LOADERS)
        raise InputError(f"{where}: no documents found; add {known} files")
    if as_json:
        show_json(report.to_json())
    elif not quiet:
        show(
            "{} added, {} updated, {} removed, {} unchanged; ".format(*counts)
            + f"the index holds {report.documents} documents, {report.passages} passages "
            f"({report.seconds:.1f} seconds)"
        )
    if report.failed and not as_json:
        show(f"{len(report.failed)} could not be indexed:", err=True)
        for failure in report.failed:
            show(f"  {failure.source}: {failure.error}", err=True)
    if strict and report.failed:
        raise typer.Exit(1)


@app.command(cls=Command)
def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION")],
    model: Model = None,
    since: Since = None,
    until: Until = None,
    source: Source = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the answer in a .md or .json file.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question, each sentence with its source."""
    filters = _filters(since, until, source)
    if save:
        dossier.check_name(save)
    with opened(home, model, filled=True) as engine:
        streams = bool(engine.model) and sys.stdout.isatty() and not as_json
        if streams:
            answer = show_as_written(engine.stream(whole(question), filters=filters))
        else:
            answer = engine.ask(whole(question), filters=filters)
    if as_json:
        show_json(answer.to_json())
    elif not streams:
        show(str(answer))
    if save:
        dossier.save(answer, save)


@app.command(cls=Command)
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `qa ask --save` wrote.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Check that each quote of a kept answer still stands in the documents.

    Says what changed, and exits with 1 when a quote does not stand where it was cited.
    """
    with opened(home, filled=True) as engine:
        found = engine.verify(file)
    if as_json:
        show_json(found.to_json())
    else:
        show(str(found))
    if not found.stands:
        raise typer.Exit(1)


@app.command(cls=Command)
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY")],
    k: Annotated[int, typer.Option("-k", min=1, max=MOST_HITS, help="Number of hits.")] = 10,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the parts of each score.")
    ] = False,
    since: Since = None,
    until: Until = None,
    source: Source = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List the passages that are nearest to a query, best first."""
    filters = _filters(since, until, source)
    with opened(home, filled=True) as engine:
        hits = engine.search(whole(query), k, filters)
    if as_json:
        names = ("dense", "lexical", "words") if explain else ()
        parts = [{name: getattr(hit, name) for name in names} for hit in hits]
        found = [evidence_json(Evidence(n, hit)) for n, hit in enumerate(hits, start=1)]
        show_json([entry | part for entry, part in zip(found, parts, strict=True)])
        return
    for n, hit in enumerate(hits, start=1):
        show(_listed(n, hit, explain))


@app.command(cls=Command)
def documents(home: Home = None, as_json: AsJson = False) -> None:
    """List the documents, newest first: date, where it is from, title, sources."""
    with opened(home, filled=True) as engine:
        found = engine.documents()
    if as_json:
        show_json([document.to_json() for document in found])
        return
    for document in found:
        origin = f" ({document.published_from})" if document.published_from else ""
        show(f"{document.published or 'no date'}{origin}  {document.title}")
        for source in document.sources:
            show(f"    {source}")


@app.command(cls=Command)
def chat(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 8501,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but the default opens it to others.")
    ] = "127.0.0.1",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Open the chat page."""
    settings, page = settings_of(home), _page()
    _check_free(host, port)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    if as_json:
        show_json({"url": url})
    else:
        show(f"The chat page is at {url} (Ctrl-C ends it).")
    os.environ["QA_HOME"] = str(settings.home.absolute())
    # The look comes from .streamlit/config.toml, which Streamlit also reads beside the page.
    flags = {
        "server.port": str(port),
        "server.address": host,
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "logger.hideWelcomeMessage": "true",
    }
    sys.argv = ["streamlit", "run", str(page)]
    sys.argv += [word for name, value in flags.items() for word in (f"--{name}", value)]
    from streamlit.web.cli import main as streamlit

    streamlit()


@app.command(cls=Command)
def doctor(
    mend: Annotated[
        bool,
        typer.Option(
            "--repair", help="Mend the catalog and build the search indexes anew from it."
        ),
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say what is configured and indexed, and what is missing or damaged.

    Exits with 1 when something is wrong, or left to do after a repair.
    """
    from qa.doctor import examine, repair

    checkup = (repair if mend else examine)(settings_of(home))
    if as_json:
        show_json(checkup.to_json())
    else:
        show(str(checkup))
    if checkup.problems:
        raise typer.Exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        show(f"qa {qa.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


def _page() -> Path:
    """The page's script: inside the package when it was installed, else above it."""
    package = Path(qa.__file__).parent
    for folder in (package, package.parent):
        if (folder / "app.py").is_file():
            return folder / "app.py"
    raise InputError(f"app.py is missing from {package}: install qa again")


def _check_free(host: str, port: int) -> None:
    """Raises InputError when nothing can listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            reason = f"cannot listen on {host}, port {port} ({error.strerror or error})"
            raise InputError(f"{reason}: choose others with --host and --port") from None
        other = port + 1 if port < 65535 else port - 1
        raise InputError(f"port {port} is in use: choose another with --port {other}") from None


def _filters(since: datetime | None, until: datetime | None, sources: list[str] | None) -> Filters:
    return Filters(since and since.date(), until and until.date(), tuple(sources or ()))


def _listed(number: int, hit: Hit, explain: bool) -> str:
    passage = hit.passage
    text = " ".join(passage.text.split())
    text = text if len(text) <= SNIPPET else text[:SNIPPET].rsplit(" ", 1)[0] + " …"
    lines = [
        f"[{number}] {hit.score:.3f}  {passage.title} ({passage.published or 'no date'}), "
        + passage.source,
        f"    {text}",
    ]
    if explain:
        dense, lexical, words = (
            "not found" if part is None else f"{part:.3f}"
            for part in (hit.dense, hit.lexical, hit.words)
        )
        lines.insert(
            1,
            f"    by meaning (cosine): {dense}; by words (BM25): {lexical}; word by word: {words}",
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
