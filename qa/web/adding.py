"""Adding to the library: files, a folder, a text; reading again what was added; what came of it."""

import os
import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path, PurePosixPath

import streamlit as st

import qa
from qa.web import shared, strings
from qa.web.answer import place
from qa.web.strings import say

UPLOADS = "uploads"  # folder in the home; what is put there stays what was given
_NAME = 120  # characters of an uploaded file's name that are kept
_LISTED = 50  # changes and problems


def show_forms(engine: qa.Engine, held: Iterable[shared.Holding]) -> None:
    """Forms for files, a folder and a text, and one to read again what is there."""
    known = sorted({file for one in held for file in one.files})
    with st.expander(strings.ADD_DOCUMENTS, expanded=not known):
        files, folder, text = st.tabs([strings.FILES_TAB, strings.FOLDER_TAB, strings.TEXT_TAB])
        with files, st.form("add-files", border=False, clear_on_submit=True):
            given = st.file_uploader(strings.FILES, accept_multiple_files=True)
            if st.form_submit_button(strings.ADD_FILES) and given:
                add(engine, [(file.name, file.getvalue()) for file in given])
                st.rerun()
        with folder:
            _show_folder(engine)
        with text, st.form("add-text", border=False):
            title = st.text_input(strings.TEXT_TITLE, max_chars=_NAME)
            published = st.date_input(
                strings.TEXT_PUBLISHED, None, min_value=date(1, 1, 1), max_value=date(9999, 12, 31)
            )
            body = st.text_area(strings.TEXT_ITSELF, height=200)
            if st.form_submit_button(strings.ADD_TEXT):
                if title.strip() and body.strip():
                    add(engine, [(f"{title}.txt", as_file(title, published, body).encode())])
                    st.rerun()
                else:
                    st.warning(strings.TEXT_NEEDED)
    if known:
        with st.expander(strings.READ_AGAIN):
            _show_again(engine, known)


def _show_folder(engine: qa.Engine) -> None:
    with st.form("add-folder", border=False):
        path = st.text_input(strings.FOLDER)
        st.text(strings.FOLDER_WHAT)
        keep_missing = st.checkbox(strings.KEEP_MISSING, value=True)
        if st.form_submit_button(strings.INDEX_FOLDER):
            if path.strip():
                index(engine, [Path(path.strip())], keep_missing=keep_missing)
                st.rerun()
            else:
                st.warning(strings.FOLDER_NEEDED)


def _show_again(engine: qa.Engine, known: Sequence[str]) -> None:
    root, folders = shared.root(engine), outermost(known)
    with st.form("read-again", border=False):
        st.text(say(strings.READ_AGAIN_WHAT, n=len(known)))
        also = st.multiselect(
            strings.LOOK_IN,
            folders,
            format_func=lambda folder: place(folder, root),
            placeholder=strings.NO_FOLDER,
        )
        drop = st.checkbox(strings.DROP_GONE)
        if st.form_submit_button(strings.READ_AGAIN_NOW):
            files = [Path(file) for file in known if os.path.exists(file)]
            index(engine, [*map(Path, also), *files], keep_missing=not drop, drop=drop)
            st.rerun()


def outermost(files: Iterable[str]) -> list[str]:
    """The folders that hold these files, without those that lie in another one."""
    found = list[str]()
    for folder in sorted({os.path.dirname(file) for file in files}):
        if not any(Path(folder).is_relative_to(other) for other in found):
            found.append(folder)
    return found


def as_file(title: str, published: date | None, body: str) -> str:
    """A text as a .txt file that says its title and its date."""
    head = [" ".join(title.split()), *([published.isoformat()] if published else [])]
    return "\n".join([*head, "", body.strip(), ""])


def add(engine: qa.Engine, files: Sequence[tuple[str, bytes]]) -> None:
    """Keeps files in the folder of uploads and indexes them, as `index` does."""
    folder = engine.settings.home / UPLOADS
    try:
        kept = [keep(folder, name, data) for name, data in files]
    except OSError as error:
        report(strings.NOTHING_ADDED, failures=[str(error)])
        return
    index(engine, kept)


def index(
    engine: qa.Engine, paths: Sequence[Path], *, keep_missing: bool = False, drop: bool = False
) -> None:
    """Indexes paths, with a bar; `show_report` tells at the next run what changed. `drop` takes out
    every document that none of its files holds any more."""
    bar, before = st.progress(0.0), engine.documents()

    def advance(now: qa.Progress) -> None:
        name = re.sub(r"([\\`*_\[\]<>#|!$~&:])", r"\\\1", qa.visible(now.name))
        said = say(strings.PROGRESS, done=now.done, total=now.total, name=name)
        bar.progress(now.done / max(1, now.total), said)

    try:
        failed = tuple[qa.Failure, ...]()
        if paths:
            failed = engine.index(
                *paths, progress=advance, wait=30, keep_missing=keep_missing
            ).failed
        shared.forget()
        if drop:
            for document, one in shared.holdings(engine, engine.counts()).items():
                if len(one.gone) == len(one.files):
                    engine.remove(document)
        summary, lines = changes(before, engine.documents())
        report(summary, lines, [f"{f.source}: {f.error}" for f in failed])
    except (qa.QAError, OSError) as error:
        _, lines = changes(before, engine.documents())
        report(strings.NOT_FINISHED, lines, [str(error)])
    shared.forget()


def changes(before: Sequence[qa.Document], now: Sequence[qa.Document]) -> tuple[str, list[str]]:
    """What is different between two states of the collection: in a sentence, and a line for each
    document. The text of a file that holds another one now is an update."""
    was = {source: document for document in before for source in document.sources}
    is_ = {source: document for document in now for source in document.sources}
    known, held = {d.id for d in before}, {d.id for d in now}
    new = [d for d in now if d.id not in known]
    updated = [d for d in new if any(source in was for source in d.sources)]
    added = [d for d in new if d not in updated]
    gone = [
        d for d in before if d.id not in held and not any(source in is_ for source in d.sources)
    ]
    lines = [
        say(template, title=document.title)
        for template, some in (
            (strings.DOCUMENT_ADDED, added),
            (strings.DOCUMENT_UPDATED, updated),
            (strings.DOCUMENT_REMOVED, gone),
        )
        for document in some
    ]
    parts = [
        say(strings.ADDED, n=len(added)),
        *([say(strings.UPDATED, n=len(updated))] if updated else []),
        *([say(strings.REMOVED, n=len(gone))] if gone else []),
        say(strings.AS_BEFORE, n=len(now) - len(new)),
    ]
    return say(strings.CHANGED, what=", ".join(parts)), lines


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


def report(summary: str, lines: Sequence[str] = (), failures: Sequence[str] = ()) -> None:
    """Keeps what came of a change for the next run of the page."""
    st.session_state["added"] = summary, list(lines), list(failures)


def show_report() -> None:
    """Shows what came of the last change."""
    if "added" not in st.session_state:
        return
    summary, lines, failures = st.session_state["added"]
    st.text(summary)
    if lines:
        st.text(_some(lines))
    if failures:
        st.warning(say(strings.PROBLEMS, n=len(failures)))
        st.text(_some(failures))


def _some(lines: Sequence[str]) -> str:
    over = len(lines) - _LISTED
    more = [say(strings.AND_MORE, n=over)] if over > 0 else []
    return qa.visible("\n".join([*lines[:_LISTED], *more]))
