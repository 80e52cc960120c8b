"""Adding to the library: files, a folder, a text; reading again what was added; what came of it."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from threading import Event, Thread

import streamlit as st

import qa
from qa.web import filters, shared, strings
from qa.web.answer import place
from qa.web.strings import say

UPLOADS = "uploads"  # folder in the home; what is put there stays what was given
_NAME = 120  # characters of an uploaded file's name that are kept
_LISTED = 50  # changes and problems


@dataclass(slots=True, eq=False)
class Report:
    """What comes of a change of the library: how far it is, then what it changed in a sentence, a
    line for each document, and what went wrong."""

    share: float = 0.0
    now: str = strings.BEGINNING
    summary: str = ""
    lines: Sequence[str] = ()
    failures: Sequence[str] = ()
    _done: Event = field(default_factory=Event)

    def say(
        self, summary: str, lines: Sequence[str] = (), failures: Sequence[str] = ()
    ) -> "Report":
        """Ends it with what is to be said of it."""
        self.summary, self.lines, self.failures = summary, lines, failures
        self._done.set()
        return self

    def done(self, seconds: float | None = 0) -> bool:
        """Whether the change is complete, after waiting for so long at most; None: for as long as
        it takes."""
        return self._done.wait(seconds)


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
            published = filters.day_field(strings.TEXT_PUBLISHED)
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
        st.caption(strings.FOLDER_WHAT)
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
        st.caption(say(strings.READ_AGAIN_WHAT, n=len(known)))
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


def add(engine: qa.Engine, files: Sequence[tuple[str, bytes]]) -> Report:
    """Keeps files in the folder of uploads and has them indexed, as `index` does."""
    folder = engine.settings.home / UPLOADS
    try:
        kept = [keep(folder, name, data) for name, data in files]
    except OSError as error:
        return report(strings.NOTHING_ADDED, failures=[str(error)])
    return index(engine, kept)


def index(
    engine: qa.Engine, paths: Sequence[Path], *, keep_missing: bool = False, drop: bool = False
) -> Report:
    """Has paths indexed in a thread of its own: a click, a reload or a closed window does not end
    it. `drop` takes out every document that none of its files holds any more."""
    begun = Report()

    def advance(now: qa.Progress) -> None:
        begun.share = now.done / max(1, now.total)
        begun.now = say(strings.PROGRESS, done=now.done, total=now.total, name=now.name)

    def work() -> None:
        before, failed = list[qa.Document](), tuple[qa.Failure, ...]()
        try:
            before = engine.documents()
            if paths:
                failed = engine.index(
                    *paths, progress=advance, wait=30, keep_missing=keep_missing
                ).failed
            if drop:
                for document, one in shared.look_up(engine).items():
                    if len(one.gone) == len(one.files):
                        engine.remove(document)
            summary, lines = changes(before, engine.documents())
            came = summary, lines, [f"{f.source}: {f.error}" for f in failed]
        except (qa.QAError, OSError) as error:
            _, lines = changes(before, engine.documents())
            came = strings.NOT_FINISHED, lines, [str(error)]
        shared.forget()
        begun.say(*came)

    _begin(begun, work)
    return begun


@st.cache_resource(show_spinner=False)
def _running() -> list[Report]:
    """What is being indexed on this server, one after the other."""
    return []


def _begin(begun: Report, work: Callable[[], None]) -> None:
    every = _running()
    earlier = tuple(every)

    def until_done() -> None:
        for one in earlier:
            one.done(None)
        try:
            work()
        finally:  # the log gets the traceback of what was not foreseen
            every.remove(begun)
            if not begun.done():
                begun.say(strings.NOT_FINISHED, failures=[strings.UNEXPECTED])

    every.append(begun)
    st.session_state["added"] = begun
    Thread(target=until_done, daemon=True).start()


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


def report(summary: str, failures: Sequence[str] = ()) -> Report:
    """Keeps what came of a change for the next run of the page."""
    done = Report().say(summary, failures=failures)
    st.session_state["added"] = done
    return done


def show_report(of_all: bool = False) -> None:
    """Shows how far the last change is, or what came of it: that of this session, or also `of_all`
    on this server, such as of one who reloaded the page."""
    shown: Report | None = st.session_state.get("added")
    if shown is None and of_all and (running := _running()):
        shown = st.session_state["added"] = running[-1]
    if shown is None:
        return
    if not shown.done():
        _watch(shown)
        return
    st.text(shown.summary)
    if shown.lines:
        st.text(_some(shown.lines))
    if shown.failures:
        st.warning(say(strings.PROBLEMS, n=len(shown.failures)))
        st.text(_some(shown.failures))


@st.fragment(run_every=0.25)
def _watch(begun: Report) -> None:
    if begun.done():
        st.rerun()
    name = re.sub(r"([\\`*_\[\]<>#|!$~&:])", r"\\\1", qa.visible(begun.now))
    st.progress(begun.share, name)


def forget_report() -> None:
    """Puts away what was shown of the last change, if that is complete."""
    shown: Report | None = st.session_state.get("added")
    if shown and shown.done():
        del st.session_state["added"]


def _some(lines: Sequence[str]) -> str:
    over = len(lines) - _LISTED
    more = [say(strings.AND_MORE, n=over)] if over > 0 else []
    return qa.visible("\n".join([*lines[:_LISTED], *more]))
