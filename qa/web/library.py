"""The library: every document, when it is from, what it is made of; reading and removing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import streamlit as st

import qa
from qa.web import ASSETS, adding, components, filters, reading, shared, strings, timeline
from qa.web.answer import place
from qa.web.shared import Holding
from qa.web.strings import say

_SHOWN = 1_000  # documents in the table


@dataclass(frozen=True, slots=True)
class Place:
    """The document that is opened by its id, and the spans that are marked in it."""

    document: str
    spans: tuple[tuple[int, int], ...]


def open_at(document: str, spans: tuple[tuple[int, int], ...]) -> None:
    """Has the library show a document, with spans of it marked. For callbacks only."""
    timeline.choose(None, None)
    st.session_state["find"] = ""
    _close()
    st.session_state["place"] = Place(document, spans)


def page() -> None:
    """Draws the library."""
    st.html(ASSETS / "page.css")
    try:
        engine = shared.engine()
        counts = engine.counts()
        documents, passages = shared.collection(engine, counts)
        held = shared.holdings(engine, counts)
    except qa.QAError as error:
        st.error(strings.NO_INDEX)
        st.text(str(error))
        return
    st.header(strings.LIBRARY, anchor=False)
    st.text(say(strings.COLLECTION, documents=len(documents), passages=passages))
    adding.show_report(of_all=True)
    adding.forget_report()
    adding.show_forms(engine, held.values())
    if not documents:
        st.info(strings.NO_DOCUMENT)
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
    with st.container(horizontal=True, key="narrowing"):
        since, until = timeline.fields()
        wanted = st.text_input(strings.FIND, key="find", width=300).casefold()
    found = [d for d in documents if _within(d.published, since, until)]
    found = [
        d
        for d in found
        if wanted in d.title.casefold() or any(wanted in one.casefold() for one in d.sources)
    ]
    if since and until and since > until:
        st.warning(strings.DAYS_TURNED_AROUND)
    elif since or until or wanted:
        st.text(say(strings.FOUND, n=len(found)))
    if since or until:
        with st.container(horizontal=True):
            st.button(strings.ALL_DATES, on_click=timeline.choose, args=(None, None))
            st.button(strings.ASK_ONLY_THESE, on_click=_ask_only, args=(since, until))
    return found


def _within(day: date | None, since: date | None, until: date | None) -> bool:
    if day is None:
        return not (since or until)
    return (since is None or since <= day) and (until is None or day <= until)


def _ask_only(since: date | None, until: date | None) -> None:
    filters.choose(qa.Filters(since, until, filters.chosen().sources))
    adding.report(strings.ASKS_ONLY_THESE)


def _show_table(
    engine: qa.Engine, documents: Sequence[qa.Document], held: Mapping[str, Holding]
) -> qa.Document | None:
    """The documents as a table; the one that was chosen in it."""
    root, shown, place_ = shared.root(engine), list(documents[:_SHOWN]), _place()
    shown += [d for d in documents[_SHOWN:] if place_ and d.id == place_.document]
    if len(documents) > _SHOWN:
        st.text(say(strings.FIRST_LISTED, n=_SHOWN))
    turn = st.session_state.setdefault("reading", 0)
    key = f"{turn}-{hash(tuple(d.id for d in shown))}"
    chosen = st.dataframe(
        [_row(d, held.get(d.id, Holding(0, (), ())), root) for d in shown],
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"table-{key}",
        column_config={
            strings.DATE: st.column_config.DateColumn(format=strings.DATE_IN_TABLE),
            strings.DOCUMENT_TITLE: st.column_config.TextColumn(width="large"),
            strings.PASSAGES: st.column_config.NumberColumn(format="localized"),
        },
        alt=strings.TABLE,
    )
    rows_chosen = chosen["selection"]["rows"]
    if not rows_chosen and place_:
        rows_chosen = [n for n, d in enumerate(shown) if d.id == place_.document]
    picked = st.selectbox(
        strings.READ_DOCUMENT,
        [None, *range(len(shown))],
        index=rows_chosen[0] + 1 if rows_chosen else 0,
        format_func=lambda n: strings.CHOOSE_DOCUMENT if n is None else qa.visible(shown[n].title),
        key=f"read-{key}-{rows_chosen}",
    )
    return None if picked is None else shown[picked]


def _row(document: qa.Document, held: Holding, root: Path) -> dict[str, object]:
    return {
        strings.DATE: document.published,
        strings.DOCUMENT_TITLE: qa.visible(document.title),
        strings.PASSAGES: held.passages,
        strings.STATE: state(held),
        strings.FORMAT: form(document.source),
        strings.DATE_FROM_WHERE: strings.DATE_FROM.get(document.published_from or "", ""),
        strings.SOURCES: qa.visible(", ".join(place(one, root) for one in document.sources)),
    }


def state(held: Holding) -> str:
    """Whether a document can be searched, and whether its files are still there."""
    if not held.passages:
        return strings.NOTHING_IN_IT
    if not held.gone:
        return strings.READY
    if len(held.files) == 1:
        return strings.FILE_GONE
    if held.gone == held.files:
        return strings.FILES_GONE
    return say(strings.SOME_FILES_GONE, n=len(held.gone))


def form(name: str) -> str:
    """The format of a document, as its source tells it: "PDF", "web page"."""
    if name.startswith(("http://", "https://")):
        return PurePosixPath(urlsplit(name).path).suffix.lstrip(".").upper() or strings.WEB_PAGE
    return PurePosixPath(name.rpartition("#")[0] or name).suffix.lstrip(".").upper()


def _show_document(engine: qa.Engine, document: qa.Document, held: Holding | None) -> None:
    try:
        passages = engine.passages(document.id)
    except qa.QAError:
        st.warning(strings.DOCUMENT_GONE)
        return
    if held and held.gone:
        st.warning(strings.DISK_FILES_GONE)
        st.text(qa.visible("\n".join(held.gone)))
    first, place_ = 0, _place()
    spans = place_.spans if place_ and place_.document == document.id else ()
    if len(passages) > reading.AT_ONCE:
        starts = range(0, len(passages), reading.AT_ONCE)
        before = sum(passage.end <= spans[0][0] for passage in passages) if spans else 0
        first = st.selectbox(
            strings.PASSAGES,
            starts,
            index=min(before // reading.AT_ONCE, len(starts) - 1),
            format_func=lambda n: say(
                strings.PASSAGE_RANGE, first=n + 1, last=min(n + reading.AT_ONCE, len(passages))
            ),
        )
    data = reading.view(document, passages, first, spans, shared.root(engine))
    components.reading(f"read-{document.id}", data, _close)
    with st.popover(strings.TAKE_OUT):
        st.text(strings.TAKE_OUT_WHAT)
        st.button(strings.TAKE_OUT_NOW, on_click=_take_out, args=(engine, document))


def _take_out(engine: qa.Engine, document: qa.Document) -> None:
    try:
        _remove(engine, document)
        _close()
    except (qa.QAError, OSError) as error:
        adding.report(strings.NOT_TAKEN_OUT, failures=[str(error)])


def _remove(engine: qa.Engine, document: qa.Document) -> None:
    """Takes a document out, and the uploaded files that hold nothing else; others stay."""
    folder = (engine.settings.home / adding.UPLOADS).resolve()
    files = engine.files()
    engine.remove(document.id)
    for file, documents in files.items():
        if Path(file).parent == folder and documents == (document.id,):
            Path(file).unlink(missing_ok=True)
    shared.forget()
    adding.report(say(strings.TAKEN_OUT, title=document.title))


def _close() -> None:
    """New keys, so that neither the table nor the field below it remembers what was chosen."""
    st.session_state["reading"] = st.session_state.get("reading", 0) + 1
    st.session_state.pop("place", None)


def _place() -> Place | None:
    found: Place | None = st.session_state.get("place")
    return found
