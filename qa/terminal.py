"""How the `qa` command speaks: results to stdout, progress and errors to stderr. Document text is
printed as it stands, never as markup, and without control characters."""

import errno
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from qa.errors import QAError
from qa.plaintext import visible
from qa.types import Answer, Progress, Statement


class Command(TyperCommand):
    """A command whose errors are one line on stderr and exit code 1, and with --json also an
    object on stdout."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            show(str(stop) or "stopped; run the same command again to go on", err=True)
            raise typer.Exit(130) from None
        except QAError as error:
            message = str(error)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read the output has seen enough
                raise
            message = f"{error.filename or 'input or output'}: {error.strerror or error}"
        message = " ".join(message.split())
        if ctx.params.get("as_json"):
            show_json({"error": message})
        show(f"error: {message}", err=True)
        raise typer.Exit(1)


class Defaulted(TyperGroup):
    """A group whose command `run` is meant when the first word names none: `qa eval CASES` is
    `qa eval run CASES`. Its help is that of `run`, and then the other commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        run = self.commands["run"]
        with run.make_context(ctx.info_name, [], parent=ctx.parent, resilient_parsing=True) as own:
            run.format_help(own, formatter)
        self.format_commands(ctx, formatter)


@contextmanager
def progress(wanted: bool) -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr with rate and time left, only when that is a terminal."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda now: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    name_column = TextColumn(
        "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")
    )
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"), name_column)
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, pace="")
        yield lambda now: bar.update(
            task,
            completed=now.done,
            total=now.total,
            description=visible(now.name),
            pace=_pace(now),
        )


def _pace(now: Progress) -> str:
    """Such as `27 passages/s, 1:05 left`."""
    rate = f"{now.rate:,.0f} passages/s" if now.passages else ""
    left = ""
    if now.left is not None and now.seconds >= 1:
        minutes, seconds = divmod(round(now.left), 60)
        left = f"{minutes}:{seconds:02d} left"
    return ", ".join(filter(None, (rate, left)))


@contextmanager
def stoppable(report: Callable[[Progress], None]) -> Iterator[Callable[[Progress], None]]:
    """Makes Ctrl-C end a run between two documents, by a KeyboardInterrupt that says where, which
    the yielded function raises; a second Ctrl-C ends it at once."""
    usual, asked = signal.getsignal(signal.SIGINT), False
    if usual is not signal.default_int_handler:  # it is ignored, or somebody else's
        yield report
        return

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, usual)
        show("stopping after this document; Ctrl-C again stops at once", err=True)

    def step(now: Progress) -> None:
        report(now)
        running = now.done < now.total
        if asked and running:
            raise KeyboardInterrupt(f"stopped at file {now.done + 1} of {now.total}")
        # Before the first file and after the last there is nothing to wait for.
        signal.signal(signal.SIGINT, ask if running and not asked else usual)

    try:
        yield step
    finally:
        signal.signal(signal.SIGINT, usual)


def show_as_written(events: Iterable[str | Statement | Answer]) -> Answer:
    """Prints each sentence as soon as it is checked, then the sources: in all what `str(answer)`
    says. Returns that answer. Drafts are not shown, since nothing unmarked may be taken for
    checked."""
    written = ""
    for event in events:
        if isinstance(event, Statement):
            numbers = "".join(f"[{n}]" for n in dict.fromkeys(c.number for c in event.citations))
            doubt = "" if event.verdict == "supported" else f"({event.verdict})"
            piece = " ".join(filter(None, (event.text, numbers, doubt)))
            show(piece if not written else f" {piece}", end="")
            written += f" {piece}" if written else piece
        elif isinstance(event, Answer):
            show(str(event).removeprefix(written))
            return event
    raise AssertionError("a stream ends in its Answer")


def whole(text: str) -> str:
    """An argument whose bytes are not UTF-8, with replacement characters for them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def show(text: str, err: bool = False, end: str = "\n") -> None:
    """Prints text for a person."""
    typer.echo(visible(text) + end, nl=False, err=err)


def show_json(value: Any) -> None:
    """Prints plain values as JSON, in ASCII where the output cannot hold more."""
    plain = sys.stdout.encoding.lower().replace("-", "") != "utf8"
    typer.echo(json.dumps(value, ensure_ascii=plain, indent=2))
