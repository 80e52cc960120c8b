"""The chat page: a conversation, the source that was opened beside it, and the question field."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import streamlit as st

import qa
from qa.web import (
    ASSETS,
    adding,
    answer,
    asking,
    components,
    examples,
    filters,
    library,
    settings,
    shared,
    sidebar,
    source,
    under,
)
from qa.web.components import Data
from qa.web.conversations import Again, Conversations, Exchange, new_id

_DEMO = "migrant-caravan-2023-12-25.txt"  # the article that marks the demo corpus
_DEMO_QUESTIONS = (
    "What did López Obrador ask for in return?",
    "How many people are in the caravan?",
    "How many people crossed the Darién Gap in 2023?",
    "How many tanks did Guatemala send to Tapachula?",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The document in the source view. `click` counts, so that a second click scrolls back.
    `cited` are the citations of the answer it was opened from, and `at` is the one shown."""

    document: str
    spans: tuple[tuple[int, int], ...]
    click: int
    cited: tuple[qa.Citation, ...] = ()
    at: int = 0


def page() -> None:
    """Draws the page and answers the question that is waiting, if one is."""
    st.html(ASSETS / "page.css")
    try:
        engine = settings.engine()
        documents, passages = shared.collection(engine, engine.counts())
        store = _store(engine)
        _resume(store)
        conversations = store.listed()
    except qa.QAError as error:
        st.error("The index cannot be opened.")
        st.text(str(error))
        return
    with st.bottom:
        adding.show_report()
        filters.show_chips()
        given = st.chat_input(
            "Ask the documents", submit_mode="disable", accept_file="multiple", max_upload_size=200
        )
    if given:
        st.session_state.pop("added", None)
        if given.text.strip():
            _ask(given.text)
            conversations = store.listed()
        if given.files:
            adding.add(engine, [(file.name, file.getvalue()) for file in given.files])
            st.rerun()
    with st.sidebar:
        sidebar.show_head(settings.who(engine), len(documents), passages, _start_over)
        filters.show_fields(documents)
        sidebar.show_conversations(
            conversations, _exchanges(), store, shared.root(engine), _choose, _delete
        )
        sidebar.show_documents(documents, lambda document: _open(document, []))
        if len(documents) > sidebar.LISTED:
            shelf = st.Page(library.page, title="Library", url_path="library")
            st.page_link(shelf, label=f"All {len(documents):,} documents")
    with st.container(key="desk"):
        left, right = st.columns([5, 4], gap="medium")
    with right:
        _show_source(engine)
    with left:
        if st.session_state.pop("lost", False):
            st.info("That conversation is not here any more. You can begin a new one.")
        if unkept := st.session_state.get("unkept"):
            st.text(unkept)
        if _exchanges():
            _show_conversation(engine)
        else:
            _show_welcome(engine, documents)


def _store(engine: qa.Engine) -> Conversations:
    return Conversations(engine.settings.home / "conversations.sqlite3")


def _resume(store: Conversations) -> None:
    """Makes the address and this session agree on the conversation; the address comes first."""
    current = st.session_state.get("conversation")
    wanted = st.query_params.get("conversation")
    if wanted and wanted != current:
        now = dict(asking.running())  # before the file is read, so that none is missed
        kept = store.read(wanted)
        st.session_state["lost"] = kept is None
        st.session_state["exchanges"] = [
            now[e.id].exchange if e.id in now else e for e in (kept[1] if kept else [])
        ]
        st.session_state["conversation"] = wanted if kept else None
        if kept is None:
            del st.query_params["conversation"]
        _close()
    elif current and not wanted:
        st.query_params["conversation"] = current


def _show_welcome(engine: qa.Engine, documents: Sequence[qa.Document]) -> None:
    st.header("Ask the documents", anchor=False)
    if not documents:
        st.markdown(
            "There is nothing to search yet. Add files in the Library, or index a folder first:"
        )
        st.code("qa index corpus", language="bash")
        st.markdown("Then ask your question here.")
        return
    st.markdown(
        f"{sidebar.count(len(documents), 'document')}{_period(documents)}. Each sentence of an "
        "answer leads to the place that says it, or is marked as not backed."
    )
    questions = _questions(engine, documents)
    if not questions:
        return
    components.choices(
        "questions",
        {"label": "For example", "style": "questions", "items": [{"label": q} for q in questions]},
        lambda n: _ask(questions[n]),
    )


def _questions(engine: qa.Engine, documents: Sequence[qa.Document]) -> list[str]:
    if any(Path(document.source).name == _DEMO for document in documents):
        return list(_DEMO_QUESTIONS)
    try:
        return examples.questions(engine, documents)
    except qa.QAError:
        return []  # the first question will say what is wrong


def _period(documents: Sequence[qa.Document]) -> str:
    dates = sorted(d.published for d in documents if d.published)
    return f", {answer.day(dates[0])} to {answer.day(dates[-1])}" if len(dates) > 1 else ""


def _show_conversation(engine: qa.Engine) -> None:
    exchanges, judged = _exchanges(), _judged(engine)
    held = False  # by an earlier question, which this one may lean on
    for n, exchange in enumerate(exchanges):
        waiting = not (exchange.answer or exchange.error)
        data: Data = {"question": exchange.question, "error": exchange.error}
        if exchange.answer:
            data |= answer.view(exchange.answer, shared.root(engine))
            data["under"] = under.view(
                exchange.answer,
                shared.root(engine),
                judged.get(exchange.id),
                _ways(engine, exchange.answer),
            )
            if st.session_state.get("saving") == exchange.id:
                data["dossier"] = exchange.answer.to_markdown()
        components.exchange(
            f"exchange-{n}",
            data | {"waits": held and waiting},
            partial(_open_target, n),
            partial(_retry, n),
            partial(_judge, n),
            partial(_again, n),
            partial(_save, exchange.id),
        )
        if waiting and not held:
            held = True
            with st.container(key="draft"):
                _answer(engine, n)


def _answer(engine: qa.Engine, n: int) -> None:
    """Has an exchange answered, and shows the answer while it is written, as plain text."""
    exchange = _exchanges()[n]
    now = asking.running().get(exchange.id)
    if now is None:
        if exchange.answer or exchange.error:  # it was finished just now
            st.rerun()
        again = exchange.again or Again(filters.chosen(), history=_history(n))
        store, conversation = _store(engine), _conversation()
        exchange.again = None
        now = asking.start(
            settings.asked(engine, again.how),
            exchange,
            again.history,
            again.filters,
            lambda complete: store.put(conversation, complete),
        )
    _exchanges()[n] = now.exchange
    passages = sidebar.count(engine.counts()[1], "passage")
    if engine.model:
        _watch(now, passages)
        return
    draft = st.empty()
    draft.text(f"Searching {passages} …")
    while not now.done(0.05):
        draft.text(qa.visible(now.text) or f"Searching {passages} …")
    _finish(now)


@st.fragment(run_every=0.25)
def _watch(now: asking.Asking, passages: str) -> None:
    """The answer so far, and a button that ends it with that."""
    if now.done(0.5 if now.stopping else 0):
        _finish(now)
    st.text(qa.visible(now.text) or f"Searching {passages} …")
    st.button("Stopping …" if now.stopping else "Stop", on_click=now.stop, disabled=now.stopping)


def _finish(now: asking.Asking) -> None:
    st.session_state["unkept"] = _unkept(now.unkept)
    st.rerun()


def _show_source(engine: qa.Engine) -> None:
    opened: Opened | None = st.session_state.get("opened")
    if opened is None:
        return
    try:
        data = source.view(engine.document(opened.document), opened.spans, shared.root(engine))
        if len(opened.cited) > 1:
            data["step"] = {"at": opened.at + 1, "of": len(opened.cited)}
    except qa.QAError:
        data = {
            "title": "Not in the index any more",
            "error": "The document was changed or removed since. Ask the question again.",
        }
    with st.container(key="panel"):
        components.source("source", data | {"click": opened.click}, _close, _step)


def _exchanges() -> list[Exchange]:
    exchanges: list[Exchange] = st.session_state.setdefault("exchanges", [])
    return exchanges


def _ask(question: str, again: Again | None = None) -> None:
    """Puts a question; the source of an earlier answer gives way to the new one."""
    st.query_params["conversation"] = _conversation()
    exchange = Exchange(question, again=again)
    _exchanges().append(exchange)
    _keep(shared.engine(), exchange)
    _close()


def _history(n: int) -> tuple[tuple[str, str], ...]:
    """The turns before an exchange."""
    return tuple((e.question, e.answer.text) for e in _exchanges()[:n] if e.answer)


def _keep(engine: qa.Engine, exchange: Exchange) -> None:
    """Stores an exchange, so that a reload or a crash does not lose it."""
    try:
        _store(engine).put(_conversation(), exchange)
        st.session_state["unkept"] = ""
    except qa.StoreError as error:
        st.session_state["unkept"] = _unkept(str(error))


def _unkept(why: str) -> str:
    return why and f"This conversation is not being saved: {why}"


def _conversation() -> str:
    """The id of the conversation on the page, a new one where it has none yet."""
    if not st.session_state.get("conversation"):
        st.session_state["conversation"] = new_id()
    return str(st.session_state["conversation"])


def _open_target(n: int, target: Data) -> None:
    """Opens what was clicked in an exchange, among its citations if it is one of them."""
    given, spans = _exchanges()[n].answer, [(start, end) for start, end in target["spans"]]
    cited = given.citations if given else ()
    for at, one in enumerate(cited):
        if (one.document_id, (one.start, one.end)) == (target["document"], spans[0]):
            return _open(target["document"], spans, cited, at)
    return _open(target["document"], spans)


def _step(by: int) -> None:
    """Shows the citation before or after the one that is open."""
    opened: Opened | None = st.session_state.get("opened")
    if opened and opened.cited:
        at = (opened.at + by) % len(opened.cited)
        one = opened.cited[at]
        _open(one.document_id, [(one.start, one.end)], opened.cited, at)


def _open(
    document: str,
    spans: Sequence[tuple[int, int]],
    cited: tuple[qa.Citation, ...] = (),
    at: int = 0,
) -> None:
    last: Opened | None = st.session_state.get("opened")
    click = last.click + 1 if last else 0
    st.session_state["opened"] = Opened(document, tuple(spans), click, cited, at)


def _close() -> None:
    st.session_state["opened"] = None


def _retry(n: int) -> None:
    failed = _exchanges().pop(n)
    _store(shared.engine()).drop(failed)
    _ask(failed.question)


def _ways(engine: qa.Engine, given: qa.Answer) -> list[tuple[str, Again]]:
    return under.ways(given, filters.chosen(), settings.name(engine))


def _again(n: int, way: int) -> None:
    """Asks a question anew, after the turns that it was asked after."""
    exchange, engine = _exchanges()[n], settings.engine()
    if exchange.answer:
        chosen = _ways(engine, exchange.answer)[way][1]
        _ask(exchange.question, replace(chosen, history=_history(n)))


def _judged(engine: qa.Engine) -> dict[str, qa.Feedback]:
    """What was said of answers, by the id of the exchange."""
    try:
        return qa.FeedbackFile(engine.settings.home).read()
    except qa.StoreError as error:
        st.text(str(error))
        return {}


def _judge(n: int, given: Data) -> None:
    exchange, file = _exchanges()[n], qa.FeedbackFile(shared.engine().settings.home)
    said = under.judged(exchange, _history(n), given)
    try:
        if said:
            file.put(said)
        else:
            file.drop([exchange.id])
    except qa.StoreError as error:
        st.session_state["unkept"] = f"What you said is not kept: {error}"


def _save(exchange: str) -> None:
    st.session_state["saving"] = exchange


def _delete(conversation: str) -> None:
    """Takes the conversation on the page out for good, with what was said of its answers."""
    engine, ids = shared.engine(), [exchange.id for exchange in _exchanges()]
    asking.forget(ids)
    try:
        _store(engine).delete(conversation)
        qa.FeedbackFile(engine.settings.home).drop(ids)
    except qa.StoreError as error:
        st.session_state["unkept"] = str(error)
    _start_over()


def _choose(conversation: str) -> None:
    st.query_params["conversation"] = conversation


def _start_over() -> None:
    st.session_state["exchanges"] = []
    st.session_state["conversation"] = None
    st.query_params.pop("conversation", None)
    _close()
