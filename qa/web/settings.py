"""Settings of one session: who answers, and from how many passages. The key stays in the
session's memory: it is not stored, not shown again and not logged."""

import copy
import time
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

import qa
from qa.web import ASSETS, shared, strings
from qa.web.strings import say

_SYSTEM, _USER = "This tests a connection. Reply with one word.", "Reply with: ready"


def engine() -> qa.Engine:
    """The shared engine, answering as this session wants it to."""
    own: qa.Engine | None = st.session_state.get("engine")
    return own or shared.engine()


def asked(engine: qa.Engine, how: str) -> qa.Engine:
    """An engine that answers one question strictly, or by quoting, if that is how it is asked."""
    if how == "strict":
        return variant(engine, {"strict": True})
    return variant(engine, {"base_url": "", "api_key": ""}) if how == "quoted" else engine


def who(engine: qa.Engine) -> str:
    """Who answers, in words."""
    if engine.model is None:
        return strings.WITHOUT_MODEL
    host = urlsplit(engine.settings.base_url).hostname or strings.THE_SERVICE
    return name(engine) or say(strings.MODEL_SILENT, service=host)


def name(engine: qa.Engine) -> str:
    """The model's name; empty without one, and while its service does not tell, which is then
    asked again after half a minute."""
    if engine.model is None:
        return ""
    known = st.session_state.get("who")
    if known is None or known[0] is not engine.model or known[2] < time.monotonic():
        try:
            known = engine.model, engine.model.name, float("inf")
        except qa.QAError:
            known = engine.model, "", time.monotonic() + 30
        st.session_state["who"] = known
    return str(known[1])


def page() -> None:
    """Draws the settings."""
    st.html(ASSETS / "page.css")
    st.header(strings.SETTINGS, anchor=False)
    try:
        common, now = shared.engine().settings, engine().settings
    except qa.QAError as error:
        st.error(strings.NO_INDEX)
        st.text(str(error))
        return
    st.text(strings.SETTINGS_WHAT)
    if said := st.session_state.pop("settings_said", ""):
        st.success(said)
    kinds = [strings.QUOTE, strings.WRITE]
    writes = st.radio(strings.ANSWERS, kinds, index=int(now.generates)) == strings.WRITE
    tested = False
    with st.form("settings", width=720):
        passages = st.slider(strings.PASSAGES_TO_READ, 1, 50, now.passages)
        wanted: dict[str, Any] = {"passages": passages, "base_url": "", "api_key": "", "gguf": ""}
        if writes:
            wanted |= _model_fields(common, now)
            use, test = st.columns(2)
            used = use.form_submit_button(strings.USE_SETTINGS, width="stretch")
            tested = test.form_submit_button(strings.TEST_CONNECTION, width="stretch")
        else:
            used = st.form_submit_button(strings.USE_SETTINGS)
    if not (used or tested):
        return
    try:
        chosen = variant(shared.engine(), wanted)
        if tested:
            with st.spinner(strings.ASKING_MODEL):
                st.success(_try(chosen))
            return
        if writes and chosen.model is None:
            raise qa.InputError(strings.NO_SERVICE)
        st.session_state["engine"] = chosen
        st.session_state["settings_turn"] = st.session_state.get("settings_turn", 0) + 1
        st.session_state["settings_said"] = strings.SETTINGS_IN_USE
        st.rerun()
    except qa.QAError as error:
        st.error(strings.DOES_NOT_WORK)
        st.text(_without(str(error), wanted["api_key"]))


def _model_fields(common: qa.Settings, now: qa.Settings) -> dict[str, Any]:
    """Fields for the model that writes; the settings that they say."""
    model = st.text_input(strings.MODEL, now.model, help=strings.MODEL_HELP).strip()
    url = st.text_input(strings.BASE_URL, now.base_url, help=strings.BASE_URL_HELP).strip()
    turn = st.session_state.setdefault("settings_turn", 0)
    key = st.text_input(
        strings.KEY,
        type="password",
        autocomplete="off",
        help=strings.KEY_HELP,
        key=f"key-{turn}",  # a new field once it is used, so that the key is not shown again
    ).strip()
    strict = st.checkbox(strings.WITHHOLD, now.strict)
    wanted = {"model": model, "base_url": url, "strict": strict}
    wanted["api_key"] = key or _known_key(common, now, url)
    return wanted if url else wanted | {"gguf": common.gguf}  # a service instead of a file


def variant(common: qa.Engine, wanted: dict[str, Any]) -> qa.Engine:
    """The same index under other settings. Raises InputError for settings that cannot be used."""
    settings = qa.Settings.load(**common.settings.model_dump() | wanted)
    with qa.Engine.open(settings=settings, embedder=common.embedder) as opened:
        model = opened.model
    own = copy.copy(common)  # shares the stores and the embedder, which only `common` closes
    own.settings, own.model = settings, model
    return own


def _known_key(common: qa.Settings, now: qa.Settings, base_url: str) -> str:
    """The key given before, for the same service only: another one must not get it."""
    for settings in (now, common):
        if settings.base_url == base_url:
            return settings.api_key.get_secret_value()
    return ""


def _try(engine: qa.Engine) -> str:
    """What a model that works says. Raises ModelError or InputError that says what to do."""
    if engine.model is None:
        raise qa.InputError(strings.NO_SERVICE)
    said = "".join(engine.model.reply(_SYSTEM, _USER)).strip()
    if not said:
        raise qa.ModelError(strings.REPLY_EMPTY)
    return strings.CONNECTION_WORKS


def _without(text: str, key: str) -> str:
    return text.replace(key, "…") if key else text
