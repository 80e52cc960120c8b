"""The components of the page, each a function that mounts one.

Everything they show arrives as data and reaches the page by `textContent` alone (assets/dom.js),
so text of documents and models is never read as HTML or Markdown.
"""

import json
import re
import secrets
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

import streamlit as st

import qa
from qa.web import ASSETS, strings

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

Data = dict[str, Any]
"""Plain values for a component: what json.dumps takes."""


def _component(name: str, *parts: str) -> "ComponentRenderer":
    """A component of the styles and scripts of its name, after those of its parts."""
    css, js = (
        "\n".join((ASSETS / f"{one}{suffix}").read_text(encoding="utf-8") for one in names)
        for suffix, names in ((".css", ("base", *parts, name)), (".js", ("dom", *parts, name)))
    )
    # A script reads its texts as a view does; a name that is not there ends this at once.
    said = {name: getattr(strings, name) for name in re.findall(r"\bstrings\.([A-Z]\w+)", js)}
    js = f"const strings = {json.dumps(said)};\n{js}"
    return st.components.v2.component(f"qa_{name}", html='<div id="root"></div>', css=css, js=js)


_SERVER, _CHANGES = secrets.token_hex(4), count()  # another server counts anew
_EXCHANGE = _component("exchange", "under")
_SOURCE, _READING = _component("source", "panel"), _component("reading", "panel")
_CHOICES, _AHEAD = _component("choices"), _component("ahead")


def exchange(
    key: str,
    data: Data,
    open_: Callable[[Data], None],
    retry: Callable[[], None],
    judge: Callable[[Data], None],
    again: Callable[[int], None],
    save: Callable[[], None],
) -> None:
    """A question with its answer. Calls `open_` with the target of a clicked citation, `retry` when
    the person asks a failed question again, `judge` with what they say of the answer, `again` with
    the index of another way to ask, and `save` when they want the dossier."""
    _mount(
        _EXCHANGE,
        key,
        data,
        on_open_change=lambda: _sent(key, "open", open_),
        on_retry_change=lambda: _sent(key, "retry", lambda _: retry()),
        on_judge_change=lambda: _sent(key, "judge", judge),
        on_again_change=lambda: _sent(key, "again", again),
        on_save_change=lambda: _sent(key, "save", lambda _: save()),
    )


def source(
    key: str,
    data: Data,
    close: Callable[[], None],
    step: Callable[[int], None],
    whole: Callable[[], None],
) -> None:
    """A document with its marked spans, scrolled to the first. Calls `close` to put it away, `step`
    with -1 or 1 for the citation before or after it, and `whole` to read the whole document."""
    _mount(
        _SOURCE,
        key,
        data,
        on_close_change=lambda: _sent(key, "close", lambda _: close()),
        on_step_change=lambda: _sent(key, "step", step),
        on_whole_change=lambda: _sent(key, "whole", lambda _: whole()),
    )


def reading(key: str, data: Data, close: Callable[[], None]) -> None:
    """A document as its passages. Calls `close` to put it away."""
    _mount(_READING, key, data, on_close_change=lambda: _sent(key, "close", lambda _: close()))


def choices(key: str, data: Data, choose: Callable[[int], None]) -> None:
    """A list of buttons. Calls `choose` with the index of the one that was clicked."""
    _mount(_CHOICES, key, data, on_choose_change=lambda: _sent(key, "choose", choose))


def ahead(data: Data) -> None:
    """Draws nothing; loads scripts of the page by their names."""
    _AHEAD(key="ahead", data=data)


def _mount(component: "ComponentRenderer", key: str, data: Data, **handlers: Any) -> None:
    """Mounts a component with its data and their order: how often data have changed on this server
    so far. The same data keep theirs, so that Streamlit need not send them again."""
    data = _visible(data)
    orders, state = st.session_state.setdefault("orders", {}), hash(json.dumps(data))
    if key not in orders or orders[key][0] != state:
        orders[key] = (state, next(_CHANGES))
    component(key=key, data=data | {"order": [_SERVER, orders[key][1]]}, **handlers)


def _visible(value: Any) -> Any:
    """Data in which no character hides text or turns it around; as long as it was."""
    if isinstance(value, str):
        return qa.visible(value)
    if isinstance(value, dict):
        return {name: _visible(part) for name, part in value.items()}
    return [_visible(part) for part in value] if isinstance(value, list) else value


def _sent(key: str, event: str, receive: Callable[[Any], None]) -> None:
    value = st.session_state[key][event]
    if value is not None:
        receive(value)
