"""What every view and every session of a server share: one engine, and what it holds."""

import os
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

import qa
from qa.web import strings


@dataclass(frozen=True, slots=True)
class Holding:
    """What the index has of a document: its number of passages, its files, and those of them that
    are gone."""

    passages: int
    files: tuple[str, ...]
    gone: tuple[str, ...]


@st.cache_resource(show_spinner=strings.OPENING_THE_INDEX, on_release=qa.Engine.close)
def engine() -> qa.Engine:
    """One engine for every session of this server."""
    return qa.Engine.open()


@st.cache_resource(ttl=10, max_entries=1, show_spinner=False)
def collection(_engine: qa.Engine, counts: tuple[int, int]) -> tuple[list[qa.Document], int]:
    """The documents, newest first, and the number of passages; read again after ten seconds."""
    return _engine.documents(), counts[1]


@st.cache_resource(ttl=10, max_entries=1, show_spinner=False)
def holdings(_engine: qa.Engine, counts: tuple[int, int]) -> dict[str, Holding]:
    """What `look_up` finds; looked up again after ten seconds."""
    return look_up(_engine)


def look_up(engine: qa.Engine) -> dict[str, Holding]:
    """What the index has of each document, by its id."""
    files, gone = dict[str, list[str]](), set[str]()
    for file, documents in engine.files().items():
        for document in documents:
            files.setdefault(document, []).append(file)
        # A name that is not UTF-8 is kept with escapes, so it cannot be looked up.
        if "\\udc" not in file and not os.path.exists(file):
            gone.add(file)
    passages = engine.passage_counts()
    return {
        document: Holding(
            passages.get(document, 0), tuple(held), tuple(f for f in held if f in gone)
        )
        for document, held in files.items()
    }


def forget() -> None:
    """Has the documents read again: they were changed here."""
    collection.clear()
    holdings.clear()


def root(engine: qa.Engine) -> Path:
    """The folder that sources are named relative to."""
    return engine.settings.home.absolute().parent
