"""What every view and every session of a server share: one engine, and what it holds."""

from pathlib import Path

import streamlit as st

import qa


@st.cache_resource(show_spinner="Opening the index", on_release=qa.Engine.close)
def engine() -> qa.Engine:
    """One engine for every session of this server."""
    return qa.Engine.open()


@st.cache_resource(ttl=10, max_entries=1, show_spinner=False)
def collection(_engine: qa.Engine, counts: tuple[int, int]) -> tuple[list[qa.Document], int]:
    """The documents, newest first, and the number of passages; read again after ten seconds."""
    return _engine.documents(), counts[1]


def forget() -> None:
    """Has the documents read again: they were changed here."""
    collection.clear()


def root(engine: qa.Engine) -> Path:
    """The folder that sources are named relative to."""
    return engine.settings.home.absolute().parent
