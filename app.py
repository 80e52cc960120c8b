"""The chat page: run it with `qa chat`, or `streamlit run app.py`."""

import streamlit as st

from qa.web import ICON, chat, evaluate, library, settings, signing_in, strings

st.set_page_config(
    page_title=strings.TITLE,
    page_icon=str(ICON),
    layout="wide",
    menu_items={"about": strings.ABOUT},
)
open_ = signing_in.passed()


def view(module, **options):
    """The page of a view, or the one that asks to sign in in its place."""
    return st.Page(module.page if open_ else signing_in.page, **options)


views = [
    view(chat, title=strings.ASK, default=True),
    view(library, title=strings.LIBRARY, url_path="library"),
    view(evaluate, title=strings.EVALUATE, url_path="evaluate"),
    view(settings, title=strings.SETTINGS, url_path="settings"),
]
st.navigation(views, position="sidebar" if open_ else "hidden").run()
if open_:
    signing_in.show_sign_out()
