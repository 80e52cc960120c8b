"""The library: every document, when it is from, what it is made of; adding and removing."""

import os
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import streamlit as st

import qa
from qa.web import ASSETS, components, shared, source
from qa.web.answer import day, place
from qa.web.sidebar import count

UPLOADS = "uploads"  # folder in the home; what is put there stays what was given
_NAME = 120  # characters of an uploaded file's name that are kept
_SHOWN = 1_000  # documents in the table


def page() -> None:
    """Draws the library."""
    st.html(ASSETS / "page.css")
    try:
        engine = shared.engine()
        documents, passages = shared.collection(engine, engine.counts())
    except qa.QAError as error:
        st.error("The index cannot be opened.")
        st.text(str(error))
        return
    st.header("Library", anchor=False)
    st.text(f"{count(len(documents), 'document')}, {count(passages, 'passage')}")
    show_report()
    st.session_state.pop("added", None)
    _show_adding(engine)
    if not documents:
        st.info("No document yet. Add files or a text above, or run `qa index FOLDER`.")
        return
    _show_timeline(documents)
    if chosen := _show_table(documents, shared.root(engine)):
        _show_document(engine, chosen)


def _show_adding(engine: qa.Engine) -> None:
    with st.expander("Add documents", expanded=not engine.counts()[0]):
        files, text = st.tabs(["Files", "Text"])
        with files, st.form("add-files", border=False, clear_on_submit=True):
            given = st.file_uploader("Files, as many as you like", accept_multiple_files=True)
            if st.form_submit_button("Add these files") and given:
                add(engine, [(file.name, file.getvalue()) for file in given])
                st.rerun()
        with text, st.form("add-text", border=False):
            title = st.text_input("Title of the text", max_chars=_NAME)
            published = st.date_input(
                "Published", None, min_value=date(1, 1, 1), max_value=date(9999, 12, 31)
            )
            body = st.text_area("The text itself", height=200)
            if st.form_submit_button("Add this text"):
                if title.strip() and body.strip():
                    add(engine, [(f"{title}.txt", as_file(title, published, body).encode())])
                    st.rerun()
                else:
                    st.warning("A text needs a title and some words.")


def as_file(title: str, published: date | None, body: str) -> str:
    """A text as a .txt file that says its title and its date."""
    head = [" ".join(title.split()), *([published.isoformat()] if published else [])]
    return "\n".join([*head, "", body.strip(), ""])


def add(engine: qa.Engine, files: Sequence[tuple[str, bytes]]) -> None:
    """Keeps the files and indexes them, with a bar; `show_report` tells at the next run how it
    went."""
    folder = engine.settings.home / UPLOADS
    bar = st.progress(0.0)

    def advance(now: qa.Progress) -> None:
        name = re.sub(r"([\\`*_\[\]<>#|!$~&:])", r"\\\1", now.name)
        bar.progress(now.done / max(1, now.total), f"{now.done} of {now.total} {name}")

    try:
        kept = [keep(folder, name, data) for name, data in files]
        report = engine.index(*kept, progress=advance, wait=30)
        lines = [f"{f.source}: {f.error}" for f in report.failed]
        done = report.added + report.updated + report.unchanged
        st.session_state["added"] = f"{count(done, 'document')} added or there already.", lines
    except (qa.QAError, OSError) as error:
        st.session_state["added"] = "Not everything was added.", [str(error)]
    shared.forget()


def keep(folder: Path, name: str, data: bytes) -> Path:
    """Writes an uploaded file under a name that is safe and not used for anything else, whole or
    not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = re.sub(r"[^\w .()-]", "-", PurePosixPath(name.replace("\\", "/")).name).strip(" .")
    stem, suffix = os.path.splitext(plain[-_NAME:].strip(" .") or "file")
    path, n = folder / f"{stem}{suffix}", 2
    while path.exists() and path.read_bytes() != data:
        path, n = folder / f"{stem} ({n}){suffix}", n + 1
    new = folder / f".{os.getpid()}-{path.name}.new"
    new.write_bytes(data)
    new.replace(path)
    return path


def show_report() -> None:
    """What became of the files that were added last."""
    if "added" not in st.session_state:
        return
    summary, failures = st.session_state["added"]
    st.text(summary)
    if failures:
        st.warning(f"{count(len(failures), 'problem')}:")
        st.text(qa.visible("\n".join(failures)))


def _show_timeline(documents: Sequence[qa.Document]) -> None:
    dated = [d for d in documents if d.published]
    if len(dated) < 2:
        return
    import altair

    rows = [{"day": str(d.published), "title": qa.visible(d.title)} for d in dated]
    axis = altair.Axis(format="%d %b %Y", tickCount=6, labelOverlap=True)
    chart = (
        altair.Chart(altair.Data(values=rows))  # type: ignore[no-untyped-call]
        .mark_tick(thickness=2, size=26)
        .encode(
            x=altair.X("day:T", title=None, axis=axis),
            tooltip=[
                altair.Tooltip("title:N", title="Title"),
                altair.Tooltip("day:T", title="Day"),
            ],
        )
        .properties(height=70)
    )
    first, last = min(d.published for d in dated if d.published), dated[0].published
    alt = f"Timeline of {len(dated)} documents, {day(first)} to {day(last)}"
    st.altair_chart(chart, width="stretch", alt=alt)


def _show_table(documents: Sequence[qa.Document], root: Path) -> qa.Document | None:
    """The documents as a table; the one that was chosen in it."""
    turn = st.session_state.setdefault("reading", 0)
    wanted = st.text_input("Find in titles and sources", key="find").casefold()
    found = [d for d in documents if wanted in d.title.casefold() or wanted in d.source.casefold()][
        :_SHOWN
    ]
    if wanted:
        st.text(f"{count(len(found), 'document')} found")
    rows = [
        {
            "Date": d.published,
            "Title": qa.visible(d.title),
            "Date from": d.published_from or "",
            "Format": form(d.source),
            "Characters": len(d.text),
            "Sources": qa.visible(", ".join(place(one, root) for one in d.sources)),
        }
        for d in found
    ]
    chosen = st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"table-{turn}-{wanted}",
        alt="The documents, with title, date, format and sources",
    )
    options = [None, *range(len(found))]
    rows_chosen = chosen["selection"]["rows"]
    picked = st.selectbox(
        "Read a document",
        options,
        index=rows_chosen[0] + 1 if rows_chosen else 0,
        format_func=lambda n: (
            "Choose one here, or a row above" if n is None else qa.visible(found[n].title)
        ),
        key=f"read-{turn}-{wanted}-{rows_chosen}",
    )
    return None if picked is None else found[picked]


def form(name: str) -> str:
    """The format of a document, as its source tells it: "PDF", "web page"."""
    if name.startswith(("http://", "https://")):
        return PurePosixPath(urlsplit(name).path).suffix.lstrip(".").upper() or "web page"
    return PurePosixPath(name.rpartition("#")[0] or name).suffix.lstrip(".").upper()


def _show_document(engine: qa.Engine, document: qa.Document) -> None:
    def remove() -> None:
        try:
            _remove(engine, document)
            _close()
        except (qa.QAError, OSError) as error:
            st.session_state["added"] = "It was not removed.", [str(error)]

    st.button("Take this document out", on_click=remove)
    data = source.view(document, [], shared.root(engine))
    with st.container(key="reading"):
        components.source(f"read-{document.id}", data | {"click": 0}, _close)


def _remove(engine: qa.Engine, document: qa.Document) -> None:
    """Takes a document out, and the uploaded files that hold nothing else; others stay."""
    folder = (engine.settings.home / UPLOADS).resolve()
    held = {one for d in engine.documents() if d.id != document.id for one in d.sources}
    engine.remove(document.id)
    for name in document.sources:
        path = (shared.root(engine) / name).resolve()
        if path.parent == folder and name not in held:
            path.unlink(missing_ok=True)
    shared.forget()
    st.session_state["added"] = f"{document.title}: taken out.", []


def _close() -> None:
    """New keys, so that neither the table nor the field below it remembers what was chosen."""
    st.session_state["reading"] += 1
