"""The sidebar: which model answers, how large the collection is, and its documents."""

from collections.abc import Callable, Sequence

import streamlit as st

import qa
from qa.web import components
from qa.web.answer import day

LISTED = 200  # documents


def show(
    engine: qa.Engine,
    documents: Sequence[qa.Document],
    passages: int,
    start_over: Callable[[], None],
    open_: Callable[[str], None],
) -> None:
    """Draws it. Calls `start_over` for a new conversation, `open_` with a chosen document's id."""
    with st.sidebar:
        st.title("qa", anchor=False)
        # st.text, because a model's name is no Markdown either.
        st.text(engine.model.name if engine.model else "Quoting the documents, no model configured")
        st.text(f"{count(len(documents), 'document')}, {count(passages, 'passage')}")
        st.button("New conversation", on_click=start_over, width="stretch")
        listed = documents[:LISTED]
        if listed:
            components.choices(
                "documents",
                {
                    "label": "Documents",
                    "style": "documents",
                    "items": [{"label": d.title, "detail": day(d.published)} for d in listed],
                    "note": f"The newest {LISTED} are listed." if len(documents) > LISTED else "",
                },
                lambda n: open_(listed[n].id),
            )


def count(n: int, noun: str) -> str:
    """A number with its noun, such as 1 passage or 2,500 passages."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
