"""The library: every document, when it is from, what it is made of; reading and removing."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import streamlit as st

import qa
from qa.web import ASSETS, adding, components, filters, reading, shared, timeline
from qa.web.answer import place
from qa.web.shared import Holding
from qa.web.sidebar import count

_SHOWN = 1_000  # documents in the table


def page() -> None:
    """Draws the library."""
    st.html(ASSETS / "page.css")
    try:
        engine = shared.engine()
        counts = engine.counts()
        documents, passages = shared.collection(engine, counts)
        held = shared.holdings(engine, counts)
    except qa.QAError as error:
        st.error("The index cannot be opened.")
        st.text(str(error))
        return
    st.header("Library", anchor=False)
    st.text(f"{count(len(documents), 'document')}, {count(passages, 'passage')}")
    adding.show_report()
    st.session_state.pop("added", None)
    adding.show_forms(engine, held.values())
    if not documents:
        st.info("No document yet. Add files or a text above, or run `qa index FOLDER`.")
        return
    found = _show_fields(documents)
    if not found:
        return
    with st.container(key="shelf"):
        left, right = st.columns([5, 4], gap="medium")
    with left:
        chosen = _show_table(engine, found, held)
    if chosen:
        with right, st.container(key="reading"):
            _show_document(engine, chosen, held.get(chosen.id))


def _show_fields(documents: Sequence[qa.Document]) -> list[qa.Document]:
    """The timeline, and fields that say the same by keyboard; the documents that are left."""
    timeline.show(documents)
    with st.container(horizontal=True):
        since, until = timeline.fields()
        wanted = st.text_input("Find in titles and sources", key="find", width=300).casefold()
    found = [d for d in documents if _within(d.published, since, until)]
    found = [
        d
        for d in found
        if wanted in d.title.casefold() or any(wanted in one.casefold() for one in d.sources)
    ]
    if since and until and since > until:
        st.warning("The first day is after the last one: turn them around.")
    elif since or until or wanted:
        st.text(f"{count(len(found), 'document')} found")
    if since or until:
        with st.container(horizontal=True):
            st.button("All dates", on_click=timeline.choose, args=(None, None))
            st.button("Ask only these dates", on_click=_ask_only, args=(since, until))
    return found


def _within(day: date | None, since: date | None, until: date | None) -> bool:
    if day is None:
        return not (since or until)
    return (since is None or since <= day) and (until is None or day <= until)


def _ask_only(since: date | None, until: date | None) -> None:
    filters.choose(qa.Filters(since, until, filters.chosen().sources))
    adding.say("Answers use only these dates now. The chips above the question take them away.")


def _show_table(
    engine: qa.Engine, documents: Sequence[qa.Document], held: Mapping[str, Holding]
) -> qa.Document | None:
    """The documents as a table; the one that was chosen in it."""
    root, shown = shared.root(engine), documents[:_SHOWN]
    if len(documents) > _SHOWN:
        st.text(f"The first {_SHOWN:,} are listed: narrow them down by dates or words.")
    turn = st.session_state.setdefault("reading", 0)
    key = f"{turn}-{hash(tuple(d.id for d in shown))}"
    chosen = st.dataframe(
        [_row(d, held.get(d.id, Holding(0, (), ())), root) for d in shown],
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"table-{key}",
        column_config={"Title": st.column_config.TextColumn(width="large")},
        alt="The documents, with date, title, passages, state and sources",
    )
    rows_chosen = chosen["selection"]["rows"]
    picked = st.selectbox(
        "Read a document",
        [None, *range(len(shown))],
        index=rows_chosen[0] + 1 if rows_chosen else 0,
        format_func=lambda n: (
            "Choose one here, or a row above" if n is None else qa.visible(shown[n].title)
        ),
        key=f"read-{key}-{rows_chosen}",
    )
    return None if picked is None else shown[picked]


def _row(document: qa.Document, held: Holding, root: Path) -> dict[str, object]:
    return {
        "Date": document.published,
        "Title": qa.visible(document.title),
        "Passages": held.passages,
        "State": state(held),
        "Format": form(document.source),
        "Date from": document.published_from or "",
        "Characters": len(document.text),
        "Sources": qa.visible(", ".join(place(one, root) for one in document.sources)),
    }


def state(held: Holding) -> str:
    """Whether a document can be searched, and whether its files are still there."""
    if not held.passages:
        return "nothing to search in it"
    if not held.gone:
        return "ready"
    if len(held.files) == 1:
        return "file is gone"
    return "files are gone" if held.gone == held.files else f"{len(held.gone)} of its files gone"


def form(name: str) -> str:
    """The format of a document, as its source tells it: "PDF", "web page"."""
    if name.startswith(("http://", "https://")):
        return PurePosixPath(urlsplit(name).path).suffix.lstrip(".").upper() or "web page"
    return PurePosixPath(name.rpartition("#")[0] or name).suffix.lstrip(".").upper()


def _show_document(engine: qa.Engine, document: qa.Document, held: Holding | None) -> None:
    try:
        passages = engine.passages(document.id)
    except qa.QAError:
        st.warning("This document was changed or removed since.")
        return
    if held and held.gone:
        st.warning("What is shown is what the index holds; on the disk these files are gone:")
        st.text(qa.visible("\n".join(held.gone)))
    first = 0
    if len(passages) > reading.AT_ONCE:
        starts = range(0, len(passages), reading.AT_ONCE)
        first = st.selectbox(
            "Passages",
            starts,
            format_func=lambda n: f"{n + 1:,} to {min(n + reading.AT_ONCE, len(passages)):,}",
        )
    data = reading.view(document, passages, first, shared.root(engine))
    components.reading(f"read-{document.id}", data, _close)
    with st.popover("Take this document out"):
        st.text(
            "Answers will not draw on it any more, and its quotations in earlier ones cannot be "
            "opened. A file that was uploaded here is deleted; any other stays where it is, and is "
            "added again when its folder is."
        )
        st.button("Take it out", on_click=_take_out, args=(engine, document))


def _take_out(engine: qa.Engine, document: qa.Document) -> None:
    try:
        _remove(engine, document)
        _close()
    except (qa.QAError, OSError) as error:
        adding.say("It was not removed.", failures=[str(error)])


def _remove(engine: qa.Engine, document: qa.Document) -> None:
    """Takes a document out, and the uploaded files that hold nothing else; others stay."""
    folder = (engine.settings.home / adding.UPLOADS).resolve()
    files = engine.files()
    engine.remove(document.id)
    for file, documents in files.items():
        if Path(file).parent == folder and documents == (document.id,):
            Path(file).unlink(missing_ok=True)
    shared.forget()
    adding.say(f"{document.title}: taken out.")


def _close() -> None:
    """New keys, so that neither the table nor the field below it remembers what was chosen."""
    st.session_state["reading"] += 1
