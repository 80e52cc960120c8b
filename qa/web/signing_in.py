"""Signing in by OpenID Connect, where Streamlit's secrets.toml has a section [auth]."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from qa.web import ASSETS, strings


def passed() -> bool:
    """Whether the page may be shown: nobody has to sign in here, or this person did and is one of
    those allowed. A secrets.toml that cannot be read lets nobody in."""
    if not st.secrets.load_if_toml_exists():
        return not any(Path(path).exists() for path in st.get_option("secrets.files"))
    if "auth" not in st.secrets:
        return True
    return bool(st.user.get("is_logged_in")) and may_enter(st.user, _allowed())


def may_enter(user: Mapping[str, Any], allowed: Sequence[str]) -> bool:
    """Whether a person who signed in is allowed by their e-mail address, or its part from the @ on.
    None named: everyone is whom the provider signs in. An address counts unless the provider says
    that it is not verified."""
    if not allowed:
        return True
    address = str(user.get("email") or "").casefold()
    names = {address, "@" + address.rpartition("@")[2]}
    verified = user.get("email_verified", True) in (True, "true")
    return bool(address) and verified and not names.isdisjoint(map(str.casefold, allowed))


def page() -> None:
    """Asks to sign in, or says why that was not enough."""
    st.html(ASSETS / "page.css")
    st.header(strings.SIGN_IN_TO_READ, anchor=False)
    if not st.secrets.load_if_toml_exists():
        st.error(strings.SECRETS_UNREADABLE)
    elif st.user.get("is_logged_in"):
        st.error(strings.NOT_ALLOWED)
        st.text(str(st.user.get("email") or strings.NO_ADDRESS))
        st.button(strings.SIGN_OUT, on_click=st.logout)
    else:
        st.text(strings.SIGN_IN_WHY)
        st.button(strings.SIGN_IN, on_click=st.login)


def show_sign_out() -> None:
    """A button in the sidebar, with who is signed in."""
    if st.user.get("is_logged_in"):
        with st.sidebar:
            st.text(str(st.user.get("email") or st.user.get("name") or strings.SIGNED_IN))
            st.button(strings.SIGN_OUT, on_click=st.logout, width="stretch")


def _allowed() -> Sequence[str]:
    given = st.secrets.get("qa", {}).get("allowed", [])
    return [given] if isinstance(given, str) else list(given)
