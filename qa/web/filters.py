"""Which documents the conversation may use: chosen in the sidebar, shown as chips that can be
taken away."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

import qa
from qa.web import components, strings
from qa.web.answer import day
from qa.web.strings import say

MOST_SOURCES = 1_000  # offered for choice


def chosen() -> qa.Filters:
    """The filters of this session."""
    filters: qa.Filters = st.session_state.setdefault("filters", qa.Filters())
    return filters


def choose(filters: qa.Filters) -> None:
    """Sets the filters of this session, and the fields that show them. For callbacks only."""
    st.session_state["filters"] = filters
    st.session_state["since"] = filters.since
    st.session_state["until"] = filters.until
    st.session_state["sources"] = list(filters.sources)


def day_field(label: str, **options: Any) -> date | None:
    """A field for a day of any century, empty at first; with options of `st.date_input`."""
    first, last = date(1, 1, 1), date(9999, 12, 31)
    day: date | None = st.date_input(label, None, first, last, **options)
    return day


def show_fields(documents: Sequence[qa.Document]) -> None:
    """Fields for the days and the sources."""
    filters, offered = chosen(), sources(documents)
    # Streamlit forgets fields that another view did not show.
    st.session_state.setdefault("since", filters.since)
    st.session_state.setdefault("until", filters.until)
    st.session_state.setdefault("sources", list(filters.sources))
    offered |= {source: 0 for source in filters.sources if source not in offered}
    with (
        st.expander(strings.FILTERS, expanded=bool(filters)),
        st.form("choose-filters", border=False),
    ):
        for key, label in (("since", strings.PUBLISHED_FROM), ("until", strings.PUBLISHED_TO)):
            day_field(label, key=key)
        st.multiselect(
            strings.SOURCES_TO_USE,
            list(offered),
            key="sources",
            placeholder=strings.ALL_SOURCES,
        )
        st.form_submit_button(strings.USE_FILTERS, on_click=_read, width="stretch")


def show_chips() -> None:
    """Each filter as a button that takes it away."""
    filters = chosen()
    chips = list[tuple[str, qa.Filters]]()
    if filters.since:
        label = say(strings.CHIP_FROM, day=day(filters.since))
        chips.append((label, replace(filters, since=None)))
    if filters.until:
        label = say(strings.CHIP_TO, day=day(filters.until))
        chips.append((label, replace(filters, until=None)))
    for source in filters.sources:
        others = tuple(other for other in filters.sources if other != source)
        chips.append((source, replace(filters, sources=others)))
    if chips:
        items = [{"label": label, "removes": True} for label, _ in chips]
        data = {"label": strings.CHIPS, "style": "chips", "items": items}
        components.choices("chips", data, lambda n: choose(chips[n][1]))


def sources(documents: Sequence[qa.Document]) -> dict[str, int]:
    """What `qa.Filters` can name, with its number of documents: sites and folders, then files."""
    above, files = Counter[str](), dict[str, int]()
    for document in documents:
        for source in document.sources:
            files[source] = 1
            above[_above(source)] += 1
    del above[""]
    return dict([*sorted(above.items()), *sorted(files.items())][:MOST_SOURCES])


def _above(source: str) -> str:
    """The site of a URL, the file of a record, the folder of a file; empty where there is none."""
    if source.startswith(("http://", "https://")):
        return urlsplit(source).netloc
    file, _, record = source.rpartition("#")
    if record and file:
        return file
    folder = str(PurePosixPath(source).parent)
    return "" if folder == "." else folder


def _read() -> None:
    state = st.session_state
    choose(qa.Filters(state["since"], state["until"], tuple(state["sources"])))
