"""The sidebar: which model answers, how large the collection is, documents and conversations."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

import qa
from qa.web import components, strings
from qa.web.answer import day
from qa.web.conversations import LONGEST_TITLE, Conversations, Entry, Exchange, to_markdown
from qa.web.strings import say

LISTED = 5  # documents
SHOWN = 8  # conversations, before all are asked for


def show_head(who: str, documents: int, passages: int, start_over: Callable[[], None]) -> None:
    """Who answers, from how much. Calls `start_over` for a new conversation."""
    st.title(strings.NAME, anchor=False)
    # st.text, because a model's name is no Markdown either.
    st.text(who)
    st.text(say(strings.COLLECTION, documents=documents, passages=passages))
    st.button(strings.NEW_CONVERSATION, on_click=start_over, width="stretch")


def show_documents(documents: Sequence[qa.Document], open_: Callable[[str], None]) -> None:
    """The newest documents; the others are in the library. Calls `open_` with the id of a chosen
    one."""
    listed = documents[:LISTED]
    if listed:
        components.choices(
            "documents",
            {
                "label": strings.NEWEST_DOCUMENTS,
                "style": "documents",
                "items": [{"label": d.title, "detail": day(d.published)} for d in listed],
            },
            lambda n: open_(listed[n].id),
        )


def show_conversations(
    entries: Sequence[Entry],
    exchanges: Sequence[Exchange],
    store: Conversations,
    root: Path,
    choose: Callable[[str], None],
    delete: Callable[[str], None],
) -> None:
    """The conversations, to be searched for what was asked in them, and what can be done with the
    one on the page. Calls `choose` with the id of a clicked one, `delete` with that of the one on
    the page."""
    current = st.session_state.get("conversation")
    for entry in entries:
        if entry.id == current:
            _manage(entry, exchanges, store, root, delete)
    if entries:
        items = [
            {
                "label": e.title,
                "detail": day(e.changed),
                "words": e.asked,
                "current": e.id == current,
            }
            for e in entries
        ]
        data = {
            "label": strings.CONVERSATIONS,
            "style": "documents",
            "items": items,
            "most": SHOWN,
        }
        components.choices("conversations", data, lambda n: choose(entries[n].id))


def _manage(
    entry: Entry,
    exchanges: Sequence[Exchange],
    store: Conversations,
    root: Path,
    delete: Callable[[str], None],
) -> None:
    with st.popover(strings.THIS_CONVERSATION, width="stretch"):
        with st.form(f"rename-{entry.id}", border=False):
            renamed = st.text_input(
                strings.CONVERSATION_TITLE, entry.title, max_chars=LONGEST_TITLE
            )
            if st.form_submit_button(strings.RENAME, width="stretch"):
                store.rename(entry.id, renamed)
                st.rerun()
        st.download_button(
            strings.DOWNLOAD_MARKDOWN,
            to_markdown(entry.title, exchanges, root),
            file_name="conversation.md",
            mime="text/markdown",
            on_click="ignore",
            width="stretch",
        )
        st.button(strings.DELETE_CONVERSATION, on_click=delete, args=(entry.id,), width="stretch")
