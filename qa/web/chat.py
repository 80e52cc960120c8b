"""The chat page: a conversation, the source that was opened beside it, and the question field."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import streamlit as st

import qa
from qa.web import (
    ASSETS,
    adding,
    ahead,
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
    strings,
    under,
)
from qa.web.components import Data
from qa.web.conversations import Again, Conversations, Exchange, new_id
from qa.web.strings import say

_DEMO = "migrant-caravan-2023-12-25.txt"  # the article that marks the demo corpus


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
    shelf = st.Page(library.page, title=strings.LIBRARY, url_path="library")
    if st.session_state.pop("whole", False):
        st.switch_page(shelf)
    try:
        engine = settings.engine()
        documents, passages = shared.collection(engine, engine.counts())
        store = _store(engine)
        _resume(store)
        conversations = store.listed()
    except qa.QAError as error:
        st.error(strings.NO_INDEX)
        st.text(str(error))
        return
    with st.bottom:
        adding.show_report()
        filters.show_chips()
        given = st.chat_input(
            strings.QUESTION_FIELD,
            submit_mode="disable",
            accept_file="multiple",
            max_upload_size=200,
        )
    if given:
        adding.forget_report()
        after = None
        if given.files:
            files = [(file.name, file.getvalue()) for file in given.files]
            after = partial(adding.add(engine, files).done, None)
        if given.text.strip():
            _ask(given.text, after=after)
            conversations = store.listed()
        if given.files:
            st.rerun()
    with st.sidebar:
        sidebar.show_head(settings.who(engine), len(documents), passages, _start_over)
        filters.show_fields(documents)
        sidebar.show_conversations(
            conversations, _exchanges(), store, shared.root(engine), _choose, _delete
        )
        sidebar.show_documents(documents, lambda document: _open(document, []))
        if len(documents) > sidebar.LISTED:
            st.page_link(shelf, label=say(strings.ALL_DOCUMENTS, n=len(documents)))
    with st.container(key="desk"):
        left, right = st.columns([5, 4], gap="medium")
    with right:
        _show_source(engine)
    with left:
        if st.session_state.pop("lost", False):
            st.info(strings.CONVERSATION_LOST)
        if unkept := st.session_state.get("unkept"):
            st.text(unkept)
        if _exchanges():
            _show_conversation(engine)
        else:
            _show_welcome(engine, documents)
    ahead.load()


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
    st.header(strings.ASK_HEADING, anchor=False)
    if not documents:
        st.markdown(strings.NOTHING_TO_SEARCH)
        st.code("qa index corpus", language="bash")
        st.markdown(strings.THEN_ASK)
        return
    st.markdown(say(strings.PROMISE, documents=len(documents), period=_period(documents)))
    questions = _questions(engine, documents)
    if not questions:
        return
    components.choices(
        "questions",
        {
            "label": strings.EXAMPLES,
            "style": "questions",
            "items": [{"label": q} for q in questions],
        },
        lambda n: _ask(questions[n]),
    )


def _questions(engine: qa.Engine, documents: Sequence[qa.Document]) -> list[str]:
    if any(Path(document.source).name == _DEMO for document in documents):
        return list(strings.DEMO_QUESTIONS)
    try:
        return examples.questions(engine, documents)
    except qa.QAError:
        return []  # the first question will say what is wrong


def _period(documents: Sequence[qa.Document]) -> str:
    dates = sorted(d.published for d in documents if d.published)
    if len(dates) < 2:
        return ""
    return say(strings.PERIOD, first=answer.day(dates[0]), last=answer.day(dates[-1]))


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
            data | {"waits": held and waiting, "opened": _opened()},
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
    searching = say(strings.SEARCHING, passages=engine.counts()[1])
    if engine.model or exchange.after:
        _watch(now, searching)
        return
    draft = st.empty()
    draft.text(searching)
    while not now.done(0.05):
        draft.text(qa.visible(now.text) or searching)
    _finish(now)


@st.fragment(run_every=0.25)
def _watch(now: asking.Asking, searching: str) -> None:
    """The answer so far, and a button that ends it with that."""
    if now.done(0.5 if now.stopping else 0):
        _finish(now)
    st.text(qa.visible(now.text) or searching)
    label = strings.STOPPING if now.stopping else strings.STOP
    st.button(label, on_click=now.stop, disabled=now.stopping)


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
        data = {"title": strings.SOURCE_GONE, "error": strings.SOURCE_GONE_WHY}
    with st.container(key="panel"):
        components.source("source", data | {"click": opened.click}, _close, _step, _whole)


def _exchanges() -> list[Exchange]:
    exchanges: list[Exchange] = st.session_state.setdefault("exchanges", [])
    return exchanges


def _ask(
    question: str, again: Again | None = None, after: Callable[[], object] | None = None
) -> None:
    """Puts a question; the source of an earlier answer gives way to the new one."""
    st.query_params["conversation"] = _conversation()
    exchange = Exchange(question, again=again, after=after)
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
    return why and say(strings.CONVERSATION_UNKEPT, why=why)


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


def _whole() -> None:
    """Has the next run show the whole document in the library, at what is marked."""
    opened: Opened | None = st.session_state.get("opened")
    if opened:
        st.session_state["whole"] = True
        library.open_at(opened.document, opened.spans)


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


def _opened() -> Data | None:
    """What is open beside the answer, as a citation names it."""
    opened: Opened | None = st.session_state.get("opened")
    if opened is None:
        return None
    return {"document": opened.document, "spans": [list(span) for span in opened.spans]}


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
        st.session_state["unkept"] = say(strings.JUDGEMENT_UNKEPT, why=error)


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
