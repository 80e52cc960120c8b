"""Conversations, kept in a file of their own in the home folder, beside the catalog."""

import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

import qa
from qa.web import strings
from qa.web.answer import day, marked, on_page, place
from qa.web.strings import say

LISTED = 200  # conversations
LONGEST_TITLE = 120  # characters
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, changed REAL NOT NULL);
CREATE TABLE IF NOT EXISTS exchanges (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL, question TEXT NOT NULL,
    answer TEXT NOT NULL, error TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS of_conversation ON exchanges (conversation);
"""


def new_id() -> str:
    """A name for a conversation or an exchange that fits in an address and cannot be guessed."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True)
class Again:
    """How a question is asked another time: in which documents, under the settings of the session,
    strictly or without a model, and after which turns."""

    filters: qa.Filters
    how: Literal["", "strict", "quoted"] = ""
    history: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Exchange:
    """A question of a conversation with what came of it; neither while it is being asked. Not kept
    are `again`, and `after`, which returns when the question can be asked."""

    question: str
    answer: qa.Answer | None = None
    error: str = ""
    id: str = field(default_factory=new_id)
    again: Again | None = field(default=None, compare=False)
    after: Callable[[], object] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation in the list, the day it was last added to, and every question in it."""

    id: str
    title: str
    changed: date
    asked: str


class Conversations:
    """The conversations of a home folder. Each exchange is a row of its own, so that two people
    who add to one conversation do not overwrite each other. Safe to share between threads and
    processes. Every method raises StoreError for a file that cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def listed(self) -> list[Entry]:
        """The newest conversations, newest first."""
        with self._opened() as connection:
            rows = connection.execute(
                "SELECT id, title, changed, (SELECT group_concat(question, ' ') FROM exchanges "
                "WHERE conversation = conversations.id) FROM conversations "
                "ORDER BY changed DESC LIMIT ?",
                (LISTED,),
            ).fetchall()
        return [
            Entry(i, title, datetime.fromtimestamp(at).date(), asked or "")
            for i, title, at, asked in rows
        ]

    def read(self, conversation: str) -> tuple[str, list[Exchange]] | None:
        """The title and the exchanges, oldest first; None when there is no such conversation."""
        with self._opened() as connection:
            found = connection.execute(
                "SELECT title FROM conversations WHERE id = ?", (conversation,)
            ).fetchone()
            rows = connection.execute(
                "SELECT question, answer, error, id FROM exchanges WHERE conversation = ? "
                "ORDER BY rowid",
                (conversation,),
            ).fetchall()
        return (found[0], [_exchange(*row) for row in rows]) if found else None

    def put(self, conversation: str, exchange: Exchange) -> None:
        """Adds an exchange, or stores what came of it since; the first one names the
        conversation."""
        answer = _adapter().dump_json(exchange.answer).decode() if exchange.answer else ""
        with self._opened() as connection:
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET changed = excluded.changed",
                (conversation, _title(exchange.question), time.time()),
            )
            connection.execute(
                "INSERT INTO exchanges VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "answer = excluded.answer, error = excluded.error",
                (exchange.id, conversation, exchange.question, answer, exchange.error),
            )

    def drop(self, exchange: Exchange) -> None:
        """Takes one exchange out."""
        with self._opened() as connection:
            connection.execute("DELETE FROM exchanges WHERE id = ?", (exchange.id,))

    def rename(self, conversation: str, title: str) -> None:
        """Gives a conversation another title; an empty one changes nothing."""
        if title := _title(title):
            with self._opened() as connection:
                connection.execute(
                    "UPDATE conversations SET title = ? WHERE id = ?", (title, conversation)
                )

    def delete(self, conversation: str) -> None:
        """Takes a conversation out for good."""
        with self._opened() as connection:
            connection.execute("DELETE FROM exchanges WHERE conversation = ?", (conversation,))
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation,))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are committed together at the end, or not at all."""
        try:
            with closing(sqlite3.connect(self._path, timeout=10)) as connection, connection:
                connection.executescript(_SCHEMA)
                yield connection
        except sqlite3.Error as error:
            raise qa.StoreError(
                say(strings.CONVERSATIONS_UNUSABLE, path=self._path, why=error)
            ) from None


def to_markdown(title: str, exchanges: Sequence[Exchange], root: Path) -> str:
    """A conversation as Markdown, each answer with its verdicts and quotations. What documents
    and models wrote is escaped, so that it is only text there too."""
    parts = [f"# {_plain(title)}"]
    for exchange in exchanges:
        parts.append(f"## {_plain(exchange.question)}")
        if exchange.answer:
            parts += _answered(exchange.answer, root)
        else:
            why = exchange.error or strings.UNFINISHED
            parts.append(say(strings.NO_ANSWER, why=_plain(why)))
    return "\n\n".join(parts) + "\n"


def _answered(answer: qa.Answer, root: Path) -> Iterator[str]:
    yield _plain(" ".join(marked(s) for s in answer.statements) or answer.text)
    doubted = [s for s in answer.statements if s.verdict != "supported"]
    if doubted:
        yield "\n".join(
            f"- “{_plain(s.text)}”: {_plain('; '.join(s.reasons) or s.verdict)}" for s in doubted
        )
    yield from (_plain(str(conflict)) for conflict in answer.conflicts)
    for number, cited in answer.sources.items():
        first = cited[0]
        where = f"{day(first.published)}, {place(first.source, root)}"
        heading = _plain(f"[{number}] {first.title}, {where}")
        yield "\n>\n".join([heading + "\n", *(f"> {_quoted(c)}" for c in cited)])
    scope = f", {answer.filters}" if answer.filters else ""
    query = say(strings.SEARCHED_FOR, query=answer.query)
    searched = say(strings.SEARCHED, query=query, scope=scope)
    yield say(strings.ANSWERED_BY, searched=_plain(searched), model=_plain(answer.model))


def _quoted(citation: qa.Citation) -> str:
    return f"“{_plain(citation.quote)}”{on_page(citation)}"


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|!$~&])", r"\\\1", " ".join(qa.visible(text).split()))


def _title(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 2].rstrip()} …"


def _exchange(question: str, answer: str, error: str, id_: str) -> Exchange:
    if not answer:
        return Exchange(question, None, error or strings.UNFINISHED, id_)
    try:
        return Exchange(question, _adapter().validate_json(answer), "", id_)
    except ValidationError:
        return Exchange(question, None, strings.SAVED_BY_ANOTHER, id_)


@cache
def _adapter() -> TypeAdapter[qa.Answer]:
    return TypeAdapter(qa.Answer)
